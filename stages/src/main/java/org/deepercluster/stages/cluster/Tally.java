package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Sizes of the clusters and the objective over some rows. Integers throughout, so that adding is
 * exact: any order and any grouping of blocks give the same tally.
 */
public final class Tally implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Fixed point: one unit is 2^-36. */
  static final double UNIT = 0x1p36;

  private final long[] counts;
  private long objective;
  private long rejected;

  /** Of no rows, over {@code clusters} clusters. */
  public Tally(int clusters) {
    this.counts = new long[clusters];
  }

  /** Counts the rows of one block. */
  public static Tally of(BlockAssignment assignment, int clusters) {
    Tally tally = new Tally(clusters);
    for (int r = 0; r < assignment.rows(); r++) {
      int c = assignment.centroid()[r];
      if (c < 0) {
        tally.rejected++;
      } else {
        tally.counts[c]++;
        tally.objective = sum(tally.objective, (long) (assignment.distance()[r] * UNIT));
      }
    }
    return tally;
  }

  /** Adds other rows; returns this. */
  public Tally add(Tally other) {
    if (other.counts.length != counts.length) {
      throw new IllegalArgumentException(
          other.counts.length + " clusters cannot be added to " + counts.length);
    }
    for (int i = 0; i < counts.length; i++) {
      counts[i] += other.counts[i];
    }
    objective = sum(objective, other.objective);
    rejected += other.rejected;
    return this;
  }

  /** a + b, with a clear error where the fixed-point range ends. */
  static long sum(long a, long b) {
    long s = a + b;
    if (((a ^ s) & (b ^ s)) < 0) {
      throw new IllegalArgumentException(
          "k-means sums exceed ±2^27: its input must be whitened rows of norm 1");
    }
    return s;
  }

  /** Members of each cluster; not a copy, not to be changed. */
  public long[] counts() {
    return counts;
  }

  /** Σ ‖x − c‖², to 2^-36 per row. */
  public double objective() {
    return objective / UNIT;
  }

  /** Rows without a cluster: those with a NaN or an infinity. */
  public long rejected() {
    return rejected;
  }

  /** Clusters without a member. */
  public int empties() {
    return (int) Arrays.stream(counts).filter(c -> c == 0).count();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Tally t
        && t.objective == objective
        && t.rejected == rejected
        && Arrays.equals(t.counts, counts);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(counts) + Long.hashCode(objective);
  }
}
