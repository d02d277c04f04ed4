package org.deepercluster.pipelines.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.cluster.ClusterConfig;
import org.deepercluster.stages.cluster.ClusterStage;
import org.deepercluster.stages.cluster.ClusterTables;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableWriter;

/**
 * Times the clustering stage on the embedded Flink, for stages/benchmarks/clustering. Features are
 * made up once: a mixture of Gaussians. The stage runs twice; the second run is what counts.
 */
final class ClusteringBenchmark {
  private static final int PART_ROWS = 10_000;
  private static final int COMPONENTS = 1000;
  private static final int SEED = 1;

  private ClusteringBenchmark() {}

  /**
   * Arguments: folder, rows, dim, m, k, iterations, threads, runs, MiB up to which all passes are
   * one job.
   */
  public static void main(String[] args) throws Exception {
    String directory = args[0];
    int rows = Integer.parseInt(args[1]);
    int dim = Integer.parseInt(args[2]);
    int m = Integer.parseInt(args[3]);
    int k = Integer.parseInt(args[4]);
    int iterations = Integer.parseInt(args[5]);
    int threads = Integer.parseInt(args[6]);
    int runs = Integer.parseInt(args[7]);
    int singleJobMiB = Integer.parseInt(args[8]);
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    NativeRuntime.initialize();
    ClusterConfig config = new ClusterConfig(m, k, 3, dim, null, iterations, singleJobMiB);
    TreeMap<String, Object> result = new TreeMap<>();
    try (Clusters clusters = Clusters.embedded(threads, 0)) {
      StageInstance features = instance("features-e000", new MadeUp(rows, dim), Map.of());
      walk(List.of(features), directory, clusters, threads);
      for (int run = 0; run < runs; run++) {
        // The same clustering in an instance of its own.
        String id = String.format("cluster-%d-%d-%d-e%03d", m, k, iterations, run);
        deleteTree(Path.of(directory, "stages", id));
        List<StageInstance> all =
            List.of(
                features,
                instance(id, new ClusterStage(config, 0, SEED), Map.of("features", features.id())));
        Passes passes = new Passes(Path.of(directory, "stages", id));
        passes.start();
        long begun = System.nanoTime();
        Manifest of = walk(all, directory, clusters, threads).get(id);
        double seconds = (System.nanoTime() - begun) / 1e9;
        passes.end();
        result.put(run + 1 == runs ? "seconds" : "seconds_first", seconds);
        if (run + 1 == runs) {
          result.putAll(passes.seconds(iterations));
          Columns trace = TableReader.read(of.table("trace"), ClusterTables.TRACE);
          result.put("objective", trace.doubles("objective")[trace.rows() - 1]);
          int last = trace.ints("iteration")[trace.rows() - 1];
          result.put("first_objective", trace.doubles("objective")[trace.rows() - 1 - last]);
          result.put("empties", trace.ints("empties")[trace.rows() - 1]);
          result.put("compared", trace.longs("compared"));
          result.put("changed", trace.longs("changed"));
        }
        deleteTree(Path.of(directory, "stages", id));
      }
    }
    result.put("peak_mib", peakMiB());
    double gemm = gemm(dim, threads);
    result.put("gemm_gflops", gemm);
    Object first = result.get("first_iteration");
    if (first != null) {
      double flops = 2.0 * rows * dim * ((double) k / m);
      result.put("share_of_gemm_first", flops / (double) first / 1e9 / gemm);
    }
    result.put(
        "features",
        walk(
                List.of(instance("features-e000", new MadeUp(rows, dim), Map.of())),
                directory,
                null,
                threads)
            .get("features-e000")
            .table("features")
            .stream()
            .map(Part::path)
            .toList());
    if (m == 1) {
      result.put("start", start(rows, k));
    }
    Path to = Path.of(directory, "result.json");
    Files.writeString(to, Json.text(result));
    result.remove("features");
    result.remove("start");
    System.out.println(Json.text(result));
  }

  static StageInstance instance(String id, Stage stage, Map<String, String> inputs) {
    return new StageInstance(id, stage, 0, new TreeMap<>(inputs), Set.of(), null);
  }

  static Map<String, Manifest> walk(
      List<StageInstance> all, String directory, Clusters clusters, int threads) throws Exception {
    return new Orchestrator(
            new Plan(all), directory, clusters, threads, true, "benchmark", List.of())
        .run();
  }

  private static void deleteTree(Path path) throws Exception {
    org.deepercluster.stages.table.Files.deleteTree(path.toString());
  }

