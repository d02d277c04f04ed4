package org.deepercluster.stages.train;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.model.Tensor;

/**
 * Averages the training state of data-parallel workers that set out from the same weights: weights,
 * momentum, and the batch-norm running mean and E[x²] (the variance is E[x²] less the squared
 * mean).
 *
 * <ul>
 *   <li>Sums are in double precision, in the order of the workers' numbers, so the result does not
 *       depend on which worker was ready first.
 *   <li>W_s and its momentum are averaged over the workers that had images of super-class s since
 *       the last averaging; over all of them where none had. SeLa's W_h see all images, and are
 *       averaged as θ is.
 *   <li>A worker without any image since the last averaging still has the weights it set out from,
 *       and is left out; when all are such, the first one's state is the result.
 *   <li>One worker's state, or equal states, come out bit for bit as they are.
 * </ul>
 *
 * <p>Holds one double per value, whatever the number of workers; each {@link Checkpoint} can be
 * dropped once it is added.
 */
public final class Averaging {
  private static final String MEAN = ".running_mean";
  private static final String VARIANCE = ".running_var";

  private final Map<String, Sum> sums = new LinkedHashMap<>();
  private Checkpoint first;
  private int lastWorker = -1;
  private int trained;
  private long step;

  /** An average over nobody yet. */
  public Averaging() {}

  /**
   * The average of the workers' states.
   *
   * @param inWorkerOrder one state per worker, by the workers' numbers
   * @throws IllegalArgumentException when the list is empty or the states do not match
   */
  public static Checkpoint average(List<Checkpoint> inWorkerOrder) {
    Averaging averaging = new Averaging();
    for (int worker = 0; worker < inWorkerOrder.size(); worker++) {
      averaging.add(worker, inWorkerOrder.get(worker));
    }
    return averaging.result();
  }

  /**
   * Adds the state of the next worker.
   *
   * @param worker its number, larger than that of the worker before
   * @param state after its local steps
   * @throws IllegalArgumentException when workers come in another order, or the state's targets or
   *     tensors differ from the first one's
   */
  public void add(int worker, Checkpoint state) {
    if (worker <= lastWorker) {
      throw new IllegalArgumentException(
          "workers must be added by increasing number: " + worker + " came after " + lastWorker);
    }
    if (first != null) {
      checkSame(worker, state);
    }
    lastWorker = worker;
    step = Math.max(step, state.step());
    boolean idle = state.images() == 0;
    if (first == null || (trained == 0 && !idle)) {
      first = state;
    }
    if (idle) {
      return;
    }
    trained++;
    for (Map.Entry<String, Tensor> e : state.tensors().entrySet()) {
      String name = e.getKey();
      float[] values = e.getValue().data();
      int s = state.superClassOf(name);
      Sum sum = sums.computeIfAbsent(name, n -> new Sum(values.length, n.endsWith(VARIANCE)));
      if (!sum.take(s < 0 || state.samples()[s] > 0)) {
        continue;
      }
      sum.add(values);
      if (name.endsWith(VARIANCE)) {
        String mean = name.substring(0, name.length() - VARIANCE.length()) + MEAN;
        Tensor means = state.tensors().get(mean);
        if (means == null || means.data().length != values.length) {
          throw new IllegalArgumentException("tensor '" + name + "' has no partner '" + mean + "'");
        }
        sum.addMeans(means.data());
      }
    }
  }

  /**
   * The average of what was added: the largest step count, and no images since the averaging.
   *
   * @throws IllegalStateException when nothing was added
   */
  public Checkpoint result() {
    if (first == null) {
      throw new IllegalStateException("an average needs at least one worker");
    }
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, Tensor> e : first.tensors().entrySet()) {
      tensors.put(
          e.getKey(),
          trained < 2
              ? e.getValue()
              : new Tensor(e.getValue().shape(), sums.get(e.getKey()).average()));
    }
    return new Checkpoint(first.targets(), tensors, step, new long[first.targets().superClasses()]);
  }

  private void checkSame(int worker, Checkpoint state) {
    if (!state.targets().equals(first.targets())) {
      throw new IllegalArgumentException(
          "worker " + worker + " trained on " + state.targets() + ", not " + first.targets());
    }
    if (!state.tensors().keySet().equals(first.tensors().keySet())) {
      throw new IllegalArgumentException("worker " + worker + " has tensors of other names");
    }
    for (Map.Entry<String, Tensor> e : state.tensors().entrySet()) {
      Tensor expected = first.tensors().get(e.getKey());
      if (!Arrays.equals(e.getValue().shape(), expected.shape())) {
        throw new IllegalArgumentException(
            "worker "
                + worker
                + " has tensor '"
                + e.getKey()
                + "' as "
                + e.getValue()
                + ", not "
                + expected);
      }
    }
  }

  /** Running sum of one tensor over workers. */
  private static final class Sum {
    private final double[] sum;

    /** For a variance: running mean of the workers' means, and their summed squared deviations. */
    private final double[] mean;

    private final double[] deviations;

    private int count;
    private boolean ofTrained;

    Sum(int size, boolean variance) {
      sum = new double[size];
      mean = new double[variance ? size : 0];
      deviations = new double[variance ? size : 0];
    }

    /**
     * Whether this worker counts; the first that trained the tensor displaces those that did not.
     */
    boolean take(boolean isTrained) {
      if (isTrained && !ofTrained) {
        ofTrained = true;
        count = 0;
        Arrays.fill(sum, 0);
      }
      return isTrained == ofTrained;
    }

    void add(float[] values) {
      count++;
      for (int i = 0; i < values.length; i++) {
        sum[i] += values[i];
      }
    }

    /** Chan, Golub and LeVeque's update, exactly zero for equal means. */
    void addMeans(float[] means) {
      for (int i = 0; i < means.length; i++) {
        double delta = means[i] - mean[i];
        mean[i] += delta / count;
        deviations[i] += delta * (means[i] - mean[i]);
      }
    }

    /**
     * Mean over workers; of a variance, E[x²] − mean² = mean of the variances + variance of the
     * means.
     */
    float[] average() {
      float[] average = new float[sum.length];
      for (int i = 0; i < average.length; i++) {
        double spread = deviations.length == 0 ? 0 : deviations[i];
        average[i] = (float) ((sum[i] + spread) / count);
      }
      return average;
    }
  }
}
