package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/** Writes what a clustering found as the tables of {@link ClusterTables}. */
final class ClusterResult {
  private ClusterResult() {}

  /**
   * The assignments of one block.
   *
   * @param features the block's file in the features table
   * @param superCluster c of each row, from index {@code at} on
   * @param subCluster z of each row within its super-cluster
   * @param distance squared distances
   * @param at index of the block's first row in the arrays
   */
  static Part assignments(
      Output output, Part features, int[] superCluster, int[] subCluster, float[] distance, int at)
      throws IOException {
    Columns ids = TableReader.read(features.path(), FeatureTables.FEATURES, "image_id");
    int to = at + ids.rows();
    return output.write(
        features.index(),
        Columns.of(ClusterTables.ASSIGNMENTS, ids.rows())
            .set("image_id", ids.strings("image_id"))
            .set("super_cluster", Arrays.copyOfRange(superCluster, at, to))
            .set("sub_cluster", Arrays.copyOfRange(subCluster, at, to))
            .set("distance", Arrays.copyOfRange(distance, at, to))
            .build());
  }

  /** Whitening, centroids of both levels, and the trace. */
  static List<Part> model(Output output, PcaModel pca, HierarchicalKMeans.Model model)
      throws IOException {
    return List.of(
        output.write(0, pca(pca)),
        output.write(0, centroids(model)),
        output.write(0, trace(model)));
  }

  private static Columns pca(PcaModel pca) {
    int d = pca.dim();
    int rows = pca.pcaDim() + 1;
    int[] component = new int[rows];
    double[] eigenvalue = new double[rows];
    float[] vector = new float[rows * d];
    double[] mean = pca.mean();
    for (int j = 0; j < d; j++) {
      vector[j] = (float) mean[j];
    }
    System.arraycopy(pca.projection(), 0, vector, d, pca.pcaDim() * d);
    System.arraycopy(pca.eigenvalues(), 0, eigenvalue, 1, pca.pcaDim());
    for (int i = 0; i < rows; i++) {
      component[i] = i;
    }
    return Columns.of(ClusterTables.PCA, rows)
        .set("component", component)
        .set("eigenvalue", eigenvalue)
        .set("vector", vector)
        .build();
  }

  private static Columns centroids(HierarchicalKMeans.Model model) {
    Centroids first = model.superCentroids();
    Centroids second = model.subCentroids();
    int m = first.count();
    int rows = m + second.count();
    int[] level = new int[rows];
    int[] c = new int[rows];
    int[] z = new int[rows];
    long[] images = new long[rows];
    for (int i = 0; i < rows; i++) {
      boolean sub = i >= m;
      level[i] = sub ? 2 : 1;
      c[i] = sub ? (i - m) / second.perGroup() : i;
      z[i] = sub ? (i - m) % second.perGroup() : -1;
      images[i] = sub ? model.subSizes()[i - m] : model.superSizes()[i];
    }
    float[] values = Arrays.copyOf(first.values(), rows * first.dim());
    System.arraycopy(second.values(), 0, values, first.values().length, second.values().length);
    return Columns.of(ClusterTables.CENTROIDS, rows)
        .set("level", level)
        .set("super_cluster", c)
        .set("sub_cluster", z)
        .set("images", images)
        .set("centroid", values)
        .build();
  }

  private static Columns trace(HierarchicalKMeans.Model model) {
    List<Trace> t = new ArrayList<>(model.traces());
    return Columns.of(ClusterTables.TRACE, t.size())
        .set("level", t.stream().mapToInt(Trace::level).toArray())
        .set("iteration", t.stream().mapToInt(Trace::iteration).toArray())
        .set("objective", t.stream().mapToDouble(Trace::objective).toArray())
        .set("moved", t.stream().mapToDouble(Trace::moved).toArray())
        .set("empties", t.stream().mapToInt(Trace::empties).toArray())
        .set("imbalance", t.stream().mapToDouble(Trace::imbalance).toArray())
        .build();
  }
}
