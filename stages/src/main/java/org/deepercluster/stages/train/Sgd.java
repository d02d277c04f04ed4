package org.deepercluster.stages.train;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Stochastic gradient descent with momentum as PyTorch defines it: {@code v ← μ·v + g + wd·θ; θ ← θ
 * − lr·v}, on all parameters alike, biases and batch norm too; with Nesterov's momentum {@code θ ←
 * θ − lr·(g + wd·θ + μ·v)}. The momentum starts at zero.
 */
public final class Sgd {
  private final double momentum;
  private final double weightDecay;
  private final boolean nesterov;
  private final INDArray velocity;

  /**
   * Optimiser of {@code size} parameters with plain momentum.
   *
   * @param momentum μ, in [0, 1)
   * @param weightDecay wd, at least 0
   */
  public Sgd(long size, double momentum, double weightDecay) {
    this(size, momentum, weightDecay, false);
  }

  /** As above, where {@code nesterov} with Nesterov's momentum. */
  public Sgd(long size, double momentum, double weightDecay, boolean nesterov) {
    if (!(momentum >= 0 && momentum < 1)) {
      throw new IllegalArgumentException("momentum must be in [0, 1), got " + momentum);
    }
    if (!(weightDecay >= 0 && weightDecay < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("weightDecay must be at least 0, got " + weightDecay);
    }
    this.momentum = momentum;
    this.weightDecay = weightDecay;
    this.nesterov = nesterov;
    this.velocity = Nd4j.zeros(DataType.FLOAT, 1, size);
  }

  /** v, [1, P] float32, laid out as the parameters; a view. */
  public INDArray velocity() {
    return velocity;
  }

  /**
   * One update, in place.
   *
   * @param parameters θ, P values float32
   * @param gradients g, P values float32; is used up
   * @param lr learning rate, at least 0
   * @throws IllegalArgumentException when the sizes disagree or lr is no number ≥ 0
   */
  public void step(INDArray parameters, INDArray gradients, double lr) {
    if (parameters.length() != velocity.length() || gradients.length() != velocity.length()) {
      throw new IllegalArgumentException(
          "optimiser of "
              + velocity.length()
              + " parameters got "
              + parameters.length()
              + " and "
              + gradients.length()
              + " gradients");
    }
    if (!(lr >= 0 && lr < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("lr must be at least 0, got " + lr);
    }
    if (velocity.length() == 0) {
      return;
    }
    if (weightDecay != 0) {
      axpy(weightDecay, parameters, gradients);
    }
    velocity.muli(momentum);
    axpy(1, gradients, velocity);
    if (nesterov) {
      axpy(momentum, velocity, gradients);
    }
    axpy(-lr, nesterov ? gradients : velocity, parameters);
  }

  /** {@code y ← y + a·x}. */
  private static void axpy(double a, INDArray x, INDArray y) {
    Nd4j.getBlasWrapper().level1().axpy(x.length(), a, x, y);
  }
}
