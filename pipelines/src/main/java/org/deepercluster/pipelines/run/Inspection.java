package org.deepercluster.pipelines.run;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import javax.imageio.ImageIO;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.WriteIndex;
import org.deepercluster.stages.image.Image;
import org.deepercluster.stages.ingest.Duplicates;
import org.deepercluster.stages.ingest.FormatDetector;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.ingest.InspectImages;
import org.deepercluster.stages.ingest.Listing;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;

/** Looks through a collection: what a run would use of it, and what not. */
public final class Inspection {
  private static final int SAMPLE = 64;
  private static final int COLUMNS = 8;
  private static final int CELL = InspectImages.THUMBNAIL + 8;

  private final PrintStream progress;
  private final int parallelism;

  /**
   * An inspection.
   *
   * @param progress where to say how far it is
   * @param parallelism units that run side by side
   */
  public Inspection(PrintStream progress, int parallelism) {
    this.progress = progress;
    this.parallelism = parallelism;
  }

  /**
   * What was found.
   *
   * @param path of the collection
   * @param format of it
   * @param split which part; null where it has none
   * @param files all of them: used + rejected + unsupported + skipped
   * @param used images
   * @param rejected files by cause
   * @param unsupported image files by their format
   * @param skipped files that are no images
   * @param exact images with the bytes of an earlier one
   * @param near images that are nearly an earlier one
   * @param formats of the images used
   * @param channels of the images used
   * @param sides lower end of the power of two that the shorter side, in pixels, lies in
   * @param aspects width : height
   * @param labels images by class
   * @param written files
   */
  public record Found(
      String path,
      String format,
      String split,
      long files,
      long used,
      Map<String, Long> rejected,
      Map<String, Long> unsupported,
      long skipped,
      long exact,
      long near,
      Map<String, Long> formats,
      Map<String, Long> channels,
      Map<String, Long> sides,
      Map<String, Long> aspects,
      Map<String, Long> labels,
      List<String> written) {
    /** The same, when nothing of what was written is kept. */
    public Found withoutFiles() {
      return new Found(
          path,
          format,
          split,
          files,
          used,
          rejected,
          unsupported,
          skipped,
          exact,
          near,
          formats,
          channels,
          sides,
          aspects,
          labels,
          List.of());
    }
  }

  /**
   * Inspects.
   *
   * @param path of the collection
   * @param format one of {@code data.format}, or null: what the place shows
   * @param split one of {@code data.split}; null where the format has none
   * @param output folder for the sheets of pictures and the tables of rejects and duplicates, which
   *     must not hold any yet
   */
  public Found run(String path, String format, String split, String output) throws Exception {
    String chosen = format != null ? format : FormatDetector.detect(path).format();
    FeatureExtraction.requireNone(output, "rejects", "duplicates");
    Listing listing = list(chosen, split, path);
    String attempt = FeatureExtraction.attempt(output);
    List<Part> parts;
    List<Part> duplicates;
    try (Clusters clusters = Clusters.embedded(parallelism, 0)) {
      parts =
          job(clusters, attempt, "inspect", out -> new InspectImages(listing.units(), SAMPLE, out));
      duplicates =
          Duplicates.find(
              (name, transform) -> job(clusters, attempt, name, transform),
              InspectImages.hashes(parts));
    }
    Map<String, TreeMap<String, Long>> counts = counts(parts);
    List<String> written = new ArrayList<>();
    written.add(write(output, "sample.png", sheet(pictures(parts, InspectImages.SAMPLE))));
    List<Image> seen = pictures(parts, InspectImages.SEEN);
    if (!seen.isEmpty()) {
      written.add(write(output, "rejects.png", sheet(seen)));
    }
    Duplicates.Counts repeated = Duplicates.count(duplicates);
    List<Part> tables = new ArrayList<>(Part.of(parts, IngestTables.REJECTS.name()));
    tables.addAll(duplicates);
    written.addAll(FeatureExtraction.publish(tables, output));
    Files.deleteTree(attempt);
    Map<String, Long> files = counts.getOrDefault("files", new TreeMap<>());
    Found found =
        new Found(
            path,
            chosen,
            split,
            listing.files() + listing.skipped(),
            files.getOrDefault("used", 0L),
            counts.getOrDefault("rejected", new TreeMap<>()),
            counts.getOrDefault("unsupported", new TreeMap<>()),
            files.getOrDefault("skipped", 0L) + listing.skipped(),
            repeated.exact(),
            repeated.near(),
            counts.getOrDefault("format", new TreeMap<>()),
            counts.getOrDefault("channels", new TreeMap<>()),
            counts.getOrDefault("side", new TreeMap<>()),
            counts.getOrDefault("aspect", new TreeMap<>()),
            counts.getOrDefault("label", new TreeMap<>()),
            written);
    Json.write(Paths.join(output, "inspection.json"), found);
    return found;
  }

