package org.deepercluster.stages.train;

/** The learning rate's course over a run. */
public enum LearningRate {
  /** The same at every step. */
  CONSTANT("constant"),
  /** Half a cosine from the start value to zero: lr/2 · (1 + cos(π·t/total)). */
  COSINE("cosine");

  private final String key;

  LearningRate(String key) {
    this.key = key;
  }

  /**
   * The schedule called {@code key} in YAML.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static LearningRate of(String key) {
    for (LearningRate schedule : values()) {
      if (schedule.key.equals(key)) {
        return schedule;
      }
    }
    throw new IllegalArgumentException("schedule '" + key + "' is neither constant nor cosine");
  }

  /**
   * Learning rate of one step.
   *
   * @param lr at the start
   * @param step t, from 0
   * @param total steps of the whole run, at least 1; a step beyond them counts as the last
   */
  public double at(double lr, long step, long total) {
    if (step < 0 || total < 1) {
      throw new IllegalArgumentException("step " + step + " of " + total);
    }
    return switch (this) {
      case CONSTANT -> lr;
      case COSINE -> lr / 2 * (1 + StrictMath.cos(Math.PI * Math.min(step, total) / total));
    };
  }
}
