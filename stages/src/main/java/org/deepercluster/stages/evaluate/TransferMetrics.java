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

  private final TransferLabels labels;

  /** Scores, images × K row-major, where an image has several classes; a ranking needs them all. */
  private final double[] scores;

  private int first;
  private int five;
  private int seen;

  TransferMetrics(TransferLabels labels) {
    this.labels = labels;
    this.scores =
        labels instanceof TransferLabels.Multi
            ? new double[Math.multiplyExact(labels.images(), labels.classes())]
            : new double[0];
  }

  /**
   * Takes the scores of one image; each image comes once.
   *
   * @param ofImage finite
   * @param from index of the first class's
   */
  void add(int image, double[] ofImage, int from) {
    int k = labels.classes();
    seen++;
    if (labels instanceof TransferLabels.Single single) {
      // classes of equal scores stand in their order
      int label = single.label()[image];
      int before = 0;
      double own = ofImage[from + label];
      for (int c = 0; c < k; c++) {
        double other = ofImage[from + c];
        before += other > own || (other == own && c < label) ? 1 : 0;
      }
      first += before == 0 ? 1 : 0;
      five += before < 5 ? 1 : 0;
    } else {
      System.arraycopy(ofImage, from, scores, image * k, k);
    }
  }

  /**
   * The results; a choice between networks goes by the first.
   *
   * @param protocol name of the protocol's instance
   * @param layer convolution, or empty
   * @throws IllegalArgumentException without images, and where no image shows any class
   */
  List<Result> results(String protocol, String layer) {
    if (seen == 0) {
      throw new IllegalArgumentException("no labelled images to test on: at least one is needed");
    }
    if (labels instanceof TransferLabels.Multi multi) {
      return precision(protocol, layer, multi);
    }
    List<Result> results = new ArrayList<>();
    results.add(Result.of(protocol, MetricNames.TOP1, layer, 100.0 * first / seen));
    if (labels.classes() > 5) {
      results.add(Result.of(protocol, TOP5, layer, 100.0 * five / seen));
    }
    return results;
  }

  private List<Result> precision(String protocol, String layer, TransferLabels.Multi multi) {
    int k = multi.classes();
    int n = multi.images();
    double area = 0;
    double eleven = 0;
    double interpolated = 0;
    int shown = 0;
    for (int c = 0; c < k; c++) {
      double[] ofClass = new double[n];
      byte[] presence = new byte[n];
      for (int i = 0; i < n; i++) {
        ofClass[i] = scores[i * k + c];
        presence[i] = multi.state()[i * k + c];
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
