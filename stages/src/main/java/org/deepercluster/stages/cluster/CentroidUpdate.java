package org.deepercluster.stages.cluster;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The second half of a Lloyd pass: every cluster's centroid becomes its members' mean, and an empty
 * cluster takes over half of a donor's members.
 *
 * <p>Splitting: the donor's mean, pushed apart by ±1e-7 with the sign alternating by dimension.
 * Donors come by decreasing count (the lowest index first among equals), within the same group;
 * where there are more empty clusters than donors, the halves are donors in a next round. A cluster
 * of one member is no donor; an empty cluster that finds none keeps its centroid.
 *
 * @param centroids where the next pass starts from
 * @param moved largest Euclidean distance between a non-empty cluster's old and new mean, before
 *     any split
 * @param splits empty clusters that took over half of a donor
 */
public record CentroidUpdate(Centroids centroids, double moved, int splits) {
  /** Half the distance, per dimension, between the two halves of a split. */
  public static final float EPSILON = 1e-7f;

  /**
   * Updates all centroids of a level.
   *
   * @param old the centroids that the pass was made with
   * @param partial the pass's sums over all blocks
   * @param split whether empty clusters take over from donors (not after the last pass)
   */
  public static CentroidUpdate of(Centroids old, Partial partial, boolean split) {
    long[] counts = partial.tally().counts();
    int dim = old.dim();
    if (counts.length != old.count() || partial.dim() != dim) {
      throw new IllegalArgumentException(
          "sums of "
              + counts.length
              + " × "
              + partial.dim()
              + " do not belong to centroids of "
              + old.count()
              + " × "
              + dim);
    }
    float[] values = old.values().clone();
    double moved = 0;
    for (int c = 0; c < counts.length; c++) {
      if (counts[c] > 0) {
        partial.mean(c, values);
        double squares = 0;
        for (int j = c * dim; j < (c + 1) * dim; j++) {
          double d = (double) values[j] - old.values()[j];
          squares += d * d;
        }
        moved = Math.max(moved, squares);
      }
    }
    int splits = 0;
    if (split) {
      for (int g = 0; g < old.groups(); g++) {
        splits += split(values, dim, counts, g * old.perGroup(), (g + 1) * old.perGroup());
      }
    }
    return new CentroidUpdate(
        new Centroids(old.groups(), old.perGroup(), dim, values), Math.sqrt(moved), splits);
  }

  private static int split(float[] values, int dim, long[] counts, int from, int to) {
    List<Integer> empties = new ArrayList<>();
    for (int c = from; c < to; c++) {
      if (counts[c] == 0) {
        empties.add(c);
      }
    }
    if (empties.isEmpty()) {
      return 0;
    }
    long[] sizes = counts.clone();
    int done = 0;
    while (done < empties.size()) {
      List<Integer> donors = new ArrayList<>();
      for (int c = from; c < to; c++) {
        if (sizes[c] > 1) {
          donors.add(c);
        }
      }
      if (donors.isEmpty()) {
        break;
      }
      donors.sort(Comparator.<Integer>comparingLong(c -> -sizes[c]).thenComparing(c -> c));
      for (int i = 0; i < donors.size() && done < empties.size(); i++, done++) {
        int donor = donors.get(i);
        int empty = empties.get(done);
        for (int j = 0; j < dim; j++) {
          float centre = values[donor * dim + j];
          float push = j % 2 == 0 ? EPSILON : -EPSILON;
          values[donor * dim + j] = centre + push;
          values[empty * dim + j] = centre - push;
        }
        sizes[empty] = sizes[donor] / 2;
        sizes[donor] -= sizes[empty];
      }
    }
    return done;
  }
}
