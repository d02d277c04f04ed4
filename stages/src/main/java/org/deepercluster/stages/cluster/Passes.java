package org.deepercluster.stages.cluster;

/**
 * The passes over the data that {@link HierarchicalKMeans} asks for; each may be one distributed
 * job. An implementation calls {@link Seeding}, {@link KMeansPass} and {@link Partial} per block
 * and adds up, in any order; it remembers level 1's assignment itself, because level 2 needs it.
 */
public interface Passes {
  /** Dimension of the whitened rows. */
  int dim();

  /**
   * Draws the rows to start from.
   *
   * @param groups 1 on level 1; on level 2 the number of super-clusters, each row being in the
   *     group of its remembered super-cluster
   * @param perGroup rows wanted in each group
   * @param seed the level's seed
   */
  Seeding seeds(int groups, int perGroup, long seed);

  /**
   * Fetches rows.
   *
   * @param rows indices in the collection
   * @return {@code rows.length × dim}, in that order
   */
  float[] rows(long[] rows);

  /**
   * One Lloyd pass.
   *
   * @param level 1, or 2: there each row meets only the centroids of its remembered super-cluster
   * @param centroids to assign to
   * @return sums over all blocks
   */
  Partial partial(int level, Centroids centroids);

  /**
   * The last pass of a level: assigns all rows and remembers where each went.
   *
   * @param level 1 or 2
   * @param centroids to assign to
   * @return sizes over all blocks
   */
  Tally assign(int level, Centroids centroids);
}
