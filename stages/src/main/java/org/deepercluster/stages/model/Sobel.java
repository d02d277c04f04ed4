package org.deepercluster.stages.model;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Grey (mean of RGB), then the two 3×3 Sobel filters, with zero padding of the grey image: one
 * fixed linear map, so one untrained convolution from 3 channels to 2 (horizontal, then vertical
 * differences).
 */
final class Sobel {
  /** Left minus right; top minus bottom. */
  private static final float[][] FILTERS = {
    {1, 0, -1, 2, 0, -2, 1, 0, -1},
    {1, 2, 1, 0, 0, 0, -1, -2, -1}
  };

  private Sobel() {}

  /** The convolution's weight [2, 3, 3, 3]. */
  static INDArray weight() {
    float[] weight = new float[2 * 3 * 9];
    for (int o = 0; o < 2; o++) {
      for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 9; k++) {
          weight[(o * 3 + i) * 9 + k] = FILTERS[o][k] / 3;
        }
      }
    }
    return Nd4j.createFromArray(weight).reshape('c', 2, 3, 3, 3);
  }
}
