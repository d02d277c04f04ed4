package org.deepercluster.stages.evaluate;

import org.deepercluster.stages.augment.AugmentConfig;

/** Protocols of the tests: the settings that matter there, all others at their defaults. */
final class Probes {
  private Probes() {}

  static EvaluateConfig.Linear linear(
      int epochs,
      int batchSize,
      double lr,
      double momentum,
      double weightDecay,
      boolean standardise) {
    return new EvaluateConfig.Linear(
        epochs,
        batchSize,
        lr,
        momentum,
        weightDecay,
        standardise,
        "all",
        "cached",
        null,
        new AugmentConfig(0.08, 1, 4.0 / 3, true),
        1000);
  }

  static EvaluateConfig.LowShot lowShot(int perClass, int draws, double c, boolean standardise) {
    return new EvaluateConfig.LowShot(perClass, draws, c, standardise, "all");
  }

  static EvaluateConfig.Knn knn(int neighbours, double temperature) {
    return new EvaluateConfig.Knn(neighbours, temperature, "last-block");
  }
}
