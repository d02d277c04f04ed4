package org.deepercluster.stages.cluster;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;
import org.deepercluster.stages.table.TableReader;

/**
 * PCA-whitening and two-level k-means (steps 1.b to 1.e of the method). Tables: {@link
 * ClusterTables}. Inputs: {@code features}; {@code previous}, the clustering before, for
 * comparison.
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
    s.remove("singleJobMiB");
    s.remove("reassignEvery");
    s.put("epoch", String.valueOf(epoch));
    s.put("seed", String.valueOf(seed));
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of("assignments", "centroids", "pca", "trace");
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
            Paths.join(context.directory(), "result"));
    Scratch scratch = new Scratch(context.unfinished());
    List<Part> parts =
        bytes <= (long) config.singleJobMiB() << 20
            ? context.run("", out -> new ClusterInOneJob(run, scratch, context.parallelism(), out))
            : run.run(scratch, new JobUnits(context), t -> {});
    return new StageResult(parts, numbers(context, parts), series(parts));
  }

  private TreeMap<String, Double> numbers(StageContext context, List<Part> parts) throws Exception {
    TreeMap<String, Double> n = new TreeMap<>();
    int[] label = labels(Part.of(parts, "assignments"), config.k() / config.m());
    long rejected = 0;
    for (int l : label) {
      rejected += l < 0 ? 1 : 0;
    }
    Columns centroids =
        TableReader.read(Part.of(parts, "centroids"), ClusterTables.CENTROIDS, "level", "images");
    List<Long> sizes = new ArrayList<>();
    List<Long> superSizes = new ArrayList<>();
    for (int i = 0; i < centroids.rows(); i++) {
      (centroids.ints("level")[i] == 1 ? superSizes : sizes).add(centroids.longs("images")[i]);
    }
    ClusterHealth health = ClusterHealth.of(sizes.stream().mapToLong(Long::longValue).toArray());
    n.put("clusters/entropy", health.entropy());
    n.put("clusters/entropy_normalised", health.normalisedEntropy());
    n.put("clusters/largest", (double) health.largest());
    n.put("clusters/smallest", (double) health.smallest());
    n.put("clusters/empty", (double) health.empties());
    n.put("clusters/imbalance", health.imbalance());
    n.put("clusters/rejected", (double) rejected);
    n.put(
        "clusters/super_largest",
        (double) superSizes.stream().mapToLong(Long::longValue).max().orElse(0));
    Columns trace = TableReader.read(Part.of(parts, "trace"), ClusterTables.TRACE);
    for (int i = 0; i < trace.rows(); i++) {
      n.put("objective/level" + trace.ints("level")[i], trace.doubles("objective")[i]);
    }
    if (context.hasInput("previous")) {
      int[] before =
          labels(context.input("previous").table("assignments"), config.k() / config.m());
      n.put("clusters/nmi_previous", ClusterMetrics.of(before, label).nmiGeometric());
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
  public static int[] labels(List<Part> assignments, int perSuper) throws java.io.IOException {
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
