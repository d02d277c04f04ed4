package org.deepercluster.pipelines.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.config.InvalidSettingsException;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.ingest.CollectionReader;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.ingest.IngestStage;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.TableReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Ingestion of a folder with duplicates and files of many kinds. */
@ExtendWith(SharedFlink.class)
class IngestStageTest {
  @TempDir Path folder;

  @Test
  void reportsDuplicatesAndDropsThemWhenTold() throws Exception {
    Path photos = folder.resolve("photos");
    BufferedImage a = picture(1, 200);
    put(photos, "a/1.jpg", a, "jpg");
    put(photos, "a/2.png", picture(2, 150), "png");
    put(photos, "a/3.png", picture(3, 40), "png");
    Files.createDirectories(photos.resolve("b"));
    Files.copy(photos.resolve("a/1.jpg"), photos.resolve("b/4.jpg"));
    put(photos, "b/5.png", a, "png"); // the same picture in another format: near
    put(photos, "c/6.jpg", picture(4, 90), "jpg");
    put(photos, "c/7.png", a, "png"); // the bytes of b/5.png: exact
    Files.writeString(photos.resolve("c/drawing.svg"), "<svg xmlns='x'/>");
    Files.writeString(photos.resolve("c/notes.txt"), "no image");
    put(photos, "c/black.png", new BufferedImage(50, 50, BufferedImage.TYPE_INT_RGB), "png");

    Manifest report = ingest(photos, "report");
    assertThat(report.numbers())
        .containsEntry("images", 7.0)
        .containsEntry("rejected", 2.0)
        .containsEntry("rejected/uniform", 1.0)
        .containsEntry("rejected/unsupported", 1.0)
        .containsEntry("skipped_files", 1.0)
        .containsEntry("duplicates/exact", 2.0)
        .containsEntry("duplicates/near", 1.0);
    assertThat(names(report))
        .containsExactly("1.jpg", "2.png", "3.png", "4.jpg", "5.png", "6.jpg", "7.png");
    Columns rejects = TableReader.read(report.table("rejects"), IngestTables.REJECTS);
    assertThat(rejects.strings("format")).containsExactly("png", "svg");
    Map<String, String> byId = new TreeMap<>();
    Columns images = TableReader.read(report.table("images"), IngestTables.IMAGES);
    for (int i = 0; i < images.rows(); i++) {
      byId.put(images.strings("image_id")[i], name(images.strings("uri")[i]));
    }
    Columns d = TableReader.read(report.table("duplicates"), IngestTables.DUPLICATES);
    List<String> found = new ArrayList<>();
    for (int i = 0; i < d.rows(); i++) {
      found.add(
          byId.get(d.strings("image_id")[i])
              + " "
              + d.strings("kind")[i]
              + " "
              + byId.get(d.strings("first_id")[i]));
      assertThat(d.ints("distance")[i]).isBetween(0, 3);
    }
    assertThat(found).containsExactly("4.jpg exact 1.jpg", "5.png near 1.jpg", "7.png exact 5.png");

    Manifest dropped = ingest(photos, "drop");
    assertThat(names(dropped)).containsExactly("1.jpg", "2.png", "3.png", "6.jpg");
    assertThat(dropped.numbers()).containsEntry("images", 4.0).containsEntry("labelled", 4.0);
    assertThat(TableReader.read(dropped.table("labels"), IngestTables.LABELS).strings("class_name"))
        .containsExactly("a", "a", "a", "c");
    assertThat(dropped.table("hashes")).isEmpty();
  }

