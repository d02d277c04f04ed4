package org.deepercluster.stages.evaluate;

import java.util.Arrays;
import java.util.Comparator;

/**
 * Average precision of a ranking, by three definitions. P_i and R_i are precision and recall of the
 * images with a score of at least the i-th largest distinct score: images of equal score are never
 * put in an order, so that the result does not depend on theirs.
 *
 * <p>Images marked difficult are taken out first: they are neither right nor wrong (Everingham et
 * al., IJCV 2010).
 *
 * @param area Σ (R_i − R_{i−1})·P_i, as scikit-learn's {@code average_precision_score}, in [0, 1]
 * @param elevenPoint mean over r = 0, 0.1, …, 1 of the largest precision at a recall of at least r,
 *     0 where there is none: VOC2007's own, in [0, 1]
 * @param interpolated Σ (R_i − R_{i−1})·max_{j ≥ i} P_j: VOC's from 2010 on, and that of Goyal et
 *     al. (ICCV 2019), in [0, 1]
 * @param positives images that show the class
 */
public record AveragePrecision(
    double area, double elevenPoint, double interpolated, int positives) {

  /** Recall thresholds of VOC2007. */
  private static final int POINTS = 11;

  /**
   * Of one class.
   *
   * @param scores of every image, larger for more likely; finite
   * @param presence of every image: above 0 shows the class, below 0 does not, 0 difficult
   * @return all three NaN where no image shows the class
   * @throws IllegalArgumentException if the lengths differ or a score is NaN or infinite
   */
  public static AveragePrecision of(double[] scores, byte[] presence) {
    if (scores.length != presence.length) {
      throw new IllegalArgumentException(
          "as many scores as labels are needed, but there are "
              + scores.length
              + " scores and "
              + presence.length
              + " labels");
    }
    Integer[] order = new Integer[scores.length];
    int n = 0;
    int positives = 0;
    for (int i = 0; i < scores.length; i++) {
      if (!Double.isFinite(scores[i])) {
        throw new IllegalArgumentException("score " + i + " is " + scores[i] + "; must be finite");
      }
      if (presence[i] != 0) {
        order[n++] = i;
        positives += presence[i] > 0 ? 1 : 0;
      }
    }
    if (positives == 0) {
      return new AveragePrecision(Double.NaN, Double.NaN, Double.NaN, 0);
    }
    Arrays.sort(order, 0, n, Comparator.comparingDouble((Integer i) -> scores[i]).reversed());
    // hits and images down to each distinct score
    int[] hits = new int[n];
    int[] seen = new int[n];
    int thresholds = 0;
    int right = 0;
    for (int i = 0; i < n; i++) {
      right += presence[order[i]] > 0 ? 1 : 0;
      if (i == n - 1 || scores[order[i + 1]] < scores[order[i]]) {
        hits[thresholds] = right;
        seen[thresholds++] = i + 1;
      }
    }
    double area = 0;
    for (int i = 0; i < thresholds; i++) {
      int gained = hits[i] - (i == 0 ? 0 : hits[i - 1]);
      area += gained * ((double) hits[i] / seen[i]);
    }
    double interpolated = 0;
    double[] best = new double[POINTS];
    double envelope = 0;
    for (int i = thresholds - 1; i >= 0; i--) {
      envelope = Math.max(envelope, (double) hits[i] / seen[i]);
      interpolated += (hits[i] - (i == 0 ? 0 : hits[i - 1])) * envelope;
      // whole numbers: recall hits/positives is at least r/10 exactly when 10·hits ≥ r·positives
      for (int r = 0; r < POINTS && 10L * hits[i] >= (long) r * positives; r++) {
        best[r] = envelope;
      }
    }
    return new AveragePrecision(
        area / positives, Arrays.stream(best).sum() / POINTS, interpolated / positives, positives);
  }

  /** Of one class, with single precision scores. */
  public static AveragePrecision of(float[] scores, byte[] presence) {
    double[] d = new double[scores.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = scores[i];
    }
    return of(d, presence);
  }
}
