package org.deepercluster.stages.evaluate;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.model.Normal;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.train.Sgd;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A linear layer y = W·x + b with its gradient and its momentum, where the images come in batches
 * that nobody keeps: the output layer of a fine-tuned network, a probe on random views. Starts at
 * zero.
 */
final class SgdLinear implements AutoCloseable {
  private final int outputs;
  private final int inputs;

  /** W [outputs, inputs] row-major, then b; and their gradients. */
  private final INDArray parameters;

  private final INDArray gradients;
  private final INDArray weight;
  private final INDArray weightGradient;
  private final Sgd sgd;

  SgdLinear(int outputs, int inputs, double momentum, double weightDecay, boolean nesterov) {
    this.outputs = outputs;
    this.inputs = inputs;
    long size = (long) outputs * (inputs + 1);
    parameters = Nd4j.zeros(DataType.FLOAT, 1, size);
    gradients = Nd4j.zeros(DataType.FLOAT, 1, size);
    weight = matrix(parameters);
    weightGradient = matrix(gradients);
    sgd = new Sgd(size, momentum, weightDecay, nesterov);
  }

  private INDArray matrix(INDArray flat) {
    return flat.get(NDArrayIndex.all(), NDArrayIndex.interval(0, (long) outputs * inputs))
        .reshape('c', outputs, inputs);
  }

  private static INDArray biases(INDArray flat, int outputs) {
    return flat.get(
        NDArrayIndex.all(), NDArrayIndex.interval(flat.length() - outputs, flat.length()));
  }

  /** Weights N(0, deviation²), every bias {@code bias}. */
  void initialise(long seed, double deviation, double bias) {
    float[] w = new float[Math.toIntExact((long) outputs * inputs)];
    Normal.fill(w, deviation, Seeds.random(seed));
    weight.assign(Matrices.of(w, outputs, inputs));
    biases(parameters, outputs).assign(bias);
  }

  /**
   * W·x + b of every row.
   *
   * @param x [b, inputs], order c
   * @return b × outputs, row-major
   */
  float[] logits(INDArray x) {
    int rows = (int) x.size(0);
    float[] y;
    try (INDArray product = Matrices.columnMajor(outputs, rows)) {
      Matrices.gemm(weight, x, product, false, true);
      y = Matrices.values(product);
    }
    float[] b = biases(parameters, outputs).toFloatVector();
    for (int i = 0; i < y.length; i++) {
      y[i] += b[i % outputs];
    }
    return y;
  }

  /**
   * Fills the gradients.
   *
   * @param x what {@link #logits} got
   * @param dLogits b × outputs, row-major
   */
  void backward(INDArray x, float[] dLogits) {
    try (INDArray dy = Matrices.of(dLogits, (int) x.size(0), outputs)) {
      // the transpose of a row-major matrix is a column-major one
      Matrices.gemm(x, dy, weightGradient.transpose(), true, false);
    }
    float[] db = new float[outputs];
    for (int i = 0; i < dLogits.length; i++) {
      db[i % outputs] += dLogits[i];
    }
    biases(gradients, outputs).assign(Matrices.of(db, 1, outputs));
  }

  /** The loss's gradient with respect to x: a new [b, inputs] in order c. */
  INDArray inputGradient(float[] dLogits) {
    int rows = dLogits.length / outputs;
    try (INDArray dy = Matrices.of(dLogits, rows, outputs)) {
      INDArray dx = Matrices.rowMajor(rows, inputs);
      Matrices.gemm(weight, dy, dx.transpose(), true, true);
      return dx;
    }
  }

  /** All gradients, [1, outputs · (inputs + 1)]; a view. */
  INDArray gradients() {
    return gradients;
  }

  /** A step of {@link Sgd}. Uses the gradients up. */
  void step(double lr) {
    sgd.step(parameters, gradients, lr);
  }

  /** W, b and their momentum under names that begin with {@code prefix}. */
  Map<String, Tensor> state(String prefix) {
    Map<String, Tensor> state = new LinkedHashMap<>();
    state.put(
        prefix + "weight",
        new Tensor(new int[] {outputs, inputs}, weight.reshape(weight.length()).toFloatVector()));
    state.put(prefix + "bias", Tensor.vector(biases(parameters, outputs).toFloatVector()));
    state.put(prefix + "momentum", Tensor.vector(sgd.velocity().toFloatVector()));
    return state;
  }

  /** Takes over what {@link #state} gave. */
  void restore(String prefix, Map<String, Tensor> state) {
    weight.assign(Matrices.of(state.get(prefix + "weight").data(), outputs, inputs));
    biases(parameters, outputs).assign(Matrices.of(state.get(prefix + "bias").data(), 1, outputs));
    sgd.velocity()
        .assign(Matrices.of(state.get(prefix + "momentum").data(), 1, (int) parameters.length()));
  }

  @Override
  public void close() {
    for (INDArray a : new INDArray[] {parameters, gradients, sgd.velocity()}) {
      if (a.closeable()) {
        a.close();
      }
    }
  }
}