  @Test
  void anInspectionAccountsForEveryFile() throws Exception {
    Path photos = folder.resolve("photos");
    BufferedImage a = picture(1, 200);
    put(photos, "a/1.jpg", a, "jpg");
    put(photos, "a/2.png", a, "png");
    put(photos, "b/3.png", picture(2, 60), "png");
    put(photos, "b/small.png", picture(3, 5), "png");
    Files.writeString(photos.resolve("b/drawing.svg"), "<svg xmlns='x'/>");
    Files.writeString(photos.resolve("b/page.jpg"), "<html>");
    Files.writeString(photos.resolve("b/notes.txt"), "no image");
    Files.writeString(photos.resolve("b/.hidden"), "hidden");
    Path output = folder.resolve("look");

    Inspection.Found found =
        new Inspection(System.err, 2).run(photos.toString(), "images", null, output.toString());
    assertThat(found.files()).isEqualTo(8);
    assertThat(found.used()).isEqualTo(3);
    assertThat(found.rejected()).isEqualTo(Map.of("too-small", 1L, "not-an-image", 1L));
    assertThat(found.unsupported()).isEqualTo(Map.of("svg", 1L));
    assertThat(found.skipped()).isEqualTo(2);
    assertThat(found.exact()).isZero();
    assertThat(found.near()).isEqualTo(1);
    assertThat(found.formats()).isEqualTo(Map.of("jpeg", 1L, "png", 2L));
    assertThat(found.labels()).isEqualTo(Map.of("a", 2L, "b", 1L));
    assertThat(ImageIO.read(output.resolve("sample.png").toFile()).getWidth()).isEqualTo(832);
    assertThat(ImageIO.read(output.resolve("rejects.png").toFile()).getHeight()).isEqualTo(104);
    assertThat(found.written()).hasSize(4).allMatch(w -> Files.exists(Path.of(w)));
    assertThatThrownBy(
            () ->
                new Inspection(System.err, 2).run(photos.toString(), null, null, output.toString()))
        .hasMessageContaining("must be a folder without rejects of an earlier call");
  }

