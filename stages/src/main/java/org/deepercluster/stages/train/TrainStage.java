package org.deepercluster.stages.train;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.targets.Targets;

/**
 * One epoch of training. Leaves the training state as a safetensors file, and the table {@link
 * TrainTables#STEPS}. Inputs: {@code images}; {@code draws}, the epoch's draw table; {@code model},
 * the stage that left the state to go on from.
 *
 * <p>With n workers, each trains on its share from the same weights, and their states are averaged
 * every {@code localSteps} steps; a round is a job, a worker is a unit, and states travel as files.
 * With one worker the epoch is one job of plain SGD.
 *
 * @param model architecture
 * @param config optimisation
 * @param targets numbering of the classes
 * @param epoch which epoch
 * @param freshHeads whether images were reassigned before this epoch, so that heads start afresh
 * @param threads of each worker's native calls
 * @param seed the experiment's seed
 */
public record TrainStage(
    ModelConfig model,
    TrainConfig config,
    Targets targets,
    int epoch,
    boolean freshHeads,
    int threads,
    long seed)
    implements Stage {
  private static final int POINTS = 20;

  @Override
  public String name() {
    return "train";
  }

  @Override
  public SortedMap<String, String> settings() {
    SortedMap<String, String> s = Settings.of(config);
    Settings.of(model).forEach((k, v) -> s.put("model." + k, v));
    s.putAll(targets.settings());
    s.put("epoch", String.valueOf(epoch));
    s.put("freshHeads", String.valueOf(freshHeads));
    s.put("threads", String.valueOf(threads));
    s.put("seed", String.valueOf(seed));
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of(ModelFile.CHECKPOINT, "steps");
  }

  /**
   * Forward and backward passes: three times the operations of a forward pass. Each worker holds
   * all heads, with gradients and velocities.
   */
  @Override
  public Work work(ToLongFunction<String> images) {
    double n = images.applyAsLong("images");
    double d = model.featureDim();
    double seen = targets.sharesW() ? targets.classifiers() : 1;
    double outputs =
        (targets.hasV() ? targets.superClasses() : 0)
            + (targets.hasW() ? seen * targets.subClasses() : 0);
    double heads =
        (targets.hasV() ? targets.superClasses() : 0)
            + (targets.hasW() ? (double) targets.classifiers() * targets.subClasses() : 0);
    return new Work(
        n,
        0,
        3 * n * (model.operations() + 2 * d * outputs),
        0,
        0,
        config.workers(),
        3 * 4 * (d + 1) * heads);
  }

  @Override
  public StageResult run(StageContext context) throws Exception {
    List<Part> shares = context.input("draws").table("draws");
    int localBatch = config.batchSize() / config.workers();
    int steps = 0;
    for (Part s : shares) {
      steps = Math.max(steps, EpochBatches.count(Math.toIntExact(s.rows()), localBatch));
    }
    TrainShare.Settings settings =
        new TrainShare.Settings(
            model,
            config,
            targets,
            threads,
            (long) steps * config.epochs(),
            Seeds.of(seed, "dropout"),
            new ArrayList<>(context.input("images").table("images")));
    Long heads = freshHeads ? (Long) Seeds.of(Seeds.of(seed, "heads"), epoch) : null;
    int perRound = config.workers() == 1 ? steps : config.localSteps();
    long started = System.nanoTime();
    List<Part> states = List.of();
    List<Part> log = new ArrayList<>();
    for (int from = 0; from < steps; from += perRound) {
      ArrayList<String> before = new ArrayList<>();
      if (from == 0) {
        before.add(ModelFile.path(context.input("model")));
      } else {
        states.forEach(p -> before.add(p.path()));
      }
      List<TrainShare.Share> round = new ArrayList<>();
      for (Part s : shares) {
        int count = EpochBatches.count(Math.toIntExact(s.rows()), localBatch);
        round.add(
            new TrainShare.Share(
                s.index(),
                s,
                before,
                Math.min(from, count),
                Math.min(from + perRound, count),
                from == 0 ? heads : null));
      }
      String job =
          config.workers() == 1
              ? ""
              : "round " + (from / perRound + 1) + "/" + (steps + perRound - 1) / perRound;
      List<Part> parts = context.run(job, out -> new TrainShare(settings, round, out));
      states = Part.of(parts, ModelFile.CHECKPOINT);
      for (Part p : parts) {
        if (p.table().equals(TrainTables.STEPS.name())) {
          log.add(new Part(p.table(), log.size(), p.path(), p.rows(), p.bytes(), p.sha256()));
        }
      }
    }
    if (states.size() > 1) {
      List<String> paths = states.stream().map(Part::path).toList();
      states = context.run("average", out -> new AverageWorkers(paths, out));
    }
    double seconds = (System.nanoTime() - started) / 1e9;
    List<Part> parts = new ArrayList<>(states);
    parts.addAll(log);
    Columns table = TableReader.read(log, TrainTables.STEPS);
    return new StageResult(parts, numbers(table, seconds), series(table));
  }

  private TreeMap<String, Double> numbers(Columns t, double seconds) {
    TreeMap<String, Double> n = new TreeMap<>();
    double images = 0;
    for (int i : t.ints("images")) {
      images += i;
    }
    n.put("loss", mean(t, "super_loss", 0, t.rows()) + mean(t, "sub_loss", 0, t.rows()));
    if (targets.hasV()) {
      n.put("loss/super", mean(t, "super_loss", 0, t.rows()));
      n.put("accuracy/super", accuracy(t, "super_correct", 1));
    }
    if (targets.hasW()) {
      n.put("loss/sub", mean(t, "sub_loss", 0, t.rows()));
      n.put("accuracy/sub", accuracy(t, "sub_correct", targets.heads()));
    }
    n.put("images", images);
    n.put("images_per_second", images / seconds);
    n.put("lr", t.rows() == 0 ? 0 : t.doubles("lr")[t.rows() - 1]);
    return n;
  }

  /** About 20 points of the epoch's course, each the mean of the steps since the one before. */
  private List<StageResult.Point> series(Columns t) {
    List<StageResult.Point> points = new ArrayList<>();
    int n = Math.min(POINTS, t.rows());
    for (int i = 0; i < n; i++) {
      int from = (int) ((long) i * t.rows() / n);
      int to = (int) ((long) (i + 1) * t.rows() / n);
      long step = t.longs("step")[to - 1];
      points.add(
          new StageResult.Point(
              "step/loss", step, mean(t, "super_loss", from, to) + mean(t, "sub_loss", from, to)));
      points.add(new StageResult.Point("step/lr", step, t.doubles("lr")[to - 1]));
    }
    return points;
  }

  private static double mean(Columns t, String column, int from, int to) {
    double sum = 0;
    double images = 0;
    for (int i = from; i < to; i++) {
      sum += t.doubles(column)[i] * t.ints("images")[i];
      images += t.ints("images")[i];
    }
    return images == 0 ? 0 : sum / images;
  }

  private static double accuracy(Columns t, String column, int labels) {
    double sum = 0;
    double told = 0;
    for (int i = 0; i < t.rows(); i++) {
      sum += t.ints(column)[i];
      told += (double) t.ints("images")[i] * labels;
    }
    return told == 0 ? 0 : 100 * sum / told;
  }
}
