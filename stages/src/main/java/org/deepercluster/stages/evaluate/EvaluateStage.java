package org.deepercluster.stages.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.model.ConvLayer;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * Transfer evaluation of the trained and of the untrained network: linear classifiers on every
 * convolution, low-shot classifiers, weighted k-NN; clusters against labels. Table: {@link
 * EvaluateTables#RESULTS}.
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

  /** What needs one label per image. */
  static final String TOP1 = "top-1 of linear, low-shot and k-NN classifiers";

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
    Manifest train = context.input("train");
    Manifest test = context.input("test");
    int classes = classes(train, test);
    List<String> networks = new ArrayList<>(List.of(UNTRAINED));
    if (context.hasInput("trained")) {
      networks.add(TRAINED);
    }
    List<PoolActivations.Task> passes = new ArrayList<>();
    for (String network : networks) {
      String checkpoint =
          ModelFile.path(context.input(network.equals(TRAINED) ? "trained" : "untrained"));
      for (Part p : train.table("images")) {
        passes.add(new PoolActivations.Task(network, checkpoint, "train", p));
      }
      for (Part p : test.table("images")) {
        passes.add(new PoolActivations.Task(network, checkpoint, "test", p));
      }
    }
    List<Part> pooled = context.run("features", out -> new PoolActivations(model, passes, out));
    List<String> layers;
    try (Trunk trunk = Trunk.create(model, 0)) {
      layers = new ArrayList<>(trunk.convLayers().stream().map(ConvLayer::name).toList());
    }
    layers.add(EvaluateTables.LAST_BLOCK);
    List<Probe.Task> tasks = new ArrayList<>();
    for (String layer : layers) {
      for (String network : networks) {
        tasks.add(
            new Probe.LayerTask(
                network,
                layer,
                labelled(pooled, network, "train", layer, train, classes),
                labelled(pooled, network, "test", layer, test, classes)));
      }
    }
    if (context.hasInput("clusters") && !context.input("images").table("labels").isEmpty()) {
      tasks.add(
          new Probe.ClusterTask(
              context.input("clusters").table("assignments"),
              perSuper,
              context.input("images").table("labels")));
    }
    List<Part> parts =
        context.run(
            "classifiers", out -> new Probe(config, Seeds.of(seed, "evaluate"), tasks, out));
    return StageResult.of(parts, metrics(parts, context.hasInput("trained")));
  }

  /**
   * The results by their stable names: {@code eval/<protocol>/<metric>[/<layer>]}, those of the
   * untrained network under {@code random/eval/…}. For {@code method: random} the untrained network
   * is the experiment's own and stands under both.
   */
  private static TreeMap<String, Double> metrics(List<Part> parts, boolean hasTrained)
      throws java.io.IOException {
    TreeMap<String, Double> metrics = new TreeMap<>();
    Columns c = TableReader.read(parts, EvaluateTables.RESULTS);
    for (int i = 0; i < c.rows(); i++) {
      Result r =
          new Result(
              c.strings("protocol")[i],
              c.strings("metric")[i],
              c.strings("layer")[i],
              c.doubles("value")[i],
              c.doubles("sd")[i]);
      boolean trained = c.strings("network")[i].equals(TRAINED);
      Result.named(List.of(r))
          .forEach(
              (name, value) -> {
                if (!trained) {
                  metrics.put("random/eval/" + name, value);
                }
                if (trained || !hasTrained) {
                  metrics.put("eval/" + name, value);
                }
              });
    }
    return metrics;
  }

  private static Probe.Labelled labelled(
      List<Part> pooled, String network, String set, String layer, Manifest images, int classes) {
    var schema = EvaluateTables.layer(network, set, layer);
    return new Probe.Labelled(
        Part.of(pooled, schema.name()), schema, images.table("labels"), classes);
  }

  private static int classes(Manifest train, Manifest test) throws Exception {
    int classes = 0;
    for (Manifest m : List.of(train, test)) {
      List<Part> labels = m.table("labels");
      if (labels.isEmpty()) {
        throw new StageException(
            m.instance() + " has no labels; evaluation.train and evaluation.test need them");
      }
      for (int l : IngestTables.labelsById(labels, m.instance() + ": " + TOP1).values()) {
        classes = Math.max(classes, l + 1);
      }
    }
    return classes;
  }
}
