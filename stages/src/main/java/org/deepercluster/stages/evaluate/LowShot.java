package org.deepercluster.stages.evaluate;

import java.util.Arrays;
import java.util.List;
import org.deepercluster.stages.config.Seeds;

/**
 * Low-shot classification: L2-regularised multinomial logistic regression on a few labelled images
 * per class, repeated over seeded draws of these images.
 *
 * @param mean mean accuracy over the draws, percent
 * @param sd sample standard deviation (over draws − 1) of the accuracy, points; 0 for one draw
 * @param accuracies accuracy of every draw, percent
 */
public record LowShot(double mean, double sd, List<Double> accuracies) {
  /**
   * Fits and tests one classifier per draw.
   *
   * @param train labelled images to draw from
   * @param test labelled images to test on, at least one
   * @param config images per class, draws, C
   * @param seed seed of the draws
   * @throws IllegalArgumentException if a class has fewer training images than are drawn, or the
   *     two sets differ in dimension
   */
  public static LowShot evaluate(
      LabelledFeatures train, LabelledFeatures test, EvaluateConfig.LowShot config, long seed) {
    double[] accuracies = new double[config.draws()];
    for (int d = 0; d < accuracies.length; d++) {
      int[] drawn =
          draw(train.labels(), train.classes(), config.perClass(), Seeds.of(seed, (long) d));
      accuracies[d] = fit(train.rows(drawn), config).top1(test);
    }
    double mean = Arrays.stream(accuracies).sum() / accuracies.length;
    double squares = 0;
    for (double a : accuracies) {
      squares += (a - mean) * (a - mean);
    }
    double sd = accuracies.length > 1 ? Math.sqrt(squares / (accuracies.length - 1)) : 0;
    return new LowShot(mean, sd, Arrays.stream(accuracies).boxed().toList());
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

  /** The result under its stable name. */
  public Result result(int perClass, String layer) {
    return new Result(MetricNames.lowShot(perClass), MetricNames.TOP1, layer, mean, sd);
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
              + missing);
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
