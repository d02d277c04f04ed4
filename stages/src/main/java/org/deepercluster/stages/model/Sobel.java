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

  /**
   * The filters and a convolution of their two channels as one convolution of the three colours.
   *
   * @param weight [out, 2, 3, 3]
   * @return [out, 3, 5, 5]
   */
  static Tensor fold(Tensor weight) {
    int out = weight.shape()[0];
    float[] folded = new float[out * 3 * 25];
    for (int o = 0; o < out; o++) {
      double[] sum = new double[25];
      for (int c = 0; c < 2; c++) {
        for (int k = 0; k < 9; k++) {
          double w = weight.data()[(o * 2 + c) * 9 + k];
          for (int s = 0; s < 9; s++) {
            sum[(k / 3 + s / 3) * 5 + k % 3 + s % 3] += w * FILTERS[c][s] / 3;
          }
        }
      }
      for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 25; k++) {
          folded[(o * 3 + i) * 25 + k] = (float) sum[k];
        }
      }
    }
    return new Tensor(new int[] {out, 3, 5, 5}, folded);
  }
}
