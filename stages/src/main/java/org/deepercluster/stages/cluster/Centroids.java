package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Centroids of one level: {@code groups} independent sets of {@code perGroup} each. Level 1 is one
 * group of m; level 2 is m groups of k/m, centroid {@code c·k/m + z} being sub-cluster z of
 * super-cluster c.
 */
public final class Centroids implements Serializable {
  private static final long serialVersionUID = 1L;

  private final int groups;
  private final int perGroup;
  private final int dim;
  private final float[] values;

  /**
   * Wraps the values, without a copy.
   *
   * @param groups sets of centroids, at least 1
   * @param perGroup centroids in each set, at least 1
   * @param dim dimension of each, at least 1
   * @param values {@code (groups·perGroup) × dim}, row-major, finite
   */
  public Centroids(int groups, int perGroup, int dim, float[] values) {
    if (groups < 1 || perGroup < 1 || dim < 1) {
      throw new IllegalArgumentException(
          "centroids: groups, perGroup and dim must be at least 1, got "
              + groups
              + ", "
              + perGroup
              + ", "
              + dim);
    }
    if (values.length != (double) groups * perGroup * dim) {
      throw new IllegalArgumentException(
          "centroids: "
              + groups
              + " × "
              + perGroup
              + " × "
              + dim
              + " values expected, got "
              + values.length);
    }
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "centroid " + i / dim + " is not finite: value " + values[i] + " at " + i % dim);
      }
    }
    this.groups = groups;
    this.perGroup = perGroup;
    this.dim = dim;
    this.values = values;
  }

  /** Independent sets. */
  public int groups() {
    return groups;
  }

  /** Centroids per set. */
  public int perGroup() {
    return perGroup;
  }

  /** All centroids. */
  public int count() {
    return groups * perGroup;
  }

  /** Dimension. */
  public int dim() {
    return dim;
  }

  /** Values, {@code count × dim} row-major; not a copy, not to be changed. */
  public float[] values() {
    return values;
  }

  /** Centroid {@code i}; a copy. */
  public float[] row(int i) {
    return Arrays.copyOfRange(values, i * dim, (i + 1) * dim);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Centroids c
        && c.groups == groups
        && c.perGroup == perGroup
        && c.dim == dim
        && Arrays.equals(c.values, values);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * groups + perGroup) + Arrays.hashCode(values);
  }
}
