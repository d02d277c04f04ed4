package org.deepercluster.stages.evaluate;

import java.util.Arrays;
import org.deepercluster.stages.config.Seeds;

/** Chooses a linear classifier's learning rate and weight decay without the test images. */
final class CrossValidation {
  private CrossValidation() {}

  /**
   * The settings with the highest accuracy, on average over the folds, on the fold that was left
   * out; of equally good ones the first. A learning rate at which training diverges is out of the
   * choice.
   *
   * @param train labelled feature vectors, at least as many as folds
   * @param config folds, learning rates and weight decays to choose from, and all else
   * @param seed of the folds and of the orders of training
   * @throws IllegalArgumentException if there are fewer images than folds
   * @throws ArithmeticException if training diverges for all of them
   */
  static EvaluateConfig.Linear choose(
      LabelledFeatures train, EvaluateConfig.Linear config, long seed) {
    int n = train.rows();
    if (n < config.folds()) {
      throw new IllegalArgumentException(
          "cross-validation in "
              + config.folds()
              + " folds needs at least as many labelled training images, but there are "
              + n);
    }
    double[] decays =
        config.foldWeightDecays() == null
            ? new double[] {config.weightDecay()}
            : Svm.numbers(config.foldWeightDecays());
    int[] order = new int[n];
    Arrays.setAll(order, i -> i);
    Seeds.shuffle(order, 0, n, Seeds.random(seed));
    EvaluateConfig.Linear best = null;
    double highest = -1;
    for (double lr : Svm.numbers(config.foldLrs())) {
      for (double decay : decays) {
        EvaluateConfig.Linear candidate = config.with(lr, decay);
        double accuracy = accuracy(train, candidate, config.folds(), order, seed);
        if (accuracy > highest) {
          highest = accuracy;
          best = candidate;
        }
      }
    }
    if (best == null) {
      throw new ArithmeticException(
          "the linear classifier diverged at every lr of " + config.foldLrs());
    }
    return best;
  }

  /** Mean accuracy in percent, or −1 where training diverges. */
  private static double accuracy(
      LabelledFeatures train, EvaluateConfig.Linear config, int folds, int[] order, long seed) {
    double sum = 0;
    for (int f = 0; f < folds; f++) {
      int fold = f;
      int[] out = positions(order, i -> i % folds == fold);
      int[] rest = positions(order, i -> i % folds != fold);
      try {
        LinearClassifier classifier =
            LinearProbe.train(train.rows(rest), config, Seeds.of(seed, (long) f));
        sum += classifier.top1(train.rows(out));
      } catch (ArithmeticException diverged) {
        return -1;
      }
    }
    return sum / folds;
  }

  private static int[] positions(int[] order, java.util.function.IntPredicate wanted) {
    return java.util.stream.IntStream.range(0, order.length)
        .filter(wanted)
        .map(i -> order[i])
        .toArray();
  }
}
