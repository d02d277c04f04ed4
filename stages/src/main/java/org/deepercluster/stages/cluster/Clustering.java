package org.deepercluster.stages.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A clustering of a whole collection, in memory.
 *
 * @param model centroids, sizes and traces of both levels
 * @param superCluster c_n of each row, 0 to m-1; -1 for rejected rows
 * @param subCluster z_n of each row within its super-cluster, 0 to k/m-1; -1 for rejected rows
 * @param distance squared Euclidean distance, in whitened space, to the sub-cluster's centroid; NaN
 *     for rejected rows
 * @param rejected rows with a NaN or an infinity, increasing
 */
public record Clustering(
    HierarchicalKMeans.Model model,
    int[] superCluster,
    int[] subCluster,
    float[] distance,
    long[] rejected) {

  /**
   * Clusters rows as they are (they should be whitened and of norm 1).
   *
   * @param rows blocks that can be gone through again and again, in any order
   * @param kmeans what to do
   * @param progress told after each pass
   */
  public static Clustering of(
      Iterable<Block> rows, HierarchicalKMeans kmeans, Consumer<Trace> progress) {
    InMemoryPasses passes = new InMemoryPasses(rows);
    return passes.clustering(kmeans.run(passes, progress));
  }

  /** Fitted whitening and the clustering of what it gives. */
  public record OfFeatures(PcaModel pca, Clustering clustering) {}

  /**
   * Fits PCA-whitening to features, whitens them and clusters the result.
   *
   * @param features blocks {@code n_b × d}, in block order; the whitened copy is held in memory
   * @param config m, k, pcaDim, pcaSample and iterations
   * @param seed of this clustering
   * @param progress told after each pass
   */
  public static OfFeatures ofFeatures(
      Iterable<Block> features, ClusterConfig config, long seed, Consumer<Trace> progress) {
    PcaModel pca = fitPca(features, config);
    List<Block> whitened = new ArrayList<>();
    for (Block block : features) {
      whitened.add(pca.transform(block));
    }
    HierarchicalKMeans kmeans =
        new HierarchicalKMeans(config.m(), config.k(), config.iterations(), seed);
    return new OfFeatures(pca, of(whitened, kmeans, progress));
  }

  private static PcaModel fitPca(Iterable<Block> features, ClusterConfig config) {
    long total = 0;
    int dim = 0;
    for (Block block : features) {
      total += block.rows();
      dim = block.dim();
    }
    if (total == 0) {
      throw new IllegalArgumentException("clustering needs at least one feature row, got none");
    }
    PcaSample sample = PcaSample.of(total, dim, config.pcaSample());
    Moments moments = new Moments(dim);
    for (Block block : features) {
      moments.add(Moments.of(block, sample));
    }
    return PcaModel.fit(moments, config.pcaDim());
  }
}
