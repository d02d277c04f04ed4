package org.deepercluster.stages.evaluate;

import org.deepercluster.stages.config.Seeds;

/**
 * Low-shot classification: L2-regularised multinomial logistic regression on a few labelled images
 * per class, repeated over seeded draws of these images.
 */
final class LowShot {
  private LowShot() {}

  /**
   * Fits and tests the classifier of one draw.
   *
   * @param train labelled images to draw from
   * @param test labelled images to test on, at least one
   * @param config images per class, C
   * @param seed seed of the draws
   * @param draw which of them, from 0
   * @return accuracy, percent
   * @throws IllegalArgumentException if a class has fewer training images than are drawn, or the
   *     two sets differ in dimension
   */
  static double top1(
      LabelledFeatures train,
      LabelledFeatures test,
      EvaluateConfig.LowShot config,
      long seed,
      int draw) {
    int[] drawn =
        draw(train.labels(), train.classes(), config.perClass(), Seeds.of(seed, (long) draw));
    return fit(train.rows(drawn), config).top1(test);
  }

  /**
   * A classifier of plain features, fitted to the few labelled images alone: their statistics are
   * the ones that features are standardised with.
   */
  static LinearClassifier fit(LabelledFeatures shots, EvaluateConfig.LowShot config) {
    if (!config.standardise()) {
      return LogisticRegression.fit(shots, config.c());
    }
    Standardisation standardisation = Standardisation.of(shots);
    int dim = shots.dim();
    float[] x = new float[shots.values().length];
    for (int i = 0; i < shots.rows(); i++) {
      standardisation.copy(shots.values(), i, x, i * dim);
    }
    LinearClassifier standardised =
        LogisticRegression.fit(
            new LabelledFeatures(x, dim, shots.labels(), shots.classes()), config.c());
    return standardisation.unfold(standardised.weights(), standardised.biases());
  }

  /**
   * Rows of {@code perClass} random images of every class, without repetition, class after class.
   *
   * @throws IllegalArgumentException if a class has fewer; all of them are named
   */
  static int[] draw(int[] labels, int classes, int perClass, long seed) {
    int[] count = new int[classes];
    for (int label : labels) {
      count[label]++;
    }
    StringBuilder missing = new StringBuilder();
    for (int c = 0; c < classes; c++) {
      if (count[c] < perClass) {
        missing.append(missing.isEmpty() ? "" : ", ").append("class ").append(c).append(" has ");
        missing.append(count[c]);
      }
    }
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(
          "low-shot classifiers need "
              + perClass
              + " labelled training images per class, but "
              + missing
              + "; use a smaller perClass");
    }
    int[] drawn = new int[Math.multiplyExact(classes, perClass)];
    for (int c = 0; c < classes; c++) {
      int[] members = new int[count[c]];
      int m = 0;
      for (int i = 0; i < labels.length; i++) {
        if (labels[i] == c) {
          members[m++] = i;
        }
      }
      Seeds.shuffle(members, 0, m, Seeds.random(Seeds.of(seed, (long) c)));
      System.arraycopy(members, 0, drawn, c * perClass, perClass);
    }
    return drawn;
  }
}
