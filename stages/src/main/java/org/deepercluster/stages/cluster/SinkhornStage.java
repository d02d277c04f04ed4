package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;

/**
 * Labels by Sinkhorn-Knopp on the network's own predictions: the other way to {@link ClusterStage}
 * of assigning labels, under the same name and with the same table of assignments. Tables: {@link
 * ClusterTables#assignments}, {@link ClusterTables#HEADS}, {@link ClusterTables#ITERATIONS}.
 * Inputs: {@code features}; {@code model}, the stage that left the network they come from; {@code
 * previous}, the assignment before, for comparison.
 *
 * @param config what to do
 * @param epoch the epoch before which labels are updated
 */
public record SinkhornStage(ClusterConfig config, int epoch) implements Stage {
  /** Log-probabilities that one job holds in memory. */
  private static final int IN_MEMORY_MIB = 256;

  /** Iterations that an estimate counts. */
  private static final int ITERATIONS = 500;

  private static final List<String> OF_TRAINING =
      List.of("singleJobMiB", "sinkhorn.updates", "sinkhorn.updateCount", "sinkhorn.rotation");

  @Override
  public String name() {
    return "cluster";
  }

  @Override
  public SortedMap<String, String> settings() {
    SortedMap<String, String> s = Settings.of(config);
    OF_TRAINING.forEach(s::remove);
    Collapse.SETTINGS.forEach(s::remove);
    s.put("epoch", String.valueOf(epoch));
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of("assignments", "heads", "iterations", "rejects");
  }

  /** Ten operations for each log-probability in each of a few hundred iterations. */
  @Override
  public Work work(ToLongFunction<String> images) {
    double n = images.applyAsLong("features");
    return Work.algebra(n * config.k() * config.sinkhorn().heads() * 10 * ITERATIONS);
  }

  @Override
  public StageResult run(StageContext context) throws Exception {
    List<Part> features = context.input("features").table("features");
    String checkpoint = ModelFile.path(context.input("model"));
    long images = features.stream().mapToLong(Part::rows).sum();
    if (config.k() > images) {
      throw new StageException(
          "clustering.k = " + config.k() + " is more than the " + images + " images there are");
    }
    Sinkhorn sinkhorn = Sinkhorn.of(config);
    double bytes = 4.0 * images * config.k() * config.sinkhorn().heads();
    List<Part> parts;
    if (bytes <= (long) Math.min(IN_MEMORY_MIB, config.singleJobMiB()) << 20) {
      parts = context.run("", out -> new SinkhornInOneJob(sinkhorn, checkpoint, features, out));
    } else {
      SinkhornJobs passes = new SinkhornJobs(context, sinkhorn.block(), checkpoint, features);
      parts = passes.write(features, sinkhorn.run(passes, t -> {}));
    }
    parts = RejectedRows.listed(context, features, parts);
    Columns iterations = TableReader.read(Part.of(parts, "iterations"), ClusterTables.ITERATIONS);
    TreeMap<String, ClusterHealth> health = new TreeMap<>();
    TreeMap<String, Double> numbers = numbers(context, parts, iterations, health);
    List<String> collapsed = Collapse.check(config, health, numbers);
    return new StageResult(parts, numbers, series(iterations), collapsed);
  }

  /** Puts the health of each head into {@code healthOfHeads}. */
  private TreeMap<String, Double> numbers(
      StageContext context,
      List<Part> parts,
      Columns iterations,
      TreeMap<String, ClusterHealth> healthOfHeads)
      throws IOException {
    TreeMap<String, Double> n = new TreeMap<>(RejectedRows.numbers(parts));
    int heads = config.sinkhorn().heads();
    for (int h = 0; h < heads; h++) {
      int[] label = labels(Part.of(parts, "assignments"), h);
      long[] sizes = new long[config.k()];
      for (int y : label) {
        if (y >= 0) {
          sizes[y]++;
        }
      }
      ClusterHealth health = ClusterHealth.of(sizes);
      healthOfHeads.put("head " + h, health);
      TreeMap<String, Double> ofHead = new TreeMap<>(health.numbers());
      if (context.hasInput("previous")) {
        int[] before = labels(context.input("previous").table("assignments"), h);
        ofHead.putAll(Reassignment.of(before, label).numbers());
      }
      String prefix = "clusters/head" + h + "/";
      ofHead.forEach((name, value) -> n.put(prefix + name, value));
      if (h == 0) {
        ofHead.forEach((name, value) -> n.put("clusters/" + name, value));
      }
    }
    double[] error = new double[heads];
    double[] objective = new double[heads];
    int most = 0;
    for (int i = 0; i < iterations.rows(); i++) {
      int h = iterations.ints("head")[i];
      error[h] = iterations.doubles("error")[i];
      objective[h] = iterations.doubles("objective")[i];
      most = Math.max(most, iterations.ints("iteration")[i] + 1);
    }
    n.put("sinkhorn/iterations", (double) most);
    n.put("sinkhorn/error", Arrays.stream(error).max().getAsDouble());
    n.put(
        "sinkhorn/unconverged",
        (double) Arrays.stream(error).filter(e -> e > config.sinkhorn().tolerance()).count());
    n.put("objective", Arrays.stream(objective).sum() / heads);
    return n;
  }

  /** Per iteration, over the heads that still take part: the largest error, the mean objective. */
  private static List<StageResult.Point> series(Columns t) {
    List<StageResult.Point> points = new ArrayList<>();
    for (int from = 0, to; from < t.rows(); from = to) {
      int step = t.ints("iteration")[from];
      double error = 0;
      double objective = 0;
      for (to = from; to < t.rows() && t.ints("iteration")[to] == step; to++) {
        error = Math.max(error, t.doubles("error")[to]);
        objective += t.doubles("objective")[to];
      }
      points.add(new StageResult.Point("sinkhorn/error", step, error));
      points.add(new StageResult.Point("sinkhorn/objective", step, objective / (to - from)));
    }
    return points;
  }

  /**
   * Labels of one head, −1 for an image without.
   *
   * @param assignments files of the assignments table, in order
   */
  public static int[] labels(List<Part> assignments, int head) throws IOException {
    String column = TableSchema.repeated("sub_cluster", head);
    return TableReader.read(assignments, ClusterTables.assignments(head + 1), column).ints(column);
  }
}