  /** The rows that level 2 starts from: those with the smallest hashes. */
  private static int[] start(int rows, int k) {
    long seed = Seeds.of(Seeds.of(Seeds.of(SEED, "cluster"), 0), "level2");
    return IntStream.range(0, rows)
        .boxed()
        .sorted(java.util.Comparator.comparingLong(r -> Seeds.of(seed, (long) r)))
        .limit(k)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static double peakMiB() throws Exception {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
      }
    }
    return Double.NaN;
  }

  /** GFLOP/s of the matrix product on all threads, in the shape that k-means has. */
  private static double gemm(int dim, int threads) throws Exception {
    List<Thread> all = new ArrayList<>();
    double[] rate = new double[threads];
    for (int t = 0; t < threads; t++) {
      int id = t;
      all.add(
          new Thread(
              () -> {
                try (FloatPointer x = new FloatPointer(512L * dim);
                    FloatPointer c = new FloatPointer(512L * dim);
                    FloatPointer s = new FloatPointer(512L * 512)) {
                  x.fill(0);
                  c.fill(0);
                  long begun = System.nanoTime();
                  long done = 0;
                  while (System.nanoTime() - begun < 1_500_000_000L) {
                    openblas_nolapack.cblas_sgemm(
                        101, 111, 112, 512, 512, dim, -2f, x, dim, c, dim, 0f, s, 512);
                    done += 2L * 512 * 512 * dim;
                  }
                  rate[id] = done / (double) (System.nanoTime() - begun);
                }
              }));
    }
    for (Thread t : all) {
      t.start();
    }
    for (Thread t : all) {
      t.join();
    }
    return java.util.Arrays.stream(rate).sum();
  }

  /** When each pass was recorded, from the records that a running stage leaves. */
  private static final class Passes extends Thread {
    private final Path folder;
    private final TreeMap<String, Long> seen = new TreeMap<>();
    private final long begun = System.currentTimeMillis();
    private volatile boolean ended;

    Passes(Path folder) {
      this.folder = folder;
      setDaemon(true);
    }

    @Override
    public void run() {
      while (!ended) {
        for (String file : list()) {
          seen.computeIfAbsent(
              file.replaceAll(".*/|\\.step", ""), f -> Path.of(file).toFile().lastModified());
        }
        try {
          Thread.sleep(20);
        } catch (InterruptedException e) {
          return;
        }
      }
    }

    private List<String> list() {
      try {
        return org.deepercluster.stages.table.Files.match(folder.toString(), "unfinished-*/*.step");
      } catch (java.io.IOException | RuntimeException e) {
        return List.of();
      }
    }

    void end() throws InterruptedException {
      ended = true;
      join();
    }

    TreeMap<String, Object> seconds(int iterations) {
      TreeMap<String, Object> s = new TreeMap<>();
      Long start = seen.get("start2");
      Long first = seen.get("level2-0000");
      Long last = seen.get(String.format("level2-%04d", iterations - 1));
      if (start != null && first != null && last != null) {
        s.put("iteration", (last - start) / 1e3 / iterations);
        s.put("first_iteration", (first - start) / 1e3);
      }
      TreeMap<String, Double> at = new TreeMap<>();
      seen.forEach((name, time) -> at.put(name, (time - begun) / 1e3));
      at.put("end", (System.currentTimeMillis() - begun) / 1e3);
      s.put("records", at);
      return s;
    }
  }

  /** Features of a mixture of Gaussians: centres N(0, 1) in each dimension, noise N(0, 4). */
  record MadeUp(int rows, int dim) implements Stage {
    @Override
    public String name() {
      return "features";
    }

    @Override
    public SortedMap<String, String> settings() {
      return new TreeMap<>(Map.of("rows", String.valueOf(rows), "dim", String.valueOf(dim)));
    }

    @Override
    public List<String> outputs() {
      return List.of("features");
    }

    @Override
    public StageResult run(StageContext context) throws Exception {
      float[] centres = new float[COMPONENTS * dim];
      gaussian(Seeds.random(Seeds.of(SEED, "centres")), centres);
      List<Part> parts =
          IntStream.range(0, (rows + PART_ROWS - 1) / PART_ROWS)
              .parallel()
              .mapToObj(p -> part(context.directory(), p, centres))
              .toList();
      return StageResult.of(parts, Map.of());
    }

    private Part part(String directory, int p, float[] centres) {
      SplittableRandom random = Seeds.random(Seeds.of(Seeds.of(SEED, "rows"), p));
      int n = Math.min(PART_ROWS, rows - p * PART_ROWS);
      float[] x = new float[n * dim];
      gaussian(random, x);
      String[] ids = new String[n];
      for (int i = 0; i < n; i++) {
        ids[i] = "image-" + (p * PART_ROWS + i);
        int c = random.nextInt(COMPONENTS);
        for (int j = 0; j < dim; j++) {
          x[i * dim + j] = centres[c * dim + j] + 2 * x[i * dim + j];
        }
      }
      try {
        return TableWriter.write(
            directory,
            p,
            Columns.of(FeatureTables.FEATURES, n).set("image_id", ids).set("feature", x).build());
      } catch (java.io.IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    /** Box and Muller's pairs. */
    private static void gaussian(SplittableRandom random, float[] to) {
      for (int i = 0; i < to.length; i += 2) {
        double r = Math.sqrt(-2 * Math.log(1 - random.nextDouble()));
        double a = 2 * Math.PI * random.nextDouble();
        to[i] = (float) (r * Math.cos(a));
        if (i + 1 < to.length) {
          to[i + 1] = (float) (r * Math.sin(a));
        }
      }
    }
  }
}
