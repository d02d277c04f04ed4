package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.LongStream;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;
import org.deepercluster.stages.table.TableReader;

/**
 * PCA-whitening and two-level k-means (steps 1.b to 1.e of the method). Tables: {@link
 * ClusterTables}. Inputs: {@code features}; {@code previous}, the clustering before, for comparison
 * and for a warm restart.
 *
 * <p>Small collections run all passes in one job, on the threads of one worker, large ones a job
 * per pass; the same arithmetic, so the same result. What is complete when a run is killed is not
 * done again.
 *
 * @param config what to do
 * @param epoch the epoch before which images are reassigned
 * @param seed the experiment's seed
 */
public record ClusterStage(ClusterConfig config, int epoch, long seed) implements Stage {
  @Override
  public String name() {
    return "cluster";
  }

  @Override
  public SortedMap<String, String> settings() {
    SortedMap<String, String> s = Settings.of(config);
    Collapse.SETTINGS.forEach(s::remove);
    s.remove("singleJobMiB");
    s.remove("reassignEvery");
    s.put("epoch", String.valueOf(epoch));
    s.put("seed", String.valueOf(seed));
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of("assignments", "centroids", "pca", "rejects", "trace");
  }

  /**
   * Moments and eigenvectors of PCA, the projection, and every pass as if it compared every image
   * with every centroid of its level.
   */
  @Override
  public Work work(ToLongFunction<String> images) {
    long n = images.applyAsLong("features");
    double dim = config.pcaDim();
    double sample = PcaSample.of(n, config.pcaDim(), config.pcaSample()).size();
    double pca = 2 * sample * dim * dim + 10 * dim * dim * dim + 2 * n * dim * dim;
    double perImage = (config.m() > 1 ? config.m() : 0) + (double) config.k() / config.m();
    return Work.algebra(pca + 2 * n * dim * perImage * (config.iterations() + 1));
  }

  @Override
  public StageResult run(StageContext context) throws Exception {
    List<Part> features = context.input("features").table("features");
    long images = features.stream().mapToLong(Part::rows).sum();
    if (config.k() > images) {
      throw new StageException(
          "clustering.k = " + config.k() + " is more than the " + images + " images there are");
    }
    long stageSeed = Seeds.of(Seeds.of(seed, "cluster"), epoch);
    long bytes = features.stream().mapToLong(Part::bytes).sum();
    ClusterRun run =
        new ClusterRun(
            config,
            stageSeed,
            new ArrayList<>(features),
            new ArrayList<>(
                config.warmRestart() && context.hasInput("previous")
                    ? context.input("previous").table("assignments")
                    : List.of()),
            Paths.join(context.directory(), "result"));
    Scratch scratch = new Scratch(context.unfinished());
    List<Part> parts =
        bytes <= (long) config.singleJobMiB() << 20
            ? context.run("", out -> new ClusterInOneJob(run, scratch, context.parallelism(), out))
            : run.run(scratch, new JobUnits(context), t -> {});
    parts = RejectedRows.listed(context, features, parts);
    TreeMap<String, ClusterHealth> health = health(parts);
    TreeMap<String, Double> numbers = numbers(context, parts, health.get("level 2"));
    numbers.put("clusters/super_largest", (double) health.get("level 1").largest());
    List<String> collapsed = Collapse.check(config, health, numbers);
    return new StageResult(parts, numbers, series(parts), collapsed);
  }

  private static TreeMap<String, ClusterHealth> health(List<Part> parts) throws IOException {
    Columns centroids =
        TableReader.read(Part.of(parts, "centroids"), ClusterTables.CENTROIDS, "level", "images");
    TreeMap<String, ClusterHealth> health = new TreeMap<>();
    for (int level = 1; level <= 2; level++) {
      LongStream.Builder sizes = LongStream.builder();
      for (int i = 0; i < centroids.rows(); i++) {
        if (centroids.ints("level")[i] == level) {
          sizes.add(centroids.longs("images")[i]);
        }
      }
      health.put("level " + level, ClusterHealth.of(sizes.build().toArray()));
    }
    return health;
  }

  private TreeMap<String, Double> numbers(
      StageContext context, List<Part> parts, ClusterHealth health) throws IOException {
    TreeMap<String, Double> n = new TreeMap<>();
    health.numbers().forEach((name, value) -> n.put("clusters/" + name, value));
    n.putAll(RejectedRows.numbers(parts));
    Columns trace = TableReader.read(Part.of(parts, "trace"), ClusterTables.TRACE);
    for (int i = 0; i < trace.rows(); i++) {
      n.put("objective/level" + trace.ints("level")[i], trace.doubles("objective")[i]);
    }
    if (context.hasInput("previous")) {
      int perSuper = config.k() / config.m();
      Reassignment.of(
              labels(context.input("previous").table("assignments"), perSuper),
              labels(Part.of(parts, "assignments"), perSuper))
          .numbers()
          .forEach((name, value) -> n.put("clusters/" + name, value));
    }
    return n;
  }

  private static List<StageResult.Point> series(List<Part> parts) throws Exception {
    List<StageResult.Point> points = new ArrayList<>();
    Columns trace = TableReader.read(Part.of(parts, "trace"), ClusterTables.TRACE);
    for (int i = 0; i < trace.rows(); i++) {
      String level = "level" + trace.ints("level")[i];
      long step = trace.ints("iteration")[i];
      Map<String, Double> values = new HashMap<>();
      values.put("objective", trace.doubles("objective")[i]);
      values.put("changed", (double) trace.longs("changed")[i]);
      values.put("moved", trace.doubles("moved")[i]);
      values.put("empties", (double) trace.ints("empties")[i]);
      values.put("imbalance", trace.doubles("imbalance")[i]);
      new TreeMap<>(values)
          .forEach(
              (k, v) -> points.add(new StageResult.Point("kmeans/" + level + "/" + k, step, v)));
    }
    return points;
  }

  /**
   * One number per image: c·k/m + z, or −1 for an image without clusters.
   *
   * @param assignments files of the assignments table, in order
   * @param perSuper sub-clusters of each super-cluster, k/m
   */
  public static int[] labels(List<Part> assignments, int perSuper) throws IOException {
    Columns a =
        TableReader.read(assignments, ClusterTables.ASSIGNMENTS, "super_cluster", "sub_cluster");
    int[] label = new int[a.rows()];
    for (int i = 0; i < label.length; i++) {
      int c = a.ints("super_cluster")[i];
      label[i] = c < 0 ? -1 : c * perSuper + a.ints("sub_cluster")[i];
    }
    return label;
  }
}
