package org.deepercluster.pipelines.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.experiment.Method;
import org.deepercluster.stages.augment.AugmentStage;
import org.deepercluster.stages.cluster.ClusterAlgorithm;
import org.deepercluster.stages.cluster.ClusterConfig;
import org.deepercluster.stages.cluster.ClusterStage;
import org.deepercluster.stages.cluster.SinkhornStage;
import org.deepercluster.stages.evaluate.Clusters;
import org.deepercluster.stages.evaluate.EvaluateConfig;
import org.deepercluster.stages.evaluate.EvaluateStage;
import org.deepercluster.stages.evaluate.ProtocolStage;
import org.deepercluster.stages.evaluate.Protocols;
import org.deepercluster.stages.features.FeaturesStage;
import org.deepercluster.stages.ingest.IngestStage;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.report.ReportData;
import org.deepercluster.stages.report.ReportStage;
import org.deepercluster.stages.targets.Targets;
import org.deepercluster.stages.train.InitStage;
import org.deepercluster.stages.train.TrainStage;
import org.deepercluster.stages.train.WeightsStage;

/**
 * Experiment → plan: the stage instances in the order in which they run.
 *
 * <pre>
 * ingest ─┬─────────────────────────────────────────────┐
 * init ───┼─ [features → cluster, every T epochs or by schedule] → augment → train, every epoch
 *         └─ ingest-train, ingest-test → evaluate → report
 * </pre>
 */
public final class Planner {
  private static final String IMAGES = "images";
  private static final String MODEL = "model";

  private final Experiment experiment;
  private final Inputs inputs;
  private final ReportData.Run run;
  private final List<StageInstance> instances = new ArrayList<>();

  private Planner(Experiment experiment, Inputs inputs, ReportData.Run run) {
    this.experiment = experiment;
    this.inputs = inputs;
    this.run = run;
  }

  /**
   * Plans an experiment.
   *
   * @param experiment what the YAML says
   * @param inputs what its collections hold
   * @param run what the report says of the run
   */
  public static Plan plan(Experiment experiment, Inputs inputs, ReportData.Run run) {
    return new Planner(experiment, inputs, run).plan();
  }

  /** Numbering of the classes that an experiment's network is trained to tell. */
  public static Targets targets(Experiment e, Inputs inputs) {
    return switch (e.method()) {
      case DEEPERCLUSTER, DEEPCLUSTER, CARTESIAN ->
          new Targets(
              org.deepercluster.stages.targets.Method.of(e.method().toString()),
              e.clustering().m(),
              e.clustering().k());
      case SELA ->
          new Targets(
              org.deepercluster.stages.targets.Method.SELA,
              e.clustering().m(),
              e.clustering().k(),
              e.clustering().sinkhorn().heads(),
              e.clustering().sinkhorn().rotation() ? 4 : 1);
      case SUPERVISED ->
          new Targets(
              org.deepercluster.stages.targets.Method.SUPERVISED,
              1,
              inputs.data().classNames().size());
      // An untrained network has no targets of its own; the smallest heads there are.
      case ROTNET, RANDOM, PRETRAINED ->
          new Targets(org.deepercluster.stages.targets.Method.ROTNET, 1, 1);
    };
  }

