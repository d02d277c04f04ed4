package org.deepercluster.stages.train;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.model.Normal;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.targets.Targets;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The linear classifiers on relu(f_θ(x)): V over the super-classes, and for each super-class s a
 * W_s over its sub-classes (with SeLa, for each head h a W_h over its labels). Which of them exist
 * is said by {@link Targets}.
 *
 * <p>All parameters lie in one flat array, and so do their gradients: V's weights [S, d] row-major,
 * V's biases [S], then for each W in turn, s = 0..S-1, the weights [K, d] and biases [K] of W_s.
 * One instance serves one thread at a time.
 */
public final class Heads {
  /** Standard deviation of fresh weights; fresh biases are zero. */
  private static final double WEIGHT_SD = 0.01;

  private final Targets targets;
  private final int featureDim;
  private final INDArray parameters;
  private final INDArray gradients;
  private final Linear v;
  private final Linear[] w;

  /**
   * One linear classifier; all are views.
   *
   * @param weight [outputs, d]
   * @param bias [1, outputs]
   */
  record Linear(
      int outputs,
      long begin,
      INDArray weight,
      INDArray bias,
      INDArray weightGradient,
      INDArray biasGradient) {}

  /**
   * Fresh heads.
   *
   * @param targets says which heads there are
   * @param featureDim d, the trunk's output dimension
   * @param seed of their weights
   */
  public Heads(Targets targets, int featureDim, long seed) {
    if (featureDim < 1) {
      throw new IllegalArgumentException("featureDim must be at least 1, got " + featureDim);
    }
    this.targets = targets;
    this.featureDim = featureDim;
    int superClasses = targets.superClasses();
    int subClasses = targets.subClasses();
    long ofV = targets.hasV() ? size(superClasses) : 0;
    long ofW = targets.hasW() ? size(subClasses) : 0;
    int classifiers = targets.classifiers();
    long total = Math.addExact(ofV, Math.multiplyExact(ofW, (long) classifiers));
    parameters = Nd4j.zeros(DataType.FLOAT, 1, total);
    gradients = Nd4j.zeros(DataType.FLOAT, 1, total);
    v = targets.hasV() ? linear(0, superClasses) : null;
    w = new Linear[targets.hasW() ? classifiers : 0];
    for (int s = 0; s < w.length; s++) {
      w[s] = linear(ofV + s * ofW, subClasses);
    }
    if (v != null) {
      fill(v, seedOfV(seed));
    }
    fillW(seed);
  }

  private long size(int outputs) {
    return (long) outputs * (featureDim + 1);
  }

  private Linear linear(long begin, int outputs) {
    long weights = (long) outputs * featureDim;
    long end = begin + weights + outputs;
    return new Linear(
        outputs,
        begin,
        slice(parameters, begin, begin + weights).reshape('c', outputs, featureDim),
        slice(parameters, begin + weights, end),
        slice(gradients, begin, begin + weights).reshape('c', outputs, featureDim),
        slice(gradients, begin + weights, end));
  }

  private static INDArray slice(INDArray flat, long begin, long end) {
    return flat.get(NDArrayIndex.all(), NDArrayIndex.interval(begin, end));
  }

  /**
   * Starts the heads afresh, as a reassignment does: every W_s, and V when its classes change (m >
   * 1). The slices of {@code velocity} that belong to them become zero.
   *
   * @param seed of the new weights
   * @param velocity the optimiser's momentum of these heads, laid out as {@link #parameters()}
   */
  public void reset(long seed, INDArray velocity) {
    if (velocity.length() != parameters.length()) {
      throw new IllegalArgumentException(
          "momentum of "
              + velocity.length()
              + " values for "
              + parameters.length()
              + " parameters");
    }
    long from = 0;
    if (v != null) {
      if (targets.resetsV()) {
        fill(v, seedOfV(seed));
      } else {
        from = size(v.outputs());
      }
    }
    fillW(seed);
    if (from < velocity.length()) {
      slice(velocity.reshape(1, velocity.length()), from, velocity.length()).assign(0);
    }
  }

  private static long seedOfV(long seed) {
    return Seeds.of(seed, "heads.v");
  }

