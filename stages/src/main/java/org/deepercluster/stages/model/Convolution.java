package org.deepercluster.stages.model;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.impl.layers.convolution.Conv2D;
import org.nd4j.linalg.api.ops.impl.layers.convolution.Conv2DDerivative;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A 3×3 convolution with padding 1 and stride 1 on NCHW float32: ND4J's native {@code conv2d} and
 * {@code conv2d_bp}, the same operations that Deeplearning4j's oneDNN layer helper runs, on arrays
 * that the caller owns. (The layer would run its forward pass twice in training: once forward, once
 * more at the start of its backward pass.)
 */
final class Convolution {
  // kernel, stride, padding, dilation, explicit padding, NCHW, weights [out, in, kh, kw]
  private static final long[] ARGUMENTS = {3, 3, 1, 1, 1, 1, 1, 1, 0, 0, 1};

  private final INDArray weight;
  private final INDArray bias;
  private final INDArray weightGradient;
  private final INDArray biasGradient;
  private final OpContext forward = context();
  private final OpContext backward = context();

  /**
   * @param weight [out, in, 3, 3]
   * @param bias [out], or null for none
   * @param weightGradient like {@code weight}; null where no gradient is wanted
   * @param biasGradient like {@code bias}
   */
  Convolution(INDArray weight, INDArray bias, INDArray weightGradient, INDArray biasGradient) {
    this.weight = weight;
    this.bias = bias;
    this.weightGradient = weightGradient;
    this.biasGradient = biasGradient;
  }

  /** z = w ∗ x + b: x [b, in, h, w] → z [b, out, h, w]. */
  void forward(INDArray x, INDArray z) {
    forward.purge();
    forward.setInputArrays(
        bias == null ? new INDArray[] {x, weight} : new INDArray[] {x, weight, bias});
    forward.setOutputArrays(z);
    Nd4j.exec(new Conv2D(), forward);
  }

  /** Fills the weights' and bias's gradients from dz, and dx. */
  void backward(INDArray x, INDArray dz, INDArray dx) {
    backward.purge();
    backward.setInputArrays(x, weight, bias, dz);
    backward.setOutputArrays(dx, weightGradient, biasGradient);
    Nd4j.exec(new Conv2DDerivative(), backward);
  }

  private static OpContext context() {
    OpContext context = Nd4j.getExecutioner().buildContext();
    context.setIArguments(ARGUMENTS);
    return context;
  }
}
