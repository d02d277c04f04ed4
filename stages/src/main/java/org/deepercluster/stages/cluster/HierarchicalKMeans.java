package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.function.Consumer;
import org.deepercluster.stages.config.Seeds;

/**
 * Two-level k-means (steps 1.c and 1.d of the method; Caron et al., ICCV 2019, section 3.2): all
 * rows into m super-clusters, then each super-cluster by itself into k/m sub-clusters, all of them
 * in the same passes over the data.
 *
 * <p>Each level starts from given centroids, by default random rows, makes {@code iterations} Lloyd
 * passes, or fewer where they hardly lower the objective any more, and one assignment pass. A
 * super-cluster with fewer rows than sub-clusters starts from its rows over and over again, and one
 * without rows from its own centroid; what stays empty is reported.
 *
 * @param m super-clusters, at least 1
 * @param k sub-clusters in all, a multiple of m
 * @param iterations Lloyd passes per level, at least 1; one is made where there is nothing to
 *     choose from
 * @param tolerance a level's passes end when one has lowered the objective by less than this part
 *     of it, and no cluster was empty, at least 0; 0: not before {@code iterations}
 * @param seed of this clustering
 */
record HierarchicalKMeans(int m, int k, int iterations, double tolerance, long seed)
    implements Serializable {
  /** Without an early end. */
  HierarchicalKMeans(int m, int k, int iterations, long seed) {
    this(m, k, iterations, 0, seed);
  }

  /** Where a level starts from. */
  interface Starts {
    /**
     * Centroids to start from.
     *
     * @param level 1, or 2 once the passes are there
     * @param perGroup centroids in each of the level's groups
     * @param seed the level's seed
     * @throws IllegalArgumentException if no row is usable
     */
    Centroids of(int level, int perGroup, long seed) throws Exception;
  }

  /** Checks the ranges. */
  HierarchicalKMeans {
    if (m < 1 || k < m || k % m != 0) {
      throw new IllegalArgumentException(
          "k must be a positive multiple of m, got k " + k + ", m " + m);
    }
    if (iterations < 1) {
      throw new IllegalArgumentException("iterations must be at least 1, got " + iterations);
    }
  }

  /**
   * What both levels found.
   *
   * @param level1 after its last pass: centroids of the super-clusters, their sizes
   * @param level2 likewise, of all sub-clusters
   * @param shares where each image went
   * @param traces one per pass, in order
   */
  record Model(Lloyd level1, Lloyd level2, ArrayList<Passes.Share> shares, ArrayList<Trace> traces)
      implements Serializable {}

  /** Passes over the data in all, where none ends early. */
  int passes() {
    return (m == 1 ? 1 : iterations) + (k == m ? 1 : iterations) + 2;
  }

  /** Runs both levels from random rows. */
  Model run(Passes passes, Consumer<Trace> progress) throws Exception {
    return run(passes, passes::start, progress);
  }

  /**
   * Runs both levels.
   *
   * @param passes over the data
   * @param starts where they start from
   * @param progress told after each pass
   * @throws IllegalArgumentException if no row is usable
   */
  Model run(Passes passes, Starts starts, Consumer<Trace> progress) throws Exception {
    ArrayList<Trace> traces = new ArrayList<>();
    Consumer<Trace> note =
        trace -> {
          traces.add(trace);
          progress.accept(trace);
        };
    Lloyd level1 = lloyd(passes, 1, starts.of(1, m, Seeds.of(seed, "level1")), note);
    passes.descend(level1);
    Lloyd level2 = lloyd(passes, 2, starts.of(2, k / m, Seeds.of(seed, "level2")), note);
    return new Model(level1, level2, new ArrayList<>(passes.assignment(level1, level2)), traces);
  }

  /** Lloyd's algorithm on one level, from given centroids. */
  Lloyd lloyd(Passes passes, int level, Centroids start, Consumer<Trace> note) throws Exception {
    Lloyd at = Lloyd.from(level, start);
    int last = start.perGroup() == 1 ? 1 : iterations;
    double objective = Double.POSITIVE_INFINITY;
    for (int i = 0; i <= last; i++) {
      Passes.Then then =
          i == last ? Passes.Then.STAY : i + 1 < last ? Passes.Then.SPLIT : Passes.Then.MOVE;
      at = passes.pass(at, then);
      note.accept(at.trace());
      double now = at.trace().objective();
      // An empty cluster has been given half of another one, whose rows must be told apart first.
      boolean settled = tolerance > 0 && objective - now < tolerance * objective;
      if (i < last && settled && at.trace().empties() == 0) {
        last = i + 1;
      }
      objective = now;
    }
    return at;
  }
}
