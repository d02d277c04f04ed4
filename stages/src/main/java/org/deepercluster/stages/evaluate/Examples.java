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

/** Feature vectors of a set of images with what is known of their classes. */
@SuppressWarnings("ArrayRecordComponent") // large and shared, never compared by value
record Examples(String[] ids, float[] values, int dim, Map<String, int[]> labels, int classes) {

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

  private static Map<String, int[]> labelsById(List<Part> labels) throws IOException {
    Map<String, int[]> byId = new HashMap<>();
    Columns c = TableReader.read(labels, IngestTables.LABELS, "image_id", "label");
    for (int i = 0; i < c.rows(); i++) {
      int label = c.ints("label")[i];
      byId.merge(
          c.strings("image_id")[i],
          new int[] {label},
          (a, b) -> {
            int[] both = Arrays.copyOf(a, a.length + 1);
            both[a.length] = b[0];
            return both;
          });
    }
    return byId;
  }

  /**
   * The images that have a label, in order.
   *
   * @throws IllegalArgumentException if an image has several
   */
  LabelledFeatures single() {
    int[] found = new int[ids.length];
    List<Integer> rows = new ArrayList<>();
    for (int i = 0; i < ids.length; i++) {
      int[] l = labels.get(ids[i]);
      if (l != null && l.length > 1) {
        throw new IllegalArgumentException(
            "image "
                + ids[i]
                + " has "
                + l.length
                + " labels; this protocol needs one label per image");
      }
      if (l != null) {
        found[rows.size()] = l[0];
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
}
