package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;

/** A clustering as its tables have it, to which other images are assigned. */
abstract class StoredClustering implements AutoCloseable {

  /**
   * Assigns images to it.
   *
   * @param features f_θ(x), n × d row-major, of the network that was clustered with
   * @param n number of images
   * @param out gets {@code super_cluster}, {@code distance} and {@code sub_cluster}, the latter for
   *     each head
   */
  abstract void assign(float[] features, int n, Columns.Builder out);

  @Override
  public abstract void close();

  /** Columns of the assigned images. */
  static TableSchema schema(Manifest clustering) {
    return ClusterTables.ASSIGNED.repeat("sub_cluster", heads(clustering));
  }

  private static int heads(Manifest clustering) {
    return isSinkhorn(clustering) ? number(clustering.config(), "sinkhorn.heads") : 1;
  }

  private static boolean isSinkhorn(Manifest clustering) {
    return !clustering.table(ClusterTables.HEADS.name()).isEmpty();
  }

  private static int number(Map<String, String> config, String key) {
    return Integer.parseInt(config.get(key));
  }

  /**
   * Reads one.
   *
   * @param clustering manifest of the stage that left it
   * @param checkpoint URI of the training state that it was made with
   * @param d length of the features
   * @throws IOException when a table is missing or its size is not what the others ask for
   */
  static StoredClustering read(Manifest clustering, String checkpoint, int d) throws IOException {
    Map<String, String> config = clustering.config();
    return isSinkhorn(clustering)
        ? Heads.read(clustering, checkpoint)
        : KMeans.read(clustering, number(config, "m"), number(config, "k"), d);
  }

  private static void require(boolean fine, Manifest clustering, String message)
      throws IOException {
    if (!fine) {
      throw new IOException(clustering.instance() + ": " + message);
    }
  }

  /** Whitening and centroids of both levels. */
  private static final class KMeans extends StoredClustering {
    private final PcaModel pca;
    private final Nearest first;
    private final Nearest[] second;

    private KMeans(PcaModel pca, Nearest first, Nearest[] second) {
      this.pca = pca;
      this.first = first;
      this.second = second;
    }

    static KMeans read(Manifest clustering, int m, int k, int d) throws IOException {
      List<Part> stored = clustering.table(ClusterTables.PCA.name());
      PcaModel pca = PcaModel.of(TableReader.read(stored, ClusterTables.PCA));
      require(
          pca.dim() == d,
          clustering,
          "its PCA takes features of " + pca.dim() + " values, the network gives " + d);
      Columns c =
          TableReader.read(
              clustering.table(ClusterTables.CENTROIDS.name()),
              ClusterTables.CENTROIDS,
              "level",
              "centroid");
      int dim = c.dimension("centroid");
      require(
          c.rows() == m + k && dim == pca.pcaDim(),
          clustering,
          String.format(
              "%d centroids of %d values expected, got %d of %d",
              m + k, pca.pcaDim(), c.rows(), dim));
      require(
          Arrays.stream(c.ints("level"), 0, m).allMatch(l -> l == 1)
              && Arrays.stream(c.ints("level"), m, m + k).allMatch(l -> l == 2),
          clustering,
          "centroids of level 1 must come first, then those of level 2");
      float[] values = c.vectors("centroid");
      Nearest[] second = new Nearest[m];
      for (int g = 0; g < m; g++) {
        second[g] = new Nearest(values, m + g * (k / m), k / m, dim);
      }
      return new KMeans(pca, new Nearest(values, 0, m, dim), second);
    }

    @Override
    void assign(float[] features, int n, Columns.Builder out) {
      float[] y = pca.transform(features, n);
      int[] c = new int[n];
      int[] z = new int[n];
      float[] distance = new float[n];
      Arrays.fill(c, -1);
      Arrays.fill(z, -1);
      Arrays.fill(distance, Float.NaN);
      int[] usable = IntStream.range(0, n).filter(i -> !Float.isNaN(y[i * pca.pcaDim()])).toArray();
      first.of(y, usable, c, distance);
      for (int g = 0; g < second.length; g++) {
        int group = g;
        second[g].of(y, Arrays.stream(usable).filter(i -> c[i] == group).toArray(), z, distance);
      }
      out.set("super_cluster", c).set("sub_cluster", z).set("distance", distance);
    }

    @Override
    public void close() {
      first.close();
      for (Nearest s : second) {
        s.close();
      }
    }
  }

  /** The heads that predicted, and the scaling of their labels. */
  private static final class Heads extends StoredClustering {
    private final SinkhornBlock block;
    private final Classifiers heads;
    private final double[] logAlpha;

    private Heads(SinkhornBlock block, Classifiers heads, double[] logAlpha) {
      this.block = block;
      this.heads = heads;
      this.logAlpha = logAlpha;
    }

    static Heads read(Manifest clustering, String checkpoint) throws IOException {
      Map<String, String> config = clustering.config();
      SinkhornBlock block =
          new SinkhornBlock(
              heads(clustering),
              number(config, "k"),
              Double.parseDouble(config.get("sinkhorn.lambda")));
      Columns t =
          TableReader.read(clustering.table(ClusterTables.HEADS.name()), ClusterTables.HEADS);
      require(
          t.rows() == block.heads() * block.labels(),
          clustering,
          block.heads() * block.labels() + " rows of the table heads expected, got " + t.rows());
      return new Heads(
          block,
          Classifiers.load(checkpoint, block.heads(), block.labels()),
          t.doubles("log_alpha"));
    }

    @Override
    void assign(float[] features, int n, Columns.Builder out) {
      Block logP =
          heads.logProbabilities(new Block(0, 0, n, Math.max(1, features.length / n), features));
      int[][] label = block.labels(logP, logAlpha);
      SinkhornResult.set(out, logP, label);
    }

    @Override
    public void close() {
      heads.close();
    }
  }
}
