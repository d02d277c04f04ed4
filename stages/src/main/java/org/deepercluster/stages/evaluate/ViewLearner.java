package org.deepercluster.stages.evaluate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.model.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What is trained on random views of labelled images, batch after batch. */
interface ViewLearner extends AutoCloseable {
  /** Channels of its input: 1 or 3. */
  int channels();

  /** Side of its input, in pixels. */
  int size();

  /** Names of the losses that a step gives. */
  List<String> losses();

  /**
   * One step of the optimiser.
   *
   * @param x [b, channels, size, size], normalised
   * @param images what the b views are of
   * @param t number of the step, from 0
   * @return the losses of the batch before the step, as {@link #losses()} names them
   * @throws ArithmeticException when one is not finite
   */
  double[] step(INDArray x, int[] images, long t);

  /** All that further steps depend on. */
  LinkedHashMap<String, Tensor> state();

  /** Takes over what {@link #state()} gave. */
  void restore(Map<String, Tensor> state);

  @Override
  void close();

  /** Refuses a loss from which there is no way back. */
  static double finite(double loss, String name, long t, double lr) {
    if (!Double.isFinite(loss)) {
      throw new ArithmeticException(
          "the " + name + " is " + loss + " at step " + t + " with lr " + lr + ": is lr too high?");
    }
    return loss;
  }
}
