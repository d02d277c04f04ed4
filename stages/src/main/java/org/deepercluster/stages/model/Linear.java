package org.deepercluster.stages.model;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * y = x·Wᵀ + b on row-major arrays, by the backend's matrix product: by slices of the batch, and
 * for the weight's gradient by blocks of outputs, which do not depend on the number of threads.
 */
final class Linear {
  private static final int ROWS = 16;
  private static final int BLOCKS = 8;

  private final INDArray weight;
  private final INDArray bias;
  private final INDArray weightGradient;
  private final INDArray biasGradient;
  private final boolean sliced;

  /**
   * @param weight [out, in]
   * @param bias [out]
   * @param weightGradient like {@code weight}
   * @param biasGradient like {@code bias}
   * @param sliced whether to cut the work into parts; not on a GPU
   */
  Linear(
      INDArray weight,
      INDArray bias,
      INDArray weightGradient,
      INDArray biasGradient,
      boolean sliced) {
    this.weight = weight;
    this.bias = bias;
    this.weightGradient = weightGradient;
    this.biasGradient = biasGradient;
    this.sliced = sliced;
  }

  /** x [b, in] → a new [b, out]. */
  INDArray forward(INDArray x, int threads) {
    INDArray y = Nd4j.createUninitialized(DataType.FLOAT, x.size(0), weight.size(0));
    int rows = sliced ? ROWS : (int) x.size(0);
    INDArray[] in = Arrays4.slices(x, rows);
    INDArray[] out = Arrays4.slices(y, rows);
    Arrays4.each(
        in.length,
        threads,
        (lane, s) -> {
          Nd4j.gemm(weight, in[s], out[s].transpose(), false, true, 1, 0);
          out[s].addiRowVector(bias);
        });
    return y;
  }

  /**
   * Fills the gradients of weight and bias.
   *
   * @param x what forward got
   * @param dy [b, out]
   * @param dx receives [b, in]; null where nobody needs it
   */
  void backward(INDArray x, INDArray dy, INDArray dx, int threads) {
    int outputs = (int) weight.size(0);
    int block = sliced ? (outputs + BLOCKS - 1) / BLOCKS : outputs;
    INDArray[] dw = Arrays4.slices(weightGradient, block);
    INDArray[] ofOutputs = Arrays4.slices(dy.transpose().dup('c'), block);
    Arrays4.each(
        dw.length,
        threads,
        (lane, s) -> Nd4j.gemm(x, ofOutputs[s], dw[s].transpose(), true, true, 1, 0));
    biasGradient.assign(dy.sum(0));
    if (dx == null) {
      return;
    }
    int rows = sliced ? ROWS : (int) x.size(0);
    INDArray[] dOut = Arrays4.slices(dy, rows);
    INDArray[] dIn = Arrays4.slices(dx, rows);
    Arrays4.each(
        dOut.length,
        threads,
        (lane, s) -> Nd4j.gemm(weight, dOut[s], dIn[s].transpose(), true, true, 1, 0));
  }
}
