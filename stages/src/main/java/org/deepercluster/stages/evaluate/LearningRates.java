package org.deepercluster.stages.evaluate;

import java.io.Serializable;
import org.deepercluster.stages.train.LearningRate;

/** Courses of the learning rate of the transfer protocols: the rate of step t, from 0. */
@FunctionalInterface
interface LearningRates extends Serializable {
  /** The learning rate of step {@code t}. */
  double at(long t);

  /**
   * lr · factor^⌊t / every⌋.
   *
   * @param every steps between two changes, at least 1
   */
  static LearningRates steps(double lr, double factor, long every) {
    if (every < 1) {
      throw new IllegalArgumentException("the rate changes every " + every + " steps");
    }
    return t -> {
      long changes = t / every;
      return lr * StrictMath.pow(factor, (double) changes);
    };
  }

  /**
   * lr/2 · (1 + cos(π · t / total)).
   *
   * @param total steps after which it is 0, at least 1
   */
  static LearningRates cosine(double lr, long total) {
    return t -> LearningRate.COSINE.at(lr, t, total);
  }

  /** lr / √(1 + lr·wd·t) (Caron et al., ICCV 2019). */
  static LearningRates inverseRoot(double lr, double weightDecay) {
    return t -> lr / Math.sqrt(1 + lr * weightDecay * t);
  }
}
