package org.deepercluster.pipelines.run;

import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.table.Manifest;

/** Hears what happens to the stage instances of a run, in order, on the orchestrator's thread. */
interface RunListener {

  /**
   * Asked before each attempt, and again and again while a job runs.
   *
   * @throws RunCancelledException to end the run
   */
  default void proceed() {}

  /** The instance was complete already. */
  default void skipped(StageInstance instance, Manifest manifest) {}

  /** An attempt begins. */
  default void started(StageInstance instance) {}

  /** Flink has accepted one of the attempt's jobs. */
  default void submitted(StageInstance instance, FlinkJob job) {}

  /** Something about the attempt that a person should know, such as that a unit is tried again. */
  default void event(StageInstance instance, String text) {}

  /** The attempt is this far; called a few times a second. */
  default void progress(StageInstance instance, StageProgress progress) {}

  /** The instance is committed. */
  default void finished(
      StageInstance instance, Manifest manifest, StageResult result, String directory) {}

  /** The attempt failed or was interrupted. */
  default void failed(StageInstance instance, Throwable cause) {}
}
