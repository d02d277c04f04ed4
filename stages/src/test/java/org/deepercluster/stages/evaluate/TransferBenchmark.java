package org.deepercluster.stages.evaluate;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.table.Json;

/**
 * Times the classifiers of voc07-svm, for stages/benchmarks/transfer: from features in memory to
 * scores and average precision, a class after another on each thread, as units are on a worker.
 */
final class TransferBenchmark {
  private TransferBenchmark() {}

  /** Arguments: folder, training images, test images, dimension, classes, costs, threads, runs. */
  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    int train = Integer.parseInt(args[1]);
    int test = Integer.parseInt(args[2]);
    int dim = Integer.parseInt(args[3]);
    int classes = Integer.parseInt(args[4]);
    int threads = Integer.parseInt(args[6]);
    Svm svm =
        new Svm(3, null, null, args[5].isEmpty() ? Svm.COSTS : args[5], 2, 1e-4, 2000, "last");
    NativeRuntime.setThreads(1);
    float[] values = floats(folder.resolve("features.f32"), (train + test) * dim);
    byte[] presence = Files.readAllBytes(folder.resolve("presence.u8"));
    Examples trained = examples(values, presence, 0, train, dim, classes);
    Examples tested = examples(values, presence, train, test, dim, classes);
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      for (int run = 1; run <= Integer.parseInt(args[7]); run++) {
        long begun = System.nanoTime();
        AtomicInteger next = new AtomicInteger();
        double[] area = new double[classes];
        Callable<Void> worker =
            () -> {
              Features own = new Features("last", trained, tested);
              for (int c = next.getAndIncrement(); c < classes; c = next.getAndIncrement()) {
                area[c] = svm.probe("voc07-svm", own, c, 1).get(0).value();
              }
              return null;
            };
        List<Future<Void>> workers = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
          workers.add(pool.submit(worker));
        }
        for (Future<Void> w : workers) {
          w.get();
        }
        double seconds = (System.nanoTime() - begun) / 1e9;
        double map = java.util.Arrays.stream(area).average().orElseThrow();
        Json.write(
            folder.resolve("result.json").toString(), Map.of("seconds", seconds, "map", map));
      }
    } finally {
      pool.shutdownNow();
    }
  }

  private static float[] floats(Path file, int n) throws Exception {
    float[] values = new float[n];
    ByteBuffer.wrap(Files.readAllBytes(file))
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return values;
  }

  private static Examples examples(
      float[] values, byte[] presence, int from, int n, int dim, int classes) {
    String[] ids = new String[n];
    Map<String, List<Examples.ImageClass>> labels = new HashMap<>();
    for (int i = 0; i < n; i++) {
      ids[i] = "image" + i;
      List<Examples.ImageClass> shown = new ArrayList<>();
      for (int c = 0; c < classes; c++) {
        if (presence[(from + i) * classes + c] != 0) {
          shown.add(new Examples.ImageClass(c, false));
        }
      }
      labels.put(ids[i], shown);
    }
    return new Examples(
        ids,
        java.util.Arrays.copyOfRange(values, from * dim, (from + n) * dim),
        dim,
        labels,
        classes);
  }
}
