package org.deepercluster.stages.model;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.impl.layers.convolution.Conv2D;
import org.nd4j.linalg.api.ops.impl.layers.convolution.Conv2DDerivative;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A square convolution with stride 1 on NCHW float32, 3×3 with padding 1 unless said: ND4J's native
 * {@code conv2d} and {@code conv2d_bp}, the same operations that Deeplearning4j's oneDNN layer
 * helper runs, on arrays that the caller owns. (The layer would run its forward pass twice in
 * training: once forward, once more at the start of its backward pass.)
 *
 * <p>Work is spread over threads by slices of the batch, each convolved by one native thread:
 * slices and the order in which their gradients are added do not depend on the number of threads.
 */
final class Convolution {
  private final INDArray weight;
  private final INDArray bias;
  private final INDArray weightGradient;
  private final INDArray biasGradient;
  private final long[] arguments;
  private final List<OpContext> forward = new ArrayList<>();
  private final List<OpContext> backward = new ArrayList<>();
  private final Arrays4.Slot weightGradients = new Arrays4.Slot();
  private final Arrays4.Slot biasGradients = new Arrays4.Slot();

  /**
   * @param weight [out, in, 3, 3]
   * @param bias [out], or null for none
   * @param weightGradient like {@code weight}; null where no gradient is wanted
   * @param biasGradient like {@code bias}
   */
  Convolution(INDArray weight, INDArray bias, INDArray weightGradient, INDArray biasGradient) {
    this(weight, bias, weightGradient, biasGradient, 1);
  }

  /**
   * As the other, with the kernel's side taken from {@code weight} [out, in, k, k] and any zero
   * padding.
   */
  Convolution(
      INDArray weight, INDArray bias, INDArray weightGradient, INDArray biasGradient, int padding) {
    long kernel = weight.size(2);
    // kernel, stride, padding, dilation, explicit padding, NCHW, weights [out, in, kh, kw]
    this.arguments = new long[] {kernel, kernel, 1, 1, padding, padding, 1, 1, 0, 0, 1};
    this.weight = weight;
    this.bias = bias;
    this.weightGradient = weightGradient;
    this.biasGradient = biasGradient;
  }

  /** Makes the lanes 0 ≤ lane &lt; {@code lanes} ready for {@link #forward}. */
  void prepare(int lanes) {
    while (forward.size() < lanes) {
      forward.add(context());
      backward.add(context());
    }
  }

  /**
   * z = w ∗ x + b: x [b, in, h, w] → z [b, out, h + 2p − k + 1, w + 2p − k + 1], in the calling
   * thread's lane.
   */
  void forward(int lane, INDArray x, INDArray z) {
    OpContext context = forward.get(lane);
    context.purge();
    context.setInputArrays(
        bias == null ? new INDArray[] {x, weight} : new INDArray[] {x, weight, bias});
    context.setOutputArrays(z);
    Nd4j.exec(new Conv2D(), context);
  }

  /** {@link #forward(int, INDArray, INDArray)} of every slice. */
  void forward(INDArray[] x, INDArray[] z, int threads) {
    prepare(threads);
    Arrays4.each(x.length, threads, (lane, s) -> forward(lane, x[s], z[s]));
  }

  /**
   * Fills the weight's and bias's gradients from dz, and dx. Each slice has partial gradients of
   * its own, which are then added in the slices' order: the sum is the same for any number of
   * threads.
   */
  void backward(INDArray[] x, INDArray[] dz, INDArray[] dx, int threads) {
    prepare(threads);
    if (x.length == 1) {
      Arrays4.each(
          1, 1, (lane, s) -> backward(0, x[0], dz[0], dx[0], weightGradient, biasGradient));
      return;
    }
    long[] shape = weight.shape();
    weightGradients.get(x.length * shape[0], shape[1], shape[2], shape[3]);
    biasGradients.get(x.length * shape[0]);
    int out = (int) shape[0];
    INDArray[] dw = weightGradients.slices(out);
    INDArray[] db = biasGradients.slices(out);
    Arrays4.each(x.length, threads, (lane, s) -> backward(lane, x[s], dz[s], dx[s], dw[s], db[s]));
    add(dw, weightGradient, threads);
    add(db, biasGradient, 1);
  }

  private void backward(int lane, INDArray x, INDArray dz, INDArray dx, INDArray dw, INDArray db) {
    OpContext context = backward.get(lane);
    context.purge();
    context.setInputArrays(x, weight, bias, dz);
    context.setOutputArrays(dx, dw, db);
    Nd4j.exec(new Conv2DDerivative(), context);
  }

  private static void add(INDArray[] parts, INDArray sum, int threads) {
    FloatBuffer[][] rows = new FloatBuffer[parts.length][];
    for (int s = 0; s < parts.length; s++) {
      rows[s] = Arrays4.images(parts[s]);
    }
    FloatBuffer[] target = Arrays4.images(sum);
    Arrays4.each(
        target.length,
        threads,
        (lane, o) -> {
          float[] total = new float[target[o].remaining()];
          float[] part = new float[total.length];
          rows[0][o].get(0, total);
          for (int s = 1; s < rows.length; s++) {
            rows[s][o].get(0, part);
            for (int i = 0; i < total.length; i++) {
              total[i] += part[i];
            }
          }
          target[o].put(0, total);
        });
  }

  void close() {
    weightGradients.close();
    biasGradients.close();
  }

  private OpContext context() {
    OpContext context = Nd4j.getExecutioner().buildContext();
    context.setIArguments(arguments);
    return context;
  }
}
