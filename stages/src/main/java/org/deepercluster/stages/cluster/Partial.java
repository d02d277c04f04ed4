package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Sums over some rows from which a Lloyd pass makes new centroids: per cluster its members' sum,
 * and their {@link Tally}.
 *
 * <p>The sums are 64-bit integers in units of 2^-36, which holds every float32 of magnitude 2^-12
 * and above exactly, and sums up to 2^27 (so 1.3·10^8 rows of norm 1). Adding integers is exact:
 * partials may be merged in any order, over any tree and by any number of workers, and give the
 * same bits. It also makes a mean more exact than float32 sums would.
 */
public final class Partial implements Serializable {
  private static final long serialVersionUID = 1L;

  private final int dim;
  private final long[] sums;
  private final Tally tally;

  /** Of no rows. */
  public Partial(int clusters, int dim) {
    this(dim, new long[Math.multiplyExact(clusters, dim)], new Tally(clusters));
  }

  private Partial(int dim, long[] sums, Tally tally) {
    this.dim = dim;
    this.sums = sums;
    this.tally = tally;
  }

  /**
   * Of one block.
   *
   * @param block rows {@code n_b × dim}
   * @param assignment cluster of each row
   * @param clusters number of clusters K
   */
  public static Partial of(Block block, BlockAssignment assignment, int clusters) {
    if (assignment.rows() != block.rows()) {
      throw new IllegalArgumentException(
          "block " + block.id() + ": " + block.rows() + " rows, " + assignment.rows() + " labels");
    }
    int dim = block.dim();
    long[] sums = new long[Math.multiplyExact(clusters, dim)];
    float[] x = block.data();
    for (int r = 0; r < block.rows(); r++) {
      int c = assignment.centroid()[r];
      if (c >= 0) {
        int from = r * dim;
        int to = c * dim;
        for (int j = 0; j < dim; j++) {
          sums[to + j] = Tally.sum(sums[to + j], (long) (x[from + j] * Tally.UNIT));
        }
      }
    }
    return new Partial(dim, sums, Tally.of(assignment, clusters));
  }

  /** Adds other rows; returns this. */
  public Partial add(Partial other) {
    if (other.dim != dim) {
      throw new IllegalArgumentException("dimension " + other.dim + " cannot join " + dim);
    }
    tally.add(other.tally);
    for (int i = 0; i < sums.length; i++) {
      sums[i] = Tally.sum(sums[i], other.sums[i]);
    }
    return this;
  }

  /** Dimension. */
  public int dim() {
    return dim;
  }

  /** Sizes and objective. */
  public Tally tally() {
    return tally;
  }

  /** Writes cluster c's mean to {@code to[c·dim ..)}; its count must not be 0. */
  void mean(int c, float[] to) {
    double n = tally.counts()[c] * Tally.UNIT;
    for (int j = c * dim; j < (c + 1) * dim; j++) {
      to[j] = (float) (sums[j] / n);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Partial p
        && p.dim == dim
        && p.tally.equals(tally)
        && Arrays.equals(p.sums, sums);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(sums) + tally.hashCode();
  }
}
