package org.deepercluster.pipelines.experiment;

import java.io.Serializable;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;

/** How the stages are carried out. */
public record ExecutionConfig(
    @Key(
            doc =
                "REST address `HOST:PORT` of a Flink session cluster that runs the stages. Left out: an"
                    + " embedded Flink in this process. `--flink` sets it too.",
            def = Key.NONE,
            affectsResult = false)
        String flink,
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
                    + " the result. Left out: the cores of this machine divided by `train.workers`, at"
                    + " least 1. On a cluster give it: what a task slot may use.",
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
            doc =
                "How often a failed unit of work is tried again before the stage fails. On a cluster"
                    + " its own setting `restart-strategy` counts instead.",
            def = "5",
            min = 0,
            max = 100,
            affectsResult = false)
        int retries,
    @Key(doc = "What is carried out differently for training.", def = "{}") Train train)
    implements Serializable {
  /** Checks ranges. */
  public ExecutionConfig {
    Schema.check(ExecutionConfig.class, flink, parallelism, threads, keep, retries, train);
    requireAddress(flink);
  }

  /** How training is carried out where it differs from the other stages. */
  public record Train(
      @Key(
              doc =
                  "REST address `HOST:PORT` of another Flink cluster for training, such as one of"
                      + " TaskManagers with a GPU and one slot each. Left out: that of"
                      + " `execution.flink`.",
              def = Key.NONE,
              affectsResult = false)
          String flink)
      implements Serializable {
    /** Checks the address. */
    public Train {
      Schema.check(Train.class, flink);
      requireAddress(flink);
    }
  }

  /**
   * Requires the form {@code HOST:PORT}.
   *
   * @param flink an address, or null for none
   */
  public static void requireAddress(String flink) {
    Schema.require(
        flink == null || flink.matches("[A-Za-z0-9._-]+:[0-9]{1,5}"),
        "must be HOST:PORT of a Flink REST address, such as flink.example.org:8081, got " + flink,
        "flink");
  }

  /** Which epochs' intermediate tables stay. */
  public enum Keep {
    /** Those of the last epoch. */
    LAST,
    /** All of them. */
    ALL
  }

  ExecutionConfig withThreads(int value) {
    return new ExecutionConfig(flink, parallelism, value, keep, retries, train);
  }
}