  private void fillW(long seed) {
    long stream = Seeds.of(seed, "heads.w");
    for (int s = 0; s < w.length; s++) {
      fill(w[s], Seeds.of(stream, s));
    }
  }

  private void fill(Linear linear, long seed) {
    SplittableRandom random = Seeds.random(seed);
    float[] row = new float[featureDim];
    for (int k = 0; k < linear.outputs(); k++) {
      Normal.fill(row, WEIGHT_SD, random);
      linear.weight().getRow(k).assign(Nd4j.createFromArray(row));
    }
    linear.bias().assign(0);
  }

  /** What the heads tell. */
  public Targets targets() {
    return targets;
  }

  /** d, the length of a feature vector. */
  public int featureDim() {
    return featureDim;
  }

  /** All parameters, [1, P] float32, a view: changing it changes the heads. */
  public INDArray parameters() {
    return parameters;
  }

  /** Gradients laid out as {@link #parameters()}, [1, P] float32, a view. */
  public INDArray gradients() {
    return gradients;
  }

  /** V, or null when there is one super-class. */
  Linear v() {
    return v;
  }

  /** W_s, or W_h with SeLa; only when {@link Targets#hasW()}. */
  Linear w(int s) {
    return w[s];
  }

  /**
   * Copies of all parameters by name: {@code v.weight} [S, d], {@code v.bias} [S], {@code
   * w.<s>.weight} [K, d], {@code w.<s>.bias} [K].
   */
  public Map<String, Tensor> tensors() {
    return tensors(parameters);
  }

  /**
   * Copies of {@code flat} by the names of the parameters.
   *
   * @param flat laid out as {@link #parameters()}: momentum, gradients
   */
  Map<String, Tensor> tensors(INDArray flat) {
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
    if (v != null) {
      put(tensors, "v", v, flat);
    }
    for (int s = 0; s < w.length; s++) {
      put(tensors, "w." + s, w[s], flat);
    }
    return tensors;
  }

  private void put(Map<String, Tensor> tensors, String name, Linear linear, INDArray flat) {
    INDArray row = flat.reshape(1, flat.length());
    long weights = (long) linear.outputs() * featureDim;
    long middle = linear.begin() + weights;
    tensors.put(
        name + ".weight",
        new Tensor(
            new int[] {linear.outputs(), featureDim},
            Floats.copy(slice(row, linear.begin(), middle))));
    tensors.put(
        name + ".bias", Tensor.vector(Floats.copy(slice(row, middle, middle + linear.outputs()))));
  }

  /**
   * Takes all parameters from tensors named as in {@link #tensors()}.
   *
   * @throws IllegalArgumentException when a tensor is missing or has another shape
   */
  public void load(Map<String, Tensor> tensors) {
    load(tensors, parameters);
  }

  /**
   * Fills {@code flat}, laid out as {@link #parameters()}, from tensors of the parameters' names.
   */
  void load(Map<String, Tensor> tensors, INDArray flat) {
    INDArray row = flat.reshape(1, flat.length());
    if (v != null) {
      take(tensors, "v", v, row);
    }
    for (int s = 0; s < w.length; s++) {
      take(tensors, "w." + s, w[s], row);
    }
  }

  private void take(Map<String, Tensor> tensors, String name, Linear linear, INDArray row) {
    long middle = linear.begin() + (long) linear.outputs() * featureDim;
    take(
        tensors,
        name + ".weight",
        new int[] {linear.outputs(), featureDim},
        slice(row, linear.begin(), middle));
    take(
        tensors,
        name + ".bias",
        new int[] {linear.outputs()},
        slice(row, middle, middle + linear.outputs()));
  }

  private static void take(
      Map<String, Tensor> tensors, String name, int[] shape, INDArray destination) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("no tensor '" + name + "' for the heads");
    }
    if (!Arrays.equals(tensor.shape(), shape)) {
      throw new IllegalArgumentException(
          "tensor '"
              + name
              + "' has shape "
              + Arrays.toString(tensor.shape())
              + ", the heads need "
              + Arrays.toString(shape));
    }
    destination.assign(Nd4j.createFromArray(tensor.data()).reshape(destination.shape()));
  }
}
