package org.deepercluster.pipelines.experiment;

import java.io.Serializable;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;

/** How the stages are carried out. */
public record ExecutionConfig(
    @Key(
            doc =
                "Flink slots: units of work that run side by side. The result does not depend on it.",
            def = "2",
            min = 1,
            max = 100_000,
            affectsResult = false)
        int parallelism,
    @Key(
            doc =
                "Threads of the native maths in each training worker; they change the last bits of"
                    + " the result. Left out: the machine's cores divided by `train.workers`, at"
                    + " least 1.",
            def = Key.NONE,
            min = 1,
            max = 1024)
        Integer threads,
    @Key(
            doc =
                "What becomes of the draw tables and features of earlier epochs: `last` deletes them"
                    + " once the next are complete, `all` keeps them.",
            def = "last",
            affectsResult = false)
        Keep keep,
    @Key(
            doc = "How often a failed unit of work is tried again before the stage fails.",
            def = "5",
            min = 0,
            max = 100,
            affectsResult = false)
        int retries)
    implements Serializable {
  /** Checks ranges. */
  public ExecutionConfig {
    Schema.check(ExecutionConfig.class, parallelism, threads, keep, retries);
  }

  /** Which epochs' intermediate tables stay. */
  public enum Keep {
    /** Those of the last epoch. */
    LAST,
    /** All of them. */
    ALL
  }

  ExecutionConfig withThreads(int value) {
    return new ExecutionConfig(parallelism, value, keep, retries);
  }
}