  private Plan plan() {
    Experiment e = experiment;
    Targets targets = targets(e, inputs);
    boolean clusters = e.method().clusters();
    int perSuper = clusters ? targets.subClusters() : 0;
    for (Inputs.Collection c : inputs.collections()) {
      if (inputs.ingest(c.section()).equals(c.instance())) {
        add(StageInstance.of(c.instance(), new IngestStage(c.config(), c.listing()), -1, Map.of()));
      }
    }
    boolean pretrained = e.method() == Method.PRETRAINED;
    add(
        StageInstance.of(
            "init",
            pretrained
                ? new WeightsStage(e.model(), e.weights(), inputs.weights())
                : new InitStage(e.model(), targets, e.seed()),
            -1,
            Map.of()));

    String model = "init";
    String clustering = null;
    List<String> clusterings = new ArrayList<>();
    List<String> trainings = new ArrayList<>();
    int epochs = e.method().trains() ? e.train().epochs() : 0;
    boolean keepsHeads =
        targets.keepsHeads() || (clusters && Boolean.TRUE.equals(e.clustering().warmRestart()));
    SortedSet<Integer> reassignments = clusters ? reassignments(e.clustering(), epochs) : null;
    for (int epoch = 0; epoch < epochs; epoch++) {
      boolean reassign = clusters && reassignments.contains(epoch);
      if (reassign) {
        String features = id("features", epoch);
        SortedSet<Integer> later = reassignments.tailSet(epoch + 1);
        add(
            StageInstance.of(
                    features,
                    new FeaturesStage(e.model()),
                    epoch,
                    Map.of(IMAGES, "ingest", MODEL, model))
                .passing(
                    Set.of("features"), later.isEmpty() ? null : id("features", later.first())));
        boolean sinkhorn = e.clustering().algorithm() == ClusterAlgorithm.SINKHORN;
        Map<String, String> in = new LinkedHashMap<>(Map.of("features", features));
        if (sinkhorn) {
          in.put(MODEL, model);
        }
        if (clustering != null) {
          in.put("previous", clustering);
        }
        clustering = id("cluster", epoch);
        clusterings.add(clustering);
        add(
            StageInstance.of(
                clustering,
                sinkhorn
                    ? new SinkhornStage(e.clustering(), epoch)
                    : new ClusterStage(e.clustering(), epoch, e.seed()),
                epoch,
                in));
      }
      Map<String, String> drawn = new LinkedHashMap<>(Map.of(IMAGES, "ingest"));
      if (clustering != null) {
        drawn.put("assignments", clustering);
      }
      if (e.method() == Method.SUPERVISED) {
        drawn.put("labels", "ingest");
      }
      boolean last = epoch + 1 == epochs;
      String draws = id("augment", epoch);
      add(
          StageInstance.of(
                  draws,
                  new AugmentStage(e.augment(), targets, e.train().workers(), epoch, e.seed()),
                  epoch,
                  drawn)
              .passing(Set.of("draws"), last ? null : id("augment", epoch + 1)));
      String train = id("train", epoch);
      add(
          StageInstance.of(
                  train,
                  new TrainStage(
                      e.model(),
                      e.train(),
                      targets,
                      epoch,
                      reassign && epoch > 0 && !keepsHeads,
                      e.execution().threads(),
                      e.seed()),
                  epoch,
                  Map.of(IMAGES, "ingest", "draws", draws, MODEL, model))
              .passing(
                  // The network of the last clustering is kept, to assign other images to it.
                  Set.of(ModelFile.CHECKPOINT),
                  last || (clusters && reassignments.last() == epoch + 1)
                      ? null
                      : id("train", epoch + 1)));
      trainings.add(train);
      model = train;
    }

    Map<String, String> networks = new LinkedHashMap<>();
    networks.put(pretrained ? "trained" : "untrained", "init");
    if (!trainings.isEmpty()) {
      networks.put("trained", model);
    }
    Map<String, String> reported = new LinkedHashMap<>();
    if (e.data() != null) {
      reported.put(IMAGES, "ingest");
    }
    reported.putAll(networks);
    clusterings.forEach(c -> reported.put(c, c));
    trainings.forEach(t -> reported.put(t, t));
    if (e.evaluation() != null) {
      evaluations(perSuper, networks, clustering)
          .forEach(
              evaluation -> {
                add(evaluation);
                reported.put(evaluation.id(), evaluation.id());
              });
    }
    add(
        StageInstance.of(
            "report",
            new ReportStage(run, perSuper, List.copyOf(reported.keySet()), e.seed()),
            -1,
            reported));
    return new Plan(instances);
  }

  /**
   * What measures the networks.
   *
   * @param networks instances that left a checkpoint, by role
   * @param clustering the last clustering, or null
   */
  private List<StageInstance> evaluations(
      int perSuper, Map<String, String> networks, String clustering) {
    EvaluateConfig config = experiment.evaluation();
    Map<String, String> clusters =
        clustering == null ? Map.of() : Map.of("clusters", clustering, IMAGES, "ingest");
    if (config.protocols() == null) {
      Map<String, String> in = new LinkedHashMap<>(networks);
      in.put("train", inputs.ingest("evaluation.train"));
      in.put("test", inputs.ingest("evaluation.test"));
      in.putAll(clusters);
      return List.of(
          StageInstance.of(
              "evaluate",
              new EvaluateStage(config, experiment.model(), perSuper, experiment.seed()),
              -1,
              in));
    }
    List<StageInstance> all = new ArrayList<>();
    for (Protocols.Named p : config.protocols().all()) {
      String own = "evaluation.protocols." + p.name();
      Map<String, String> in = new LinkedHashMap<>(networks);
      if (p.settings().needsTrain()) {
        in.put("train", inputs.ingest((p.data().train() == null ? "evaluation" : own) + ".train"));
      }
      if (p.settings().needsTest()) {
        in.put("test", inputs.ingest((p.data().test() == null ? "evaluation" : own) + ".test"));
      }
      if (p.settings() instanceof Clusters) {
        in.putAll(clusters);
      }
      all.add(
          StageInstance.of(
              "evaluate-" + p.name(),
              new ProtocolStage(p, experiment.model(), experiment.seed()),
              -1,
              in));
    }
    return all;
  }

  /** Epochs before which labels are assigned anew; 0 is the first. */
  private static SortedSet<Integer> reassignments(ClusterConfig c, int epochs) {
    if (c.algorithm() == ClusterAlgorithm.SINKHORN) {
      return c.sinkhorn().updateEpochs(epochs);
    }
    TreeSet<Integer> at = new TreeSet<>();
    for (int epoch = 0; epoch < epochs; epoch += c.reassignEvery()) {
      at.add(epoch);
    }
    return at;
  }

  private void add(StageInstance instance) {
    instances.add(instance);
  }

  private static String id(String stage, int epoch) {
    return String.format("%s-e%03d", stage, epoch);
  }
}