  /** With the top-level folders as labels where there are any. */
  private static Listing list(String format, String split, String path) throws IOException {
    if (format.equals("images")) {
      try {
        return FeatureExtraction.list(path, format, "folders", split, 1024);
      } catch (IOException e) {
        return FeatureExtraction.list(path, format, null, split, 1024);
      }
    }
    return FeatureExtraction.list(path, format, null, split, 1024);
  }

  private List<Part> job(
      Clusters clusters, String attempt, String name, Function<String, StageTransform<?>> make)
      throws Exception {
    String out = Paths.join(attempt, name);
    StageTransform<?> transform = make.apply(out);
    if (transform.isSmall()) {
      return transform.runHere();
    }
    ProgressReader reader = new ProgressReader(out, "", transform.units());
    long[] last = {System.nanoTime()};
    clusters
        .main()
        .run(
            name,
            Math.max(1, Math.min(parallelism, transform.units())),
            p -> p.apply(name, transform).apply("Index", new WriteIndex(out)),
            () -> {
              if (System.nanoTime() - last[0] > 2_000_000_000L) {
                last[0] = System.nanoTime();
                progress.printf(Locale.ROOT, "%s: %.0f %%%n", name, 100 * reader.read().fraction());
              }
            });
    return WriteIndex.read(out);
  }

  private static Map<String, TreeMap<String, Long>> counts(List<Part> parts) throws IOException {
    Map<String, TreeMap<String, Long>> sums = new TreeMap<>();
    for (Part part : Part.of(parts, InspectImages.COUNTS.name())) {
      Columns c = TableReader.read(part.path(), InspectImages.COUNTS);
      for (int i = 0; i < c.rows(); i++) {
        sums.computeIfAbsent(c.strings("what")[i], w -> new TreeMap<>())
            .merge(c.strings("value")[i], c.longs("images")[i], Long::sum);
      }
    }
    return sums;
  }

  /** Those that come first of all units'. */
  private static List<Image> pictures(List<Part> parts, TableSchema table) throws IOException {
    TreeMap<Long, Image> smallest = new TreeMap<>();
    for (Part part : Part.of(parts, table.name())) {
      Columns c = TableReader.read(part.path(), table);
      for (int i = 0; i < c.rows(); i++) {
        smallest.put(
            c.longs("draw")[i],
            new Image(
                c.ints("width")[i],
                c.ints("height")[i],
                c.ints("channels")[i],
                c.bytes("pixels")[i]));
        if (smallest.size() > SAMPLE) {
          smallest.pollLastEntry();
        }
      }
    }
    return List.copyOf(smallest.values());
  }

  private static BufferedImage sheet(List<Image> images) {
    int rows = Math.max(1, (images.size() + COLUMNS - 1) / COLUMNS);
    BufferedImage sheet =
        new BufferedImage(COLUMNS * CELL, rows * CELL, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = sheet.createGraphics();
    g.setColor(Color.LIGHT_GRAY);
    g.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
    g.dispose();
    for (int i = 0; i < images.size(); i++) {
      Image image = images.get(i);
      int left = i % COLUMNS * CELL + (CELL - image.width()) / 2;
      int top = i / COLUMNS * CELL + (CELL - image.height()) / 2;
      for (int y = 0; y < image.height(); y++) {
        for (int x = 0; x < image.width(); x++) {
          int last = image.channels() - 1;
          int rgb =
              image.at(x, y, 0) << 16
                  | image.at(x, y, Math.min(1, last)) << 8
                  | image.at(x, y, last);
          sheet.setRGB(left + x, top + y, rgb);
        }
      }
    }
    return sheet;
  }

  private static String write(String output, String name, BufferedImage sheet) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(sheet, "png", bytes);
    String path = Paths.join(output, name);
    Files.write(path, bytes.toByteArray());
    return path;
  }
}
