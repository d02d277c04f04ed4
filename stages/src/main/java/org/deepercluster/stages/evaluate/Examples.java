package org.deepercluster.stages.evaluate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;

/**
 * Feature vectors of a set of images with what is known of their classes.
 *
 * @param ids of the images
 * @param values images × dim, row-major
 * @param dim features per image
 * @param labels what the labels table says of an image, by id
 * @param classes number of classes
 */
@SuppressWarnings("ArrayRecordComponent") // large and shared, never compared by value
record Examples(
    String[] ids, float[] values, int dim, Map<String, List<ImageClass>> labels, int classes) {

  /**
   * A class of an image.
   *
   * @param label its index
   * @param difficult whether the image counts neither for nor against it
   */
  record ImageClass(int label, boolean difficult) {}

  /**
   * Reads them.
   *
   * @param features files of vectors, in order
   * @param schema of these files
   * @param labels files of the labels table
   * @param classes number of classes
   */
  static Examples read(List<Part> features, TableSchema schema, List<Part> labels, int classes)
      throws IOException {
    Columns c = TableReader.read(features, schema);
    return new Examples(
        c.strings("image_id"),
        c.vectors("feature"),
        c.dimension("feature"),
        labelsById(labels),
        classes);
  }

  private static Map<String, List<ImageClass>> labelsById(List<Part> labels) throws IOException {
    Map<String, List<ImageClass>> byId = new HashMap<>();
    Columns c = TableReader.read(labels, IngestTables.LABELS, "image_id", "label", "difficult");
    for (int i = 0; i < c.rows(); i++) {
      byId.computeIfAbsent(c.strings("image_id")[i], k -> new ArrayList<>(1))
          .add(new ImageClass(c.ints("label")[i], c.ints("difficult")[i] != 0));
    }
    return byId;
  }

  /** Whether an image has several classes or a difficult one. */
  boolean isMultiLabel() {
    return labels.values().stream().anyMatch(l -> l.size() > 1 || l.get(0).difficult());
  }

  /**
   * The images that have a label which is not difficult, in order.
   *
   * @throws IllegalArgumentException if an image has several
   */
  LabelledFeatures single() {
    int[] found = new int[ids.length];
    List<Integer> rows = new ArrayList<>();
    for (int i = 0; i < ids.length; i++) {
      List<ImageClass> l =
          labels.getOrDefault(ids[i], List.of()).stream().filter(c -> !c.difficult()).toList();
      if (l.size() > 1) {
        throw new IllegalArgumentException(
            "top-1 accuracy needs one label per image, but image "
                + ids[i]
                + " has "
                + l.size()
                + "; linear with features=augmented (such as voc07-linear), svm and fine-tune"
                + " with loss=sigmoid take several");
      }
      if (l.size() == 1) {
        found[rows.size()] = l.get(0).label();
        rows.add(i);
      }
    }
    if (rows.size() == ids.length) {
      return new LabelledFeatures(values, dim, found, classes);
    }
    float[] kept = new float[Math.multiplyExact(rows.size(), dim)];
    for (int i = 0; i < rows.size(); i++) {
      System.arraycopy(values, rows.get(i) * dim, kept, i * dim, dim);
    }
    return new LabelledFeatures(kept, dim, Arrays.copyOf(found, rows.size()), classes);
  }

  /**
   * Whether each image shows class {@code label}: 1 yes, −1 no, 0 difficult; an image without any
   * label shows none.
   */
  byte[] presence(int label) {
    byte[] presence = new byte[ids.length];
    for (int i = 0; i < ids.length; i++) {
      presence[i] = -1;
      for (ImageClass c : labels.getOrDefault(ids[i], List.of())) {
        if (c.label() == label) {
          presence[i] = (byte) (c.difficult() ? 0 : 1);
        }
      }
    }
    return presence;
  }
}
