package org.deepercluster.stages.cluster;

import java.util.Arrays;

/**
 * What Sinkhorn-Knopp computes on one block of log P. A row i has t_y = λ·log p(y|x_i) + ln α_y;
 * its β_i, which belongs to the image and never leaves the block, makes the column of Q sum to 1/N:
 * N·Q_yi = exp(t_y − ln Σ_y exp t_y). All in float64, with the largest t_y taken out, so that
 * nothing underflows that matters.
 *
 * @param heads H
 * @param labels K
 * @param lambda λ
 */
record SinkhornBlock(int heads, int labels, double lambda) implements java.io.Serializable {
  /** Terms below e^−60 of a row's largest are left out: a part in 10^26. */
  private static final double NEGLIGIBLE = -60;

  private static boolean usable(Block logP, int row) {
    return !Float.isNaN(logP.data()[row * logP.dim()]);
  }

  /** {@link SinkhornPasses#largest} of one block. */
  double[] largest(Block logP) {
    double[] largest = new double[heads * labels];
    Arrays.fill(largest, Double.NEGATIVE_INFINITY);
    double[] t = new double[labels];
    double[] zero = new double[heads * labels];
    for (int r = 0; r < logP.rows(); r++) {
      for (int h = 0; h < heads && usable(logP, r); h++) {
        double max = scores(logP, r, h, zero, t);
        double sum = 0;
        for (int y = 0; y < labels; y++) {
          sum += StrictMath.exp(t[y] - max);
        }
        double log = max + StrictMath.log(sum);
        for (int y = 0; y < labels; y++) {
          largest[h * labels + y] = Math.max(largest[h * labels + y], t[y] - log);
        }
      }
    }
    return largest;
  }

  /** {@link SinkhornPasses#sums} of one block. */
  SinkhornSums sums(Block logP, double[] logAlpha, boolean[] active) {
    SinkhornSums sums = new SinkhornSums(heads, labels);
    double[] t = new double[labels];
    for (int r = 0; r < logP.rows(); r++) {
      if (!usable(logP, r)) {
        continue;
      }
      sums.images++;
      for (int h = 0; h < heads; h++) {
        if (active[h]) {
          double max = scores(logP, r, h, logAlpha, t);
          double sum = 0;
          for (int y = 0; y < labels; y++) {
            t[y] = t[y] - max < NEGLIGIBLE ? 0 : StrictMath.exp(t[y] - max);
            sum += t[y];
          }
          int at = h * labels;
          int row = r * logP.dim() + at;
          double cost = 0;
          for (int y = 0; y < labels; y++) {
            double q = t[y] / sum;
            sums.mass[at + y] += q;
            cost -= q * logP.data()[row + y];
          }
          sums.cost[h] += cost;
        }
      }
    }
    return sums;
  }

  /**
   * Labels of one block: argmax over y of Q, the lowest index on ties; −1 for a rejected row.
   *
   * @return [H][n]
   */
  int[][] labels(Block logP, double[] logAlpha) {
    int[][] label = new int[heads][logP.rows()];
    double[] t = new double[labels];
    for (int r = 0; r < logP.rows(); r++) {
      for (int h = 0; h < heads; h++) {
        label[h][r] = -1;
        if (usable(logP, r)) {
          double max = scores(logP, r, h, logAlpha, t);
          for (int y = labels - 1; y >= 0; y--) {
            label[h][r] = t[y] == max ? y : label[h][r];
          }
        }
      }
    }
    return label;
  }

  /** Fills {@code t} for a head and a row, and returns the largest. */
  private double scores(Block logP, int row, int head, double[] logAlpha, double[] t) {
    int at = head * labels;
    int from = row * logP.dim() + at;
    double max = Double.NEGATIVE_INFINITY;
    for (int y = 0; y < labels; y++) {
      t[y] = lambda * logP.data()[from + y] + logAlpha[at + y];
      max = Math.max(max, t[y]);
    }
    return max;
  }
}
