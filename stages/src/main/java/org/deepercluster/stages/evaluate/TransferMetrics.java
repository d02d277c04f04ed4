package org.deepercluster.stages.evaluate;

import java.util.ArrayList;
import java.util.List;

/**
 * Scores of images against what they show, in percent: top-1 and, with more than five classes,
 * top-5 accuracy where an image has one class; mean average precision over the classes, in all
 * three definitions of {@link AveragePrecision}, where it has several.
 */
final class TransferMetrics {
  /** Images whose class is among their five largest scores. */
  static final String TOP5 = "top5";

  /** Mean over the classes of {@link AveragePrecision#area}. */
  static final String MAP = "map";

  /** Mean over the classes of {@link AveragePrecision#elevenPoint}. */
  static final String MAP_11POINT = "map_11point";

  /** Mean over the classes of {@link AveragePrecision#interpolated}. */
  static final String MAP_INTERPOLATED = "map_interpolated";

  private TransferMetrics() {}

  /**
   * The results.
   *
   * @param protocol name of the protocol's instance
   * @param layer convolution, or empty
   * @param scores images × K, row-major; finite
   * @return the measurement that a choice goes by first
   * @throws IllegalArgumentException without images, and where no class is shown by any of them
   */
  static List<Result> of(String protocol, String layer, double[] scores, TransferLabels labels) {
    if (labels.images() == 0) {
      throw new IllegalArgumentException("no labelled images to test on: at least one is needed");
    }
    if (labels instanceof TransferLabels.Multi multi) {
      return of(protocol, layer, scores, multi);
    }
    int[] label = ((TransferLabels.Single) labels).label();
    int k = labels.classes();
    int first = 0;
    int five = 0;
    for (int i = 0; i < label.length; i++) {
      // images that are scored alike stand in the order of the classes
      int before = 0;
      double own = scores[i * k + label[i]];
      for (int c = 0; c < k; c++) {
        double other = scores[i * k + c];
        before += other > own || (other == own && c < label[i]) ? 1 : 0;
      }
      first += before == 0 ? 1 : 0;
      five += before < 5 ? 1 : 0;
    }
    List<Result> results = new ArrayList<>();
    results.add(Result.of(protocol, MetricNames.TOP1, layer, 100.0 * first / label.length));
    if (k > 5) {
      results.add(Result.of(protocol, TOP5, layer, 100.0 * five / label.length));
    }
    return results;
  }

  private static List<Result> of(
      String protocol, String layer, double[] scores, TransferLabels.Multi labels) {
    int k = labels.classes();
    int n = labels.images();
    double area = 0;
    double eleven = 0;
    double interpolated = 0;
    int shown = 0;
    for (int c = 0; c < k; c++) {
      double[] ofClass = new double[n];
      byte[] presence = new byte[n];
      for (int i = 0; i < n; i++) {
        ofClass[i] = scores[i * k + c];
        presence[i] = labels.state()[i * k + c];
      }
      AveragePrecision ap = AveragePrecision.of(ofClass, presence);
      if (ap.positives() > 0) {
        area += ap.area();
        eleven += ap.elevenPoint();
        interpolated += ap.interpolated();
        shown++;
      }
    }
    if (shown == 0) {
      throw new IllegalArgumentException(
          "average precision needs test images that show some class, but none does");
    }
    return List.of(
        Result.of(protocol, MAP, layer, 100 * area / shown),
        Result.of(protocol, MAP_11POINT, layer, 100 * eleven / shown),
        Result.of(protocol, MAP_INTERPOLATED, layer, 100 * interpolated / shown));
  }
}
