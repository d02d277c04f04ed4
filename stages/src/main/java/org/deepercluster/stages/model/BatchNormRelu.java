package org.deepercluster.stages.model;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Batch normalisation, ReLU and, where asked, 2×2 max pooling (stride 2) as one layer on NCHW
 * float32: a = pool(max(0, γ·(z − μ)/√(σ² + ε) + β)).
 *
 * <p>As PyTorch defines it: statistics over batch, rows and columns; ε = 1e-5; running statistics
 * move by 0.1 towards the batch's mean and <em>unbiased</em> variance. Ioffe and Szegedy, ICML
 * 2015.
 *
 * <p>One instance belongs to one trunk; its methods are called by one thread at a time.
 */
abstract class BatchNormRelu {
  /** ε, added to the variance. */
  static final double EPSILON = 1e-5;

  /** Step of the running statistics towards the batch's. */
  static final float MOMENTUM = 0.1f;

  final int channels;
  final boolean pool;

  /** γ, β and their gradients, each [channels]: views of the trunk's flat arrays. */
  final INDArray gamma;

  final INDArray beta;
  final INDArray gammaGradient;
  final INDArray betaGradient;

  /** Running mean and variance, in inference instead of the batch's; initially 0 and 1. */
  final float[] runningMean;

  final float[] runningVariance;

  /**
   * Whether training, too, normalises with the running statistics and leaves them as they are: the
   * batch's play no part then, neither forward nor backward.
   */
  boolean frozen;

  /** The layer's four parameter arrays. */
  record Parameters(INDArray gamma, INDArray beta, INDArray gammaGradient, INDArray betaGradient) {}

  BatchNormRelu(Parameters parameters, boolean pool) {
    this.channels = (int) parameters.gamma().length();
    this.pool = pool;
    this.gamma = parameters.gamma();
    this.beta = parameters.beta();
    this.gammaGradient = parameters.gammaGradient();
    this.betaGradient = parameters.betaGradient();
    this.runningMean = new float[channels];
    this.runningVariance = new float[channels];
    java.util.Arrays.fill(runningVariance, 1);
  }

  /**
   * Training: batch statistics; moves the running ones. The running ones alone if {@link #frozen}.
   *
   * @param z [b, c, h, w], kept by the caller until {@link #backward}
   * @param a receives [b, c, h, w], or [b, c, ⌊h/2⌋, ⌊w/2⌋] with pooling
   */
  abstract void forward(INDArray z, INDArray a);

  /**
   * After {@link #forward}: the gradients of γ and β, and dz.
   *
   * @param z what forward got; overwritten by dz
   * @param a what forward gave
   * @param da shape of {@code a}
   */
  abstract void backward(INDArray z, INDArray a, INDArray da);

  /**
   * Inference: running statistics. Several threads may call it, each with its own arrays.
   *
   * @param z [b, c, h, w]
   * @param full receives the map before pooling, or null if it is not wanted; may be {@code z}
   * @param a receives the pooled map; null without pooling
   */
  abstract void infer(INDArray z, INDArray full, INDArray a);

  final void moveRunning(int channel, double mean, double variance, double count) {
    runningMean[channel] += MOMENTUM * ((float) mean - runningMean[channel]);
    float unbiased = (float) (variance * (count / Math.max(1, count - 1)));
    runningVariance[channel] += MOMENTUM * (unbiased - runningVariance[channel]);
  }
}
