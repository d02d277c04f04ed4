package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableWriter;

/** Writes what a clustering found as the tables of {@link ClusterTables}. */
final class ClusterResult {
  private ClusterResult() {}

  /**
   * The assignments of a share, a file for each of its files of features.
   *
   * @param perGroup sub-clusters of each super-cluster, k/m
   */
  static ArrayList<Part> assignments(String directory, ClusterRun.Outcome outcome, int perGroup)
      throws IOException {
    int[] superCluster = outcome.found().superClusters();
    int[] subCluster = new int[superCluster.length];
    float[] distance = new float[superCluster.length];
    outcome.found().read(subCluster, distance);
    for (int i = 0; i < subCluster.length; i++) {
      subCluster[i] = subCluster[i] < 0 ? -1 : subCluster[i] % perGroup;
    }
    ArrayList<Part> parts = new ArrayList<>();
    int at = 0;
    for (Part features : outcome.share().parts()) {
      Columns ids = TableReader.read(features.path(), FeatureTables.FEATURES, "image_id");
      int to = at + ids.rows();
      parts.add(
          TableWriter.write(
              directory,
              features.index(),
              Columns.of(ClusterTables.ASSIGNMENTS, ids.rows())
                  .set("image_id", ids.strings("image_id"))
                  .set("super_cluster", Arrays.copyOfRange(superCluster, at, to))
                  .set("sub_cluster", Arrays.copyOfRange(subCluster, at, to))
                  .set("distance", Arrays.copyOfRange(distance, at, to))
                  .build()));
      at = to;
    }
    return parts;
  }

  /** Whitening, centroids of both levels, and the trace. */
  static List<Part> model(String directory, PcaModel pca, HierarchicalKMeans.Model model)
      throws IOException {
    return List.of(
        TableWriter.write(directory, 0, pca(pca)),
        centroids(directory, model),
        TableWriter.write(directory, 0, trace(model)));
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

  private static Part centroids(String directory, HierarchicalKMeans.Model model)
      throws IOException {
    try (TableWriter out = TableWriter.open(directory, ClusterTables.CENTROIDS, 0)) {
      for (Lloyd found : List.of(model.level1(), model.level2())) {
        Centroids all = found.centroids();
        for (int s = 0; s < all.slices(); s++) {
          out.append(slice(found, s * all.width(), all.size(s)));
        }
      }
      return out.finish();
    }
  }

  private static Columns slice(Lloyd found, int from, int n) throws IOException {
    int[] level = new int[n];
    int[] c = new int[n];
    int[] z = new int[n];
    int perGroup = found.centroids().perGroup();
    Arrays.fill(level, found.level());
    for (int i = 0; i < n; i++) {
      c[i] = found.level() == 1 ? from + i : (from + i) / perGroup;
      z[i] = found.level() == 1 ? -1 : (from + i) % perGroup;
    }
    return Columns.of(ClusterTables.CENTROIDS, n)
        .set("level", level)
        .set("super_cluster", c)
        .set("sub_cluster", z)
        .set("images", Arrays.copyOfRange(found.counts(), from, from + n))
        .set("centroid", found.centroids().values(from, n))
        .build();
  }

  private static Columns trace(HierarchicalKMeans.Model model) {
    List<Trace> t = new ArrayList<>(model.traces());
    return Columns.of(ClusterTables.TRACE, t.size())
        .set("level", t.stream().mapToInt(Trace::level).toArray())
        .set("iteration", t.stream().mapToInt(Trace::iteration).toArray())
        .set("objective", t.stream().mapToDouble(Trace::objective).toArray())
        .set("changed", t.stream().mapToLong(Trace::changed).toArray())
        .set("moved", t.stream().mapToDouble(Trace::moved).toArray())
        .set("empties", t.stream().mapToInt(Trace::empties).toArray())
        .set("imbalance", t.stream().mapToDouble(Trace::imbalance).toArray())
        .set("compared", t.stream().mapToLong(Trace::compared).toArray())
        .build();
  }
}
