package org.deepercluster.stages.train;

/**
 * What one optimiser step measured, before its update.
 *
 * @param step number of the step, from 0
 * @param images size of the batch
 * @param superLoss mean of ℓ(V·relu(f), s), in nats; 0 without V
 * @param subLoss mean of ℓ(W_s·relu(f), z) over images and heads, in nats; 0 without W
 * @param superCorrect images whose super-class V found
 * @param subCorrect images whose sub-class their W_s found; with several heads the sum over them
 */
public record StepResult(
    long step, int images, double superLoss, double subLoss, int superCorrect, int subCorrect) {
  /** Both parts of the loss together. */
  public double loss() {
    return superLoss + subLoss;
  }
}
