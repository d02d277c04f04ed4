package org.deepercluster.stages.model;

import java.util.SplittableRandom;

/** Normal values by Box and Muller's transform, the same on every platform. */
public final class Normal {
  private Normal() {}

  /** Fills {@code values} with draws from N(0, deviation²). */
  public static void fill(float[] values, double deviation, SplittableRandom random) {
    for (int i = 0; i < values.length; i += 2) {
      double radius = deviation * Math.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
      double angle = 2 * Math.PI * random.nextDouble();
      values[i] = (float) (radius * StrictMath.cos(angle));
      if (i + 1 < values.length) {
        values[i + 1] = (float) (radius * StrictMath.sin(angle));
      }
    }
  }
}
