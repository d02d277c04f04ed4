package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.Image;
import org.deepercluster.stages.image.ImageCodec;
import org.deepercluster.stages.image.ImageRules;
import org.deepercluster.stages.image.RejectedImageException;
import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableSchema;

/**
 * Looks at a collection without storing it: reads every file as ingestion does and counts. Tables:
 * {@link #COUNTS}, {@link #SAMPLE}, {@link #SEEN}, {@link IngestTables#REJECTS}, and hashes to find
 * duplicates by.
 */
public final class InspectImages extends StageTransform<SourceUnit> {
  private static final long serialVersionUID = 1;

  /** How many images of each unit have a property; to be added up over the units. */
  public static final TableSchema COUNTS =
      TableSchema.named("counts")
          .with("what", Type.STRING)
          .with("value", Type.STRING)
          .with("images", Type.LONG)
          .build();

  /**
   * Some images, small: {@code pixels} as in {@link Image}; the first by {@code draw} are a sample.
   */
  public static final TableSchema SAMPLE = pictures("sample");

  /** The same of rejects of which anything can be seen. */
  public static final TableSchema SEEN = pictures("seen");

  /** Longer side of an image of the sample, at most. */
  public static final int THUMBNAIL = 96;

  private static final long SEED = 0;

  /** For a look at what is rejected. */
  private static final ImageRules LENIENT =
      new ImageRules(true, 1, ImageCodec.MAX_PIXELS, false, false);

  private final int sampled;

  private static TableSchema pictures(String name) {
    return TableSchema.named(name)
        .with("draw", Type.LONG)
        .with("width", Type.INT)
        .with("height", Type.INT)
        .with("channels", Type.INT)
        .with("pixels", Type.BYTES)
        .build();
  }

  /**
   * An inspection.
   *
   * @param units of the collection
   * @param sampled images of the sample, and rejects that are seen; every unit gives as many, if it
   *     has them
   * @param directory URI of the folder to write to
   */
  public InspectImages(List<SourceUnit> units, int sampled, String directory) {
    super(units, directory);
    this.sampled = sampled;
  }

  /** What duplicates are searched for in. */
  public static List<Part> hashes(List<Part> parts) {
    return Part.of(parts, IngestTables.HASHES.name());
  }

  @Override
  protected UnitWork<SourceUnit> work() {
    return new Work(sampled);
  }

  private static final class Work implements UnitWork<SourceUnit> {
    private static final long serialVersionUID = 1;

    private final int sampled;

    Work(int sampled) {
      this.sampled = sampled;
    }

    @Override
    public List<Part> process(Unit<SourceUnit> unit, Output output) throws Exception {
      Map<String, TreeMap<String, Long>> counts = new TreeMap<>();
      List<SourceImage> rejects = new ArrayList<>();
      List<ImageHashes> hashes = new ArrayList<>();
      TreeMap<Long, EncodedImage> sample = new TreeMap<>();
      TreeMap<Long, EncodedImage> seen = new TreeMap<>();
      long done = 0;
      try (SourceImages source = unit.value().open()) {
        for (SourceImage image = source.next(); image != null; image = source.next()) {
          output.progress(++done, unit.value().size(), Map.of());
          long draw = Seeds.of(SEED, image.id()) >>> 1;
          if (image.rejection() != null) {
            rejects.add(image);
            if (seen.size() < sampled || draw < seen.lastKey()) {
              keep(seen, draw, seen(source));
            }
            boolean known = image.rejection().cause().equals("unsupported");
            count(
                counts,
                known ? "unsupported" : "rejected",
                known ? image.rejection().format() : image.rejection().cause());
            continue;
          }
          hashes.add(ImageHashes.of(image));
          describe(image, counts);
          keep(sample, draw, image.image());
        }
        count(counts, "files", "used", hashes.size());
        count(counts, "files", "skipped", source.skipped());
      }
      List<Part> parts = write(unit.index(), output, counts, rejects, hashes);
      write(unit.index(), output, SAMPLE, sample, parts);
      write(unit.index(), output, SEEN, seen, parts);
      return parts;
    }

