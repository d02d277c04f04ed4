package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import org.deepercluster.stages.image.Image;

/** The collections of {@code formats/formats.py}, and what it says must be read from them. */
final class Formats {
  static final Path ROOT = Path.of("src/test/resources/org/deepercluster/stages/ingest/formats");

  /** Rows of a unit: fewer than any collection has. */
  static final int BLOCK = 3;

  private Formats() {}

  /** A collection in place. */
  static DataConfig config(String format, String path, String split) {
    return config(format, path, null, split, null);
  }

  static DataConfig config(String format, String path, String labels, String split, Long limit) {
    return any(format, path, labels, split, null, null, limit, BLOCK);
  }

  /** A table in place. */
  static DataConfig table(String format, String path, String column, String labels, Long limit) {
    return any(format, path, labels, null, column, null, limit, BLOCK);
  }

  /** All settings that readers look at; the pictures have one colour each. */
  static DataConfig any(
      String format,
      String path,
      String labels,
      String split,
      String column,
      String list,
      Long limit,
      int block) {
    DataConfig d = new DataConfig("images", path, null, limit, 0.05, block);
    return new DataConfig(
        format,
        path,
        labels,
        split,
        column,
        list,
        limit,
        0.05,
        block,
        d.minSide(),
        d.maxPixels(),
        d.truncated(),
        d.animated(),
        "keep",
        d.duplicates());
  }

  static Listing list(DataConfig config) throws IOException {
    return CollectionReader.of(config).list();
  }

  /**
   * Reads a collection and compares names, ids, pixels and labels with what is expected.
   *
   * @param key in {@code expected.json}
   * @return what was read
   */
  static List<SourceImage> check(String key, DataConfig config) throws IOException {
    Listing listing = list(config);
    List<SourceImage> read = IdxReaderTest.readAll(listing);
    JsonNode expected =
        new ObjectMapper().readTree(ROOT.resolve("expected.json").toFile()).required(key);
    List<String> found = new ArrayList<>();
    List<String> wanted = new ArrayList<>();
    for (JsonNode e : expected) {
      String id = InputDigest.imageId(e.get("name").asText());
      List<String> labels = new ArrayList<>();
      e.get("labels").forEach(l -> labels.add(l.asText()));
      wanted.add(id + " " + e.get("name").asText() + " " + labels);
    }
    for (int i = 0; i < read.size(); i++) {
      SourceImage image = read.get(i);
      assertThat(image.rejection()).as(image.uri()).isNull();
      List<String> labels = new ArrayList<>();
      for (Label l : image.labels()) {
        labels.add(l.name() + (l.difficult() ? "?" : ""));
        assertThat(listing.classNames().get(l.index())).isEqualTo(l.name());
      }
      String name = i < expected.size() ? expected.get(i).get("name").asText() : "?";
      found.add(image.id() + " " + name + " " + labels);
    }
    assertThat(found).containsExactlyElementsOf(wanted);
    assertThat(listing.files()).isGreaterThanOrEqualTo(read.size());
    assertThat(listing.units()).extracting(SourceUnit::size).allMatch(n -> n <= BLOCK);
    for (int i = 0; i < read.size(); i++) {
      int[] centre = centre(read.get(i));
      for (int c = 0; c < 3; c++) { // JPEG changes a flat colour by one or two
        assertThat(centre[c])
            .as(wanted.get(i))
            .isCloseTo(expected.get(i).get("colour").get(c).asInt(), within(3));
      }
    }
    return read;
  }

  private static int[] centre(SourceImage image) {
    Image pixels = image.image().decode();
    int at = (pixels.height() / 2 * pixels.width() + pixels.width() / 2) * pixels.channels();
    int[] rgb = new int[3];
    for (int c = 0; c < 3; c++) {
      rgb[c] = pixels.pixels()[at + c] & 0xFF;
    }
    return rgb;
  }

  /** A copy that a test may damage. */
  static Path copy(String folder, Path to) throws IOException {
    Path from = ROOT.resolve(folder);
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
            Path target = to.resolve(from.relativize(file).toString());
            Files.createDirectories(target.getParent());
            Files.copy(file, target);
            return FileVisitResult.CONTINUE;
          }
        });
    return to;
  }
}
