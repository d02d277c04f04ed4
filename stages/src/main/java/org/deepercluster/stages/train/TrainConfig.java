package org.deepercluster.stages.train;

import java.io.Serializable;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;

/** Optimisation of θ, V and W_s. */
public record TrainConfig(
    @Key(doc = "Epochs; one epoch is N draws.", def = "100", min = 1, max = 100_000) int epochs,
    @Key(doc = "Images per step, over all workers together.", def = "256", min = 1, max = 1_000_000)
        int batchSize,
    @Key(
            doc = "Learning rate at the start.",
            symbol = "lr",
            def = "0.05",
            min = 0,
            aboveMin = true,
            max = 100)
        double lr,
    @Key(
            doc = "Course of the learning rate over all steps: `constant` or `cosine` (to zero).",
            def = "constant",
            oneOf = {"constant", "cosine"})
        String schedule,
    @Key(doc = "Momentum.", symbol = "μ", def = "0.9", min = 0, max = 0.9999) double momentum,
    @Key(doc = "Weight decay, on all parameters.", symbol = "wd", def = "0.00001", min = 0, max = 1)
        double weightDecay,
    @Key(
            doc =
                "Training workers. Each trains on its stratified share of the epoch; their weights"
                    + " are averaged every `localSteps` steps.",
            def = "1",
            min = 1,
            max = 4096)
        int workers,
    @Key(
            doc = "Steps between two averagings; of no effect with one worker.",
            def = "10",
            min = 1,
            max = 1_000_000)
        int localSteps)
    implements Serializable {
  /** Checks ranges. */
  public TrainConfig {
    Schema.check(
        TrainConfig.class,
        epochs,
        batchSize,
        lr,
        schedule,
        momentum,
        weightDecay,
        workers,
        localSteps);
    Schema.require(
        batchSize % workers == 0,
        "must be a multiple of workers = " + workers + ", got " + batchSize,
        "batchSize",
        "workers");
  }
}
