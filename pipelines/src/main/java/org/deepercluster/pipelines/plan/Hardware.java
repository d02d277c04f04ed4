package org.deepercluster.pipelines.plan;

import java.io.Serializable;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;

/** Workers of one kind and what each of them was measured to do, for estimates. */
public record Hardware(
    @Key(doc = "What it is.") String name,
    @Key(doc = "Workers.", min = 1, max = 1_000_000) int workers,
    @Key(doc = "Memory of each worker in GiB.", min = 0, aboveMin = true) double memoryGiB,
    @Key(doc = "Images that a worker decodes per second.", min = 0, aboveMin = true)
        double imagesPerSecond,
    @Key(
            doc = "Floating-point operations per second of a network in inference mode, in 10⁹.",
            min = 0,
            aboveMin = true)
        double inferenceGflops,
    @Key(
            doc = "The same in training, forward and backward passes, in 10⁹.",
            min = 0,
            aboveMin = true)
        double trainingGflops,
    @Key(
            doc = "The same of k-means and of classifiers on vectors, in 10⁹.",
            min = 0,
            aboveMin = true)
        double algebraGflops,
    @Key(doc = "Draws of an epoch that a worker makes per second.", min = 0, aboveMin = true)
        double drawsPerSecond)
    implements Serializable {
  /** Checks ranges. */
  public Hardware {
    Schema.check(
        Hardware.class,
        name,
        workers,
        memoryGiB,
        imagesPerSecond,
        inferenceGflops,
        trainingGflops,
        algebraGflops,
        drawsPerSecond);
  }
}