  /** What an archive holds comes to the same ends as files in a folder. */
  @Test
  void anInspectionSeesIntoArchives() throws Exception {
    Path zip = folder.resolve("photos.zip");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
      add(out, "photo", bytes(picture(1, 60), "png"));
      add(out, "small.png", bytes(picture(3, 5), "png"));
      add(out, "cut", Arrays.copyOf(bytes(picture(2, 90), "png"), 700));
      add(out, "drawing.svg", "<svg xmlns='x'/>".getBytes(UTF_8));
      add(out, "icon", "/* XPM */".getBytes(UTF_8));
      add(out, "page.jpg", "<html>".getBytes(UTF_8));
      add(out, "notes.txt", "no image".getBytes(UTF_8));
    }
    Path output = folder.resolve("look");
    Inspection.Found found =
        new Inspection(System.err, 2).run(zip.toString(), null, null, output.toString());
    assertThat(found.format()).isEqualTo("zip");
    assertThat(found.split()).isNull();
    assertThat(found.files()).isEqualTo(7);
    assertThat(found.used()).isEqualTo(1);
    assertThat(found.rejected())
        .isEqualTo(Map.of("too-small", 1L, "truncated", 1L, "not-an-image", 1L));
    assertThat(found.unsupported()).isEqualTo(Map.of("svg", 1L, "xpm", 1L));
    assertThat(found.skipped()).isEqualTo(1);
    assertThat(pictures(output.resolve("rejects.png")))
        .as("small.png and what is left of cut")
        .isEqualTo(2);
    assertThat(pictures(output.resolve("sample.png"))).isEqualTo(1);
  }

  @Test
  void aPartIsInspectedOfACollectionThatIsPublishedInParts() throws Exception {
    Path cifar = Files.createDirectories(folder.resolve("cifar"));
    byte[] records = new byte[2 * 3073];
    new SplittableRandom(1).nextBytes(records);
    records[0] = 3;
    records[3073] = 0;
    Files.write(cifar.resolve("test_batch.bin"), records);
    String output = folder.resolve("look").toString();
    Inspection inspection = new Inspection(System.err, 2);
    assertThatThrownBy(() -> inspection.run(cifar.toString(), null, null, output))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessage("split must be one of train, test for format cifar10, and is missing");
    Inspection.Found found = inspection.run(cifar.toString(), null, "test", output);
    assertThat(found.split()).isEqualTo("test");
    assertThat(found.used()).isEqualTo(2);
    assertThat(found.labels()).isEqualTo(Map.of("0", 1L, "3", 1L));
  }

  private static byte[] bytes(BufferedImage image, String format) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image, format, bytes);
    return bytes.toByteArray();
  }

  private static void add(ZipOutputStream out, String name, byte[] content) throws IOException {
    out.putNextEntry(new ZipEntry(name));
    out.write(content);
    out.closeEntry();
  }

  /** Cells of a sheet's first row that are not of the ground's colour in the middle. */
  private static int pictures(Path sheet) throws IOException {
    BufferedImage image = ImageIO.read(sheet.toFile());
    int pictures = 0;
    for (int x = 52; x < image.getWidth(); x += 104) {
      pictures += image.getRGB(x, 52) == Color.LIGHT_GRAY.getRGB() ? 0 : 1;
    }
    return pictures;
  }

  @Test
  void keepsTheUnitsThatAnInterruptedAttemptFinished() throws Exception {
    Path photos = folder.resolve("photos");
    for (int i = 0; i < 60; i++) {
      put(photos, String.format("a/%02d.png", i), picture(i, 100), "png");
    }
    Manifest whole = ingest(photos, "report", "whole", List.of());

    RunListener impatient =
        new RunListener() {
          @Override
          public void proceed() {
            try (Stream<Path> files = Files.walk(folder.resolve("cut"))) {
              if (files.filter(f -> f.getFileName().toString().matches("unit-.*json")).count()
                  >= 3) {
                throw new IllegalStateException("enough");
              }
            } catch (IOException e) {
              // nothing there yet, or it is just being written
            }
          }
        };
    assertThatThrownBy(() -> ingest(photos, "report", "cut", List.of(impatient)))
        .hasMessage("enough");
    List<String> told = new ArrayList<>();
    RunListener listener =
        new RunListener() {
          @Override
          public void event(StageInstance instance, String text) {
            told.add(text);
          }
        };
    Manifest resumed = ingest(photos, "report", "cut", List.of(listener));

    assertThat(resumed.digest()).isEqualTo(whole.digest());
    assertThat(resumed.numbers()).isEqualTo(whole.numbers());
    assertThat(told).hasSize(1);
    int kept = Integer.parseInt(told.get(0).replaceFirst(" of 20 units .*", ""));
    assertThat(kept).isBetween(3, 20);
    assertThat(resumed.table("images").stream().filter(p -> !p.path().contains(resumed.attempt())))
        .hasSize(kept);
    assertThat(names(resumed)).hasSize(60);
    try (Stream<Path> files = Files.walk(folder.resolve("cut"))) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .as("notes of finished units go with the commit")
          .noneMatch(name -> name.startsWith("unit-"));
    }
  }

  private Manifest ingest(Path photos, String duplicates) throws Exception {
    return ingest(photos, duplicates, duplicates, List.of());
  }

  private Manifest ingest(Path photos, String duplicates, String run, List<RunListener> listeners)
      throws Exception {
    DataConfig config =
        new DataConfig(
            "images",
            photos.toString(),
            "folders",
            null,
            null,
            null,
            null,
            0.5,
            3,
            8,
            1 << 20,
            "reject",
            "first",
            "reject",
            duplicates);
    Plan plan =
        new Plan(
            List.of(
                new StageInstance(
                    "ingest",
                    new IngestStage(config, CollectionReader.of(config).list()),
                    0,
                    new TreeMap<>(),
                    Set.of(),
                    null)));
    try (Clusters clusters = Clusters.embedded(2, 0)) {
      return new Orchestrator(
              plan, folder.resolve(run).toString(), clusters, 2, true, "code", listeners)
          .run()
          .get("ingest");
    }
  }

  private static List<String> names(Manifest m) throws IOException {
    Columns c = TableReader.read(m.table("images"), IngestTables.IMAGES, "uri");
    return List.of(c.strings("uri")).stream().map(IngestStageTest::name).toList();
  }

  private static String name(String uri) {
    return uri.substring(uri.lastIndexOf('/') + 1);
  }

  /** Rectangles at random. */
  private static BufferedImage picture(long seed, int side) {
    SplittableRandom random = Seeds.random(seed);
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    for (int i = 0; i < 60; i++) {
      g.setColor(new Color(random.nextInt(1 << 24)));
      g.fillRect(
          random.nextInt(side),
          random.nextInt(side),
          1 + random.nextInt(side / 2),
          1 + random.nextInt(side / 2));
    }
    g.dispose();
    return image;
  }

  private static void put(Path root, String name, BufferedImage image, String format)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, format, out)).isTrue();
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, out.toByteArray());
  }
}
