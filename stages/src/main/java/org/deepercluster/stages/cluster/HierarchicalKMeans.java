package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.deepercluster.stages.config.Seeds;

/**
 * Two-level k-means (steps 1.c and 1.d of the method; Caron et al., ICCV 2019, section 3.2): all
 * rows into m super-clusters, then each super-cluster by itself into k/m sub-clusters, all of them
 * in the same passes over the data.
 *
 * <p>Each level starts from random rows, makes {@code iterations} Lloyd passes and one assignment
 * pass. A super-cluster with fewer rows than sub-clusters starts from its rows over and over again,
 * and one without rows from its own centroid; what stays empty is reported.
 *
 * @param m super-clusters, at least 1
 * @param k sub-clusters in all, a multiple of m
 * @param iterations Lloyd passes per level, at least 1; one is made where there is nothing to
 *     choose from
 * @param seed of this clustering
 */
public record HierarchicalKMeans(int m, int k, int iterations, long seed) implements Serializable {
  /** Checks the ranges. */
  public HierarchicalKMeans {
    if (m < 1 || k < m || k % m != 0) {
      throw new IllegalArgumentException(
          "k must be a positive multiple of m, got k " + k + ", m " + m);
    }
    if (iterations < 1) {
      throw new IllegalArgumentException("iterations must be at least 1, got " + iterations);
    }
  }

  /**
   * What is left after both levels, beside the assignment that {@link Passes} remembers.
   *
   * @param superCentroids m × dim
   * @param subCentroids m groups of k/m × dim
   * @param superSizes rows in each super-cluster, m values
   * @param subSizes rows in each sub-cluster, k values ({@code c·k/m + z})
   * @param rejected rows with NaN or infinity, in no cluster
   * @param traces one per pass, in order
   */
  public record Model(
      Centroids superCentroids,
      Centroids subCentroids,
      long[] superSizes,
      long[] subSizes,
      long rejected,
      List<Trace> traces)
      implements Serializable {}

  /**
   * Runs both levels.
   *
   * @param passes over the data
   * @param progress told after each pass
   * @throws IllegalArgumentException if no row is usable
   */
  public Model run(Passes passes, Consumer<Trace> progress) {
    List<Trace> traces = new ArrayList<>();
    Consumer<Trace> note =
        trace -> {
          traces.add(trace);
          progress.accept(trace);
        };
    Centroids start1 = start(passes, 1, m, Seeds.of(seed, "level1"), null);
    Level level1 = lloyd(passes, 1, start1, note);
    Centroids start2 = start(passes, m, k / m, Seeds.of(seed, "level2"), level1.centroids());
    Level level2 = lloyd(passes, 2, start2, note);
    return new Model(
        level1.centroids(),
        level2.centroids(),
        level1.tally().counts(),
        level2.tally().counts(),
        level1.tally().rejected(),
        List.copyOf(traces));
  }

  /** A level's final centroids and the tally of the last assignment. */
  record Level(Centroids centroids, Tally tally) {}

  private Centroids start(
      Passes passes, int groups, int perGroup, long levelSeed, Centroids parents) {
    Seeding seeding = passes.seeds(groups, perGroup, levelSeed);
    List<long[]> drawn = new ArrayList<>();
    int total = 0;
    for (int g = 0; g < groups; g++) {
      drawn.add(seeding.rows(g));
      total += drawn.get(g).length;
    }
    if (total == 0) {
      throw new IllegalArgumentException(
          "k-means needs at least one row without NaN or infinity, got none");
    }
    long[] wanted = drawn.stream().flatMapToLong(Arrays::stream).toArray();
    float[] rows = passes.rows(wanted);
    int dim = passes.dim();
    float[] values = new float[Math.multiplyExact(Math.multiplyExact(groups, perGroup), dim)];
    int at = 0;
    for (int g = 0; g < groups; g++) {
      int n = drawn.get(g).length;
      for (int z = 0; z < perGroup; z++) {
        float[] from = n > 0 ? rows : parents.values();
        int index = n > 0 ? at + z % n : g;
        System.arraycopy(from, index * dim, values, (g * perGroup + z) * dim, dim);
      }
      at += n;
    }
    return new Centroids(groups, perGroup, dim, values);
  }

  /** Lloyd's algorithm on one level, from given centroids. */
  Level lloyd(Passes passes, int level, Centroids start, Consumer<Trace> note) {
    Centroids centroids = start;
    int last = centroids.perGroup() == 1 ? 1 : iterations;
    for (int i = 0; i < last; i++) {
      Partial partial = passes.partial(level, centroids);
      CentroidUpdate update = CentroidUpdate.of(centroids, partial, i + 1 < last);
      note.accept(trace(level, i, partial.tally(), update.moved()));
      centroids = update.centroids();
    }
    Tally tally = passes.assign(level, centroids);
    note.accept(trace(level, last, tally, 0));
    return new Level(centroids, tally);
  }

  private static Trace trace(int level, int iteration, Tally tally, double moved) {
    return new Trace(
        level,
        iteration,
        tally.objective(),
        moved,
        tally.empties(),
        ClusterHealth.imbalance(tally.counts()));
  }
}
