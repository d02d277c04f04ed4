package org.deepercluster.stages.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.table.TableWriter;

/**
 * The evaluation that names no protocols, of the trained and of the untrained network: linear
 * classifiers on every convolution, low-shot classifiers and weighted k-NN, in one pass over the
 * images; clusters against labels. Table: {@link EvaluateTables#RESULTS}.
 *
 * <p>Inputs: {@code train} and {@code test}, labelled images; {@code untrained} and {@code
 * trained}, stages that left a checkpoint ({@code trained} absent for {@code method: random});
 * {@code clusters} and {@code images} with their labels, for methods that cluster.
 *
 * @param config classifiers
 * @param model architecture
 * @param perSuper sub-clusters of each super-cluster, k/m; 0 without clusters
 * @param seed the experiment's seed
 */
public record EvaluateStage(EvaluateConfig config, ModelConfig model, int perSuper, long seed)
    implements Stage {
  /** Network that pre-training started from. */
  public static final String UNTRAINED = "random";

  /** Network that pre-training ended with. */
  public static final String TRAINED = "trained";

  @Override
  public String name() {
    return "evaluate";
  }

  @Override
  public SortedMap<String, String> settings() {
    SortedMap<String, String> s = Settings.of(config);
    s.keySet().removeIf(k -> k.startsWith("train.") || k.startsWith("test."));
    s.put("seed", String.valueOf(seed));
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of("results");
  }

  @Override
  public StageResult run(StageContext context) throws Exception {
    Evaluation evaluation =
        new Evaluation(
            context, name(), model, Evaluation.networks(context), Seeds.of(seed, "evaluate"));
    List<Probe.Task> clusters = new ArrayList<>();
    if (context.hasInput("clusters") && !context.input("images").table("labels").isEmpty()) {
      clusters.add(
          new Probe.ClusterTask(
              context.input("clusters").table("assignments"),
              perSuper,
              context.input("images").table("labels")));
    }
    List<Measurement> rows =
        Probe.measure(
            evaluation,
            List.of(
                new Probe.Named(MetricNames.LINEAR, config.linear()),
                new Probe.Named(MetricNames.LOWSHOT, config.lowShot()),
                new Probe.Named(MetricNames.KNN, config.knn())),
            clusters);
    return StageResult.of(
        List.of(TableWriter.write(context.directory(), 0, Measurement.columns(rows))),
        Measurement.numbers(rows));
  }
}
