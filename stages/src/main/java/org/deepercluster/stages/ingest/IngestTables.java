package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;

/** The tables that ingestion writes. */
public final class IngestTables {
  /**
   * One row per accepted image. {@code encoding} is {@code jpeg}, {@code png} or {@code raw} (then
   * {@code bytes} are the pixels, row by row, channels side by side); {@code width}, {@code
   * height}, {@code channels} are those of the decoded image.
   */
  public static final TableSchema IMAGES =
      TableSchema.named("images")
          .with("image_id", Type.STRING)
          .with("uri", Type.STRING)
          .with("width", Type.INT)
          .with("height", Type.INT)
          .with("channels", Type.INT)
          .with("encoding", Type.STRING)
          .with("bytes", Type.BYTES)
          .build();

  /**
   * One row per rejected candidate, with the cause in one word and a sentence, and the format that
   * the file begins as ({@code none}: of no image format).
   */
  public static final TableSchema REJECTS =
      TableSchema.named("rejects")
          .with("uri", Type.STRING)
          .with("cause", Type.STRING)
          .with("detail", Type.STRING)
          .with("format", Type.STRING)
          .build();

  /**
   * One row per image that repeats an earlier one, in the order of the images; its file has the
   * index of theirs. {@code kind} is {@code exact} (same bytes) or {@code near}, {@code distance}
   * how many bits of the perceptual hashes differ.
   */
  public static final TableSchema DUPLICATES =
      TableSchema.named("duplicates")
          .with("image_id", Type.STRING)
          .with("first_id", Type.STRING)
          .with("kind", Type.STRING)
          .with("distance", Type.INT)
          .build();

  /**
   * What images are compared by, a row each in the order of the images table; no part of the
   * result. {@code content} is the beginning of SHA-256; {@code perceptual} counts only where
   * {@code comparable}.
   */
  static final TableSchema HASHES =
      TableSchema.named("hashes")
          .with("image_id", Type.STRING)
          .with("content", Type.LONG)
          .with("content_low", Type.LONG)
          .with("comparable", Type.BOOLEAN)
          .with("perceptual", Type.LONG)
          .build();

  /**
   * One row per accepted image and class of it, those of one image side by side; only evaluation,
   * report, tracking and supervision read it. {@code difficult} is 1 where the class is there but
   * the image does not count for it, else 0.
   */
  public static final TableSchema LABELS =
      TableSchema.named("labels")
          .with("image_id", Type.STRING)
          .with("label", Type.INT)
          .with("class_name", Type.STRING)
          .with("difficult", Type.INT)
          .build();

  /** One row per unit: how many candidates it had, and files that were none. */
  public static final TableSchema UNITS =
      TableSchema.named("units").with("candidates", Type.LONG).with("skipped", Type.LONG).build();

  private IngestTables() {}

  /** Rows of the rejects table. */
  public static Columns rejects(List<SourceImage> rejects) {
    return Columns.of(REJECTS, rejects.size())
        .set("uri", strings(rejects, SourceImage::uri))
        .set("cause", strings(rejects, r -> r.rejection().cause()))
        .set("detail", strings(rejects, r -> r.rejection().detail()))
        .set("format", strings(rejects, r -> r.rejection().format()))
        .build();
  }

  /**
   * A row of the labels table.
   *
   * @param imageId of the image
   * @param label one of its classes
   */
  record ImageLabel(String imageId, Label label) {}

  /** Rows of the labels table. */
  static Columns labels(List<ImageLabel> rows) {
    return Columns.of(LABELS, rows.size())
        .set("image_id", rows.stream().map(ImageLabel::imageId).toArray(String[]::new))
        .set("label", rows.stream().mapToInt(r -> r.label().index()).toArray())
        .set("class_name", rows.stream().map(r -> r.label().name()).toArray(String[]::new))
        .set("difficult", rows.stream().mapToInt(r -> r.label().difficult() ? 1 : 0).toArray())
        .build();
  }

  /**
   * Labels of the labels table by image id, for what needs one label per image. Rows that are
   * difficult are left out.
   *
   * @param labels its files; none: no image has a label
   * @param purpose what needs them, as in "method supervised"
   * @throws StageException naming an image that has several, and them
   */
  public static Map<String, Integer> labelsById(List<Part> labels, String purpose)
      throws IOException, StageException {
    Map<String, Integer> byId = new HashMap<>();
    Columns c = TableReader.read(labels, LABELS, "image_id", "label", "difficult");
    for (int i = 0; i < c.rows(); i++) {
      if (c.ints("difficult")[i] == 0
          && byId.put(c.strings("image_id")[i], c.ints("label")[i]) != null) {
        throw new StageException(several(labels, c.strings("image_id")[i], purpose));
      }
    }
    return byId;
  }

  private static String several(List<Part> labels, String id, String purpose) throws IOException {
    Columns c = TableReader.read(labels, LABELS);
    List<String> names = new ArrayList<>();
    for (int i = 0; i < c.rows(); i++) {
      if (c.strings("image_id")[i].equals(id) && c.ints("difficult")[i] == 0) {
        names.add(c.strings("class_name")[i]);
      }
    }
    return purpose
        + " needs one label per image, but image "
        + id
        + " has "
        + names.size()
        + ": "
        + String.join(", ", names);
  }

  /**
   * Labels of those images that have exactly one, by image id: what a partition can be compared
   * with. Rows that are difficult count as labels here, so that an image with a second, doubtful
   * class is left out.
   *
   * @param labels files of the labels table; none: no image has a label
   */
  public static Map<String, Integer> singleLabels(List<Part> labels) throws IOException {
    Map<String, Integer> byId = new HashMap<>();
    Columns c = TableReader.read(labels, LABELS, "image_id", "label", "difficult");
    Set<String> leftOut = new HashSet<>();
    for (int i = 0; i < c.rows(); i++) {
      if (c.ints("difficult")[i] != 0
          || byId.put(c.strings("image_id")[i], c.ints("label")[i]) != null) {
        leftOut.add(c.strings("image_id")[i]);
      }
    }
    byId.keySet().removeAll(leftOut);
    return byId;
  }

  static String[] strings(List<SourceImage> rows, Function<SourceImage, String> value) {
    return rows.stream().map(value).toArray(String[]::new);
  }
}
