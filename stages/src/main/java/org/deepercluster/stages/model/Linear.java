package org.deepercluster.stages.model;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** y = x·Wᵀ + b on row-major arrays, by the backend's matrix product. */
final class Linear {
  private final INDArray weight;
  private final INDArray bias;
  private final INDArray weightGradient;
  private final INDArray biasGradient;

  /**
   * @param weight [out, in]
   * @param bias [out]
   * @param weightGradient like {@code weight}
   * @param biasGradient like {@code bias}
   */
  Linear(INDArray weight, INDArray bias, INDArray weightGradient, INDArray biasGradient) {
    this.weight = weight;
    this.bias = bias;
    this.weightGradient = weightGradient;
    this.biasGradient = biasGradient;
  }

  /** x [b, in] → a new [b, out]. */
  INDArray forward(INDArray x) {
    INDArray y = Nd4j.createUninitialized(DataType.FLOAT, x.size(0), weight.size(0));
    Nd4j.gemm(weight, x, y.transpose(), false, true, 1, 0);
    return y.addiRowVector(bias);
  }

  /**
   * Fills the gradients of weight and bias.
   *
   * @param x what forward got
   * @param dy [b, out]
   * @param dx receives [b, in]
   */
  void backward(INDArray x, INDArray dy, INDArray dx) {
    Nd4j.gemm(x, dy, weightGradient.transpose(), true, false, 1, 0);
    biasGradient.assign(dy.sum(0));
    Nd4j.gemm(weight, dy, dx.transpose(), true, true, 1, 0);
  }
}