    private void keep(TreeMap<Long, EncodedImage> smallest, long draw, EncodedImage image) {
      if (image != null) {
        smallest.put(draw, image);
      }
      if (smallest.size() > sampled) {
        smallest.pollLastEntry();
      }
    }

    /** What can be seen of the reject that was given last, or null. */
    private static EncodedImage seen(SourceImages source) throws IOException {
      try (InputStream in = source.again()) {
        return EncodedImage.of(in.readNBytes(ImageFiles.MAX_FILE_BYTES), LENIENT);
      } catch (RejectedImageException | IOException e) {
        return null;
      }
    }

    private static void write(
        int index,
        Output output,
        TableSchema table,
        TreeMap<Long, EncodedImage> pictures,
        List<Part> parts)
        throws IOException {
      if (pictures.isEmpty()) {
        return;
      }
      List<Image> small = new ArrayList<>();
      for (EncodedImage image : pictures.values()) {
        small.add(thumbnail(image));
      }
      parts.add(
          output.write(
              index,
              Columns.of(table, small.size())
                  .set("draw", pictures.keySet().stream().mapToLong(Long::longValue).toArray())
                  .set("width", small.stream().mapToInt(Image::width).toArray())
                  .set("height", small.stream().mapToInt(Image::height).toArray())
                  .set("channels", small.stream().mapToInt(Image::channels).toArray())
                  .set("pixels", small.stream().map(Image::pixels).toArray(byte[][]::new))
                  .build()));
    }

    private static List<Part> write(
        int index,
        Output output,
        Map<String, TreeMap<String, Long>> counts,
        List<SourceImage> rejects,
        List<ImageHashes> hashes)
        throws IOException {
      List<Part> parts = new ArrayList<>();
      List<String[]> rows = new ArrayList<>();
      List<Long> images = new ArrayList<>();
      counts.forEach(
          (what, values) ->
              values.forEach(
                  (value, n) -> {
                    rows.add(new String[] {what, value});
                    images.add(n);
                  }));
      parts.add(
          output.write(
              index,
              Columns.of(COUNTS, rows.size())
                  .set("what", rows.stream().map(r -> r[0]).toArray(String[]::new))
                  .set("value", rows.stream().map(r -> r[1]).toArray(String[]::new))
                  .set("images", images.stream().mapToLong(Long::longValue).toArray())
                  .build()));
      if (!rejects.isEmpty()) {
        parts.add(output.write(index, IngestTables.rejects(rejects)));
      }
      if (!hashes.isEmpty()) {
        parts.add(output.write(index, ImageHashes.columns(hashes)));
      }
      return parts;
    }

    private static void describe(SourceImage source, Map<String, TreeMap<String, Long>> counts) {
      EncodedImage image = source.image();
      count(counts, "format", image.encoding());
      count(counts, "channels", image.channels() == 1 ? "grey" : "RGB");
      int shorter = Math.min(image.width(), image.height());
      int from = Integer.highestOneBit(shorter);
      count(counts, "side", String.format(Locale.ROOT, "%6d", from));
      double aspect = (double) image.width() / image.height();
      count(
          counts,
          "aspect",
          aspect < 0.5
              ? "up to 1:2"
              : aspect < 0.95
                  ? "upright"
                  : aspect < 1.05 ? "square" : aspect <= 2 ? "wide" : "over 2:1");
      for (Label label : source.labels()) {
        count(counts, "label", label.name());
      }
    }

    private static void count(
        Map<String, TreeMap<String, Long>> counts, String what, String value) {
      count(counts, what, value, 1);
    }

    private static void count(
        Map<String, TreeMap<String, Long>> counts, String what, String value, long n) {
      counts.computeIfAbsent(what, w -> new TreeMap<>()).merge(value, n, Long::sum);
    }
  }

  /** At most {@link #THUMBNAIL} pixels a side. */
  static Image thumbnail(EncodedImage encoded) {
    Image image = encoded.decode(THUMBNAIL).image();
    int longer = Math.max(image.width(), image.height());
    return image.shrunk((longer + THUMBNAIL - 1) / THUMBNAIL);
  }
}
