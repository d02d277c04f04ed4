package org.deepercluster.stages.model;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Adaptive average pooling of square or oblong maps to {@code size}×{@code size}, as PyTorch's:
 * output i is the mean of rows ⌊i·h/size⌋ to ⌈(i+1)·h/size⌉ − 1, columns alike; smaller maps are
 * spread. A linear map, so it is computed as one matrix product.
 */
final class AdaptiveAveragePool {
  private AdaptiveAveragePool() {}

  /** The pooling of an h × w map as a matrix [h·w, size·size]. */
  static INDArray matrix(int height, int width, int size) {
    float[] values = new float[height * width * size * size];
    for (int i = 0; i < size; i++) {
      int top = i * height / size;
      int bottom = ((i + 1) * height + size - 1) / size;
      for (int j = 0; j < size; j++) {
        int left = j * width / size;
        int right = ((j + 1) * width + size - 1) / size;
        float share = 1f / ((bottom - top) * (right - left));
        for (int y = top; y < bottom; y++) {
          for (int x = left; x < right; x++) {
            values[(y * width + x) * size * size + i * size + j] = share;
          }
        }
      }
    }
    return Nd4j.createFromArray(values).reshape('c', height * width, size * size);
  }

  /** x [b, c, h, w] → out [b, c·size·size]. */
  static void forward(INDArray x, INDArray matrix, INDArray out) {
    INDArray rows = x.reshape('c', x.size(0) * x.size(1), x.size(2) * x.size(3));
    INDArray result = out.reshape('c', rows.size(0), matrix.size(1));
    Nd4j.gemm(matrix, rows, result.transpose(), true, true, 1, 0);
  }

  /** dOut [b, c·size·size] → dx [b, c, h, w]. */
  static void backward(INDArray dOut, INDArray matrix, INDArray dx) {
    INDArray rows = dx.reshape('c', dx.size(0) * dx.size(1), dx.size(2) * dx.size(3));
    INDArray gradient = dOut.reshape('c', rows.size(0), matrix.size(1));
    Nd4j.gemm(matrix, gradient, rows.transpose(), false, true, 1, 0);
  }
}
