package org.deepercluster.pipelines.tracking;

/** How a run ended, in MLflow's words. */
public enum RunStatus {
  /** It did what it was started for. */
  FINISHED,
  /** It ended with an error. */
  FAILED,
  /** Somebody ended it. */
  KILLED
}
