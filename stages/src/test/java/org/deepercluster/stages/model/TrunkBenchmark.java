package org.deepercluster.stages.model;

import java.lang.management.ManagementFactory;
import java.util.Locale;
import org.deepercluster.natives.NativeRuntime;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Prints how many images per second the trunk trains on (forward and backward) and infers.
 * Arguments: trunk, image size, input, width, training batch, inference batch, threads, seconds.
 * Run by {@code stages/benchmarks/training}.
 */
public final class TrunkBenchmark {
  private TrunkBenchmark() {}

  /** Entry point. */
  public static void main(String[] args) {
    ModelConfig config =
        new ModelConfig(
            args[0], Integer.parseInt(args[1]), args[2], Integer.parseInt(args[3]), 0.5);
    int batch = Integer.parseInt(args[4]);
    int inferenceBatch = Integer.parseInt(args[5]);
    double seconds = Double.parseDouble(args[7]);
    NativeRuntime.setThreads(Integer.parseInt(args[6]));
    System.out.println(NativeRuntime.backend() + ", " + NativeRuntime.threads() + " threads");
    try (Trunk trunk = Trunk.create(config, 0)) {
      int size = config.imageSize();
      INDArray x = Nd4j.rand(batch, trunk.inputChannels(), size, size);
      INDArray dy = Nd4j.rand(batch, trunk.featureDim());
      measure(
          "train",
          batch,
          seconds,
          () -> {
            trunk.forwardTrain(x, 1);
            trunk.backward(dy);
          });
      INDArray y = Nd4j.rand(inferenceBatch, trunk.inputChannels(), size, size);
      measure("infer", inferenceBatch, seconds, () -> trunk.features(y));
    }
  }

  private static void measure(String what, int batch, double seconds, Runnable step) {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    for (int repeat = 0; repeat < 4; repeat++) {
      long start = System.nanoTime();
      long cpu = system.getProcessCpuTime();
      long images = 0;
      while (System.nanoTime() - start < seconds * 1e9) {
        step.run();
        images += batch;
      }
      double wall = (System.nanoTime() - start) / 1e9;
      double used = (system.getProcessCpuTime() - cpu) / 1e9;
      System.out.printf(
          Locale.ROOT,
          "%s%s %.2f images/s, %.2f images per CPU second%n",
          what,
          repeat == 0 ? " (warming up)" : "",
          images / wall,
          images / used);
    }
  }
}
