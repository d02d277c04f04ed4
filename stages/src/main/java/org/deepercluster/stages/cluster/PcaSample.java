package org.deepercluster.stages.cluster;

import java.io.Serializable;

/**
 * Which rows PCA is fitted on: {@code size} of {@code total}, evenly over the collection. Row i is
 * taken where ⌊(i+1)·size/total⌋ steps up.
 *
 * @param total rows in the collection
 * @param size rows taken, at most {@code total}
 */
public record PcaSample(long total, long size) implements Serializable {
  /** Collections up to this many rows are used whole where the size is left to the rule. */
  public static final long SMALL = 10_000;

  /** Checks the ranges. */
  public PcaSample {
    if (total < 1 || size < 1 || size > total) {
      throw new IllegalArgumentException(
          "PCA sample: 1 <= size <= total expected, got size " + size + ", total " + total);
    }
  }

  /**
   * The rule: {@code pcaSample} rows where it is given; else d(d-1)/2 and at least {@value #SMALL};
   * all rows where there are fewer.
   *
   * @param total rows in the collection, at least 1
   * @param dim feature dimension d
   * @param pcaSample the setting, or null
   */
  public static PcaSample of(long total, int dim, Long pcaSample) {
    long wanted = pcaSample != null ? pcaSample : Math.max(SMALL, (long) dim * (dim - 1) / 2);
    return new PcaSample(total, Math.min(total, wanted));
  }

  /** Whether row {@code row} of the collection belongs to the sample. */
  public boolean takes(long row) {
    return Math.multiplyExact(row + 1, size) / total > row * size / total;
  }
}
