package org.deepercluster.stages.evaluate;

/** Share of right predictions. */
final class Accuracy {
  private Accuracy() {}

  /** Percent of positions where the two agree; there must be at least one. */
  static double percent(int[] predicted, int[] labels) {
    int right = 0;
    for (int i = 0; i < labels.length; i++) {
      right += predicted[i] == labels[i] ? 1 : 0;
    }
    return 100.0 * right / labels.length;
  }
}
