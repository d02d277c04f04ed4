package org.deepercluster.stages.train;

import java.util.Arrays;
import java.util.LinkedHashMap;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.targets.Targets;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Trains θ, V and the W_s by SGD, one batch at a time. One instance serves one thread at a time.
 *
 * <p>A W_s without images in a batch has gradient zero; momentum and weight decay act on it all the
 * same, as they do in PyTorch on a parameter whose gradient is zero.
 */
public final class Trainer implements AutoCloseable {
  private final Trunk trunk;
  private final Heads heads;
  private final Sgd trunkSgd;
  private final Sgd headsSgd;
  private final long[] samples;
  private long step;

  /**
   * A trainer at step 0, with fresh heads.
   *
   * @param trunk θ, taken over: {@link #close} closes it
   * @param targets what the heads tell
   * @param momentum μ, in [0, 1)
   * @param weightDecay wd, at least 0
   * @param headSeed of the heads' weights
   */
  public Trainer(Trunk trunk, Targets targets, double momentum, double weightDecay, long headSeed) {
    this.trunk = trunk;
    heads = new Heads(targets, trunk.featureDim(), headSeed);
    trunkSgd = new Sgd(trunk.parameters().length(), momentum, weightDecay);
    headsSgd = new Sgd(heads.parameters().length(), momentum, weightDecay);
    samples = new long[targets.superClasses()];
  }

  /**
   * One optimiser step on one batch.
   *
   * @param batch b ≥ 1 images; batch norm's statistics are over the b · h · w values of a channel,
   *     so that a batch of one image is possible
   * @param lr learning rate
   * @param dropoutSeed of the dropout masks of this step
   * @throws IllegalArgumentException when sizes do not fit the trunk or a target is out of range
   * @throws ArithmeticException when the loss is not finite; θ and the heads are then as before
   */
  public StepResult step(Batch batch, double lr, long dropoutSeed) {
    int channels = trunk.inputChannels();
    int size = trunk.config().imageSize();
    long values = (long) batch.size() * channels * size * size;
    if (batch.x().length != values) {
      throw new IllegalArgumentException(
          "a batch of "
              + batch.size()
              + " images of "
              + channels
              + "×"
              + size
              + "×"
              + size
              + " has "
              + values
              + " values, got "
              + batch.x().length);
    }
    INDArray x = Nd4j.createFromArray(batch.x()).reshape('c', batch.size(), channels, size, size);
    return step(x, batch.superClass(), batch.subClass(), lr, dropoutSeed);
  }

  /**
   * One optimiser step on one batch, as {@link #step(Batch, double, long)}.
   *
   * @param x [b, c, h, w] float32, normalised
   * @param superClass s of each image
   * @param subClass z of each image within its super-class; with H heads [b, H] row-major
   */
  public StepResult step(
      INDArray x, int[] superClass, int[] subClass, double lr, long dropoutSeed) {
    INDArray features = trunk.forwardTrain(x, dropoutSeed);
    HierarchicalLoss.Result loss = HierarchicalLoss.evaluate(heads, features, superClass, subClass);
    if (!Double.isFinite(loss.loss())) {
      throw new ArithmeticException(
          "the loss is "
              + loss.loss()
              + " at step "
              + step
              + " with lr "
              + lr
              + ": is lr too high?");
    }
    trunk.backward(loss.featureGradient());
    trunkSgd.step(trunk.parameters(), trunk.gradients(), lr);
    headsSgd.step(heads.parameters(), heads.gradients(), lr);
    for (int s : superClass) {
      samples[s]++;
    }
    return new StepResult(
        step++,
        loss.images(),
        loss.superLoss(),
        loss.subLoss(),
        loss.superCorrect(),
        loss.subCorrect());
  }

  /** Starts every W_s, and V for m > 1, afresh with zero momentum, as a reassignment asks. */
  public void resetHeads(long seed) {
    heads.reset(seed, headsSgd.velocity());
  }

  /** Optimiser steps so far. */
  public long step() {
    return step;
  }

  /** θ. */
  public Trunk trunk() {
    return trunk;
  }

  /** V and the W_s. */
  public Heads heads() {
    return heads;
  }

  Checkpoint checkpoint() {
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
    trunk.tensors().forEach((name, tensor) -> tensors.put(Checkpoint.TRUNK + name, tensor));
    heads.tensors().forEach((name, tensor) -> tensors.put(Checkpoint.HEADS + name, tensor));
    tensors.put(Checkpoint.TRUNK_MOMENTUM, Tensor.vector(Floats.copy(trunkSgd.velocity())));
    heads
        .tensors(headsSgd.velocity())
        .forEach((name, tensor) -> tensors.put(Checkpoint.HEADS_MOMENTUM + name, tensor));
    return new Checkpoint(heads.targets(), tensors, step, samples.clone());
  }

  void restore(Checkpoint checkpoint) {
    if (!checkpoint.targets().equals(heads.targets())) {
      throw new IllegalArgumentException(
          "the training state is of " + checkpoint.targets() + ", not of " + heads.targets());
    }
    Tensor momentum = checkpoint.tensors().get(Checkpoint.TRUNK_MOMENTUM);
    long size = trunkSgd.velocity().length();
    if (momentum == null || momentum.data().length != size) {
      throw new IllegalArgumentException(
          "the training state's trunk momentum is "
              + (momentum == null ? "missing" : Arrays.toString(momentum.shape()))
              + ", the trunk has "
              + size
              + " parameters");
    }
    trunk.load(checkpoint.trunk());
    heads.load(checkpoint.part(Checkpoint.HEADS));
    trunkSgd.velocity().assign(Nd4j.createFromArray(momentum.data()).reshape(1, size));
    heads.load(checkpoint.part(Checkpoint.HEADS_MOMENTUM), headsSgd.velocity());
    System.arraycopy(checkpoint.samples(), 0, samples, 0, samples.length);
    step = checkpoint.step();
  }

  /** Closes the trunk. */
  @Override
  public void close() {
    trunk.close();
  }
}
