package org.deepercluster.stages.evaluate;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.cluster.ClusterMetrics;
import org.deepercluster.stages.cluster.ClusterStage;
import org.deepercluster.stages.cluster.LabelledClusters;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.model.ConvLayer;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableSchema;

/** The units of frozen protocols, and one for the clusters. */
final class Probe extends StageTransform<Probe.Task> {
  private static final long serialVersionUID = 1;

  private final Work work;

  Probe(long seed, List<Task> tasks, String directory) {
    super(tasks, directory);
    this.work = new Work(seed);
  }

  /** A protocol under the name of its results. */
  record Named(String name, FrozenProtocol protocol) implements Serializable {}

  /** What one unit measures. */
  sealed interface Task extends Serializable {
    String network();
  }

  /**
   * A unit of a protocol on a layer.
   *
   * @param protocol what to do
   * @param network {@code trained} or {@code random}
   * @param layer name of the convolution, or {@link EvaluateTables#LAST_BLOCK}
   * @param unit from 0
   * @param train its pooled activations of the training images, and their labels
   * @param test of the test images
   */
  record LayerTask(
      Named protocol, String network, String layer, int unit, Labelled train, Labelled test)
      implements Task {}

  /**
   * Clusters against labels, of the images that have exactly one.
   *
   * @param assignments files of the assignments table
   * @param perSuper k/m
   * @param labels files of the labels table
   */
  record ClusterTask(List<Part> assignments, int perSuper, List<Part> labels) implements Task {
    @Override
    public String network() {
      return EvaluateStage.TRAINED;
    }
  }

  /**
   * Vectors and their labels.
   *
   * @param features files of the vectors
   * @param schema of these files
   * @param labels files of the labels table
   * @param classes number of classes
   */
  record Labelled(List<Part> features, TableSchema schema, List<Part> labels, int classes)
      implements Serializable {

    Examples read() throws IOException {
      return Examples.read(features, schema, labels, classes);
    }
  }

  /**
   * Passes every network once over both sets of images, then runs all protocols in one pipeline.
   *
   * @param evaluation networks and images
   * @param protocols what to measure
   * @param others further tasks for the same pipeline
   * @return the protocols' results in the order of layers and networks, protocol after protocol,
   *     then the rows of {@code others}
   */
  static List<Measurement> measure(
      Evaluation evaluation, List<Named> protocols, List<? extends Task> others) throws Exception {
    int classes = evaluation.classes();
    List<String> known = layers(evaluation);
    Set<String> needed = new LinkedHashSet<>();
    for (Named p : protocols) {
      needed.addAll(layers(p, known));
    }
    List<String> layers = known.stream().filter(needed::contains).toList();
    List<PoolActivations.Task> passes = new ArrayList<>();
    for (Evaluation.Network n : evaluation.networks()) {
      for (Part p : evaluation.train().table("images")) {
        passes.add(new PoolActivations.Task(n.name(), n.checkpoint(), "train", p));
      }
      for (Part p : evaluation.test().table("images")) {
        passes.add(new PoolActivations.Task(n.name(), n.checkpoint(), "test", p));
      }
    }
    List<Part> pooled =
        evaluation
            .context()
            .run("features", out -> new PoolActivations(evaluation.model(), layers, passes, out));
    List<Task> tasks = new ArrayList<>();
    for (String layer : layers) {
      for (Evaluation.Network n : evaluation.networks()) {
        Labelled train = labelled(pooled, n, "train", layer, evaluation.train(), classes);
        Labelled test = labelled(pooled, n, "test", layer, evaluation.test(), classes);
        for (Named p : protocols) {
          if (layers(p, known).contains(layer)) {
            for (int u = 0; u < p.protocol().units(classes); u++) {
              tasks.add(new LayerTask(p, n.name(), layer, u, train, test));
            }
          }
        }
      }
    }
    tasks.addAll(others);
    List<Part> parts =
        evaluation.context().run("classifiers", out -> new Probe(evaluation.seed(), tasks, out));
    List<Measurement> results = new ArrayList<>();
    for (Named p : protocols) {
      results.addAll(p.protocol().results(rows(parts, tasks, t -> isOf(p, t))));
    }
    results.addAll(rows(parts, tasks, others::contains));
    return results;
  }

  private static boolean isOf(Named p, Task t) {
    return t instanceof LayerTask l && l.protocol().equals(p);
  }

  /** Rows of some of the tasks; each has left one file, under its number. */
  private static List<Measurement> rows(List<Part> parts, List<Task> tasks, Predicate<Task> wanted)
      throws IOException {
    return Measurement.read(
        parts.stream().sorted().filter(p -> wanted.test(tasks.get(p.index()))).toList());
  }

  /** The network's layers, from input to output. */
  static List<String> layers(Evaluation evaluation) {
    List<String> layers;
    try (Trunk trunk = Trunk.create(evaluation.model(), 0)) {
      layers = new ArrayList<>(trunk.convLayers().stream().map(ConvLayer::name).toList());
    }
    layers.add(EvaluateTables.LAST_BLOCK);
    return layers;
  }

  /** The layers that a protocol names. */
  private static List<String> layers(Named p, List<String> known) throws StageException {
    return layers(p.name(), p.protocol().layers(), known);
  }

  /** Those of the {@code known} layers that the setting {@code layers} of a protocol names. */
  static List<String> layers(String protocol, String asked, List<String> known)
      throws StageException {
    List<String> convolutions = known.subList(0, known.size() - 1);
    if (asked.equals("all")) {
      return convolutions;
    }
    if (asked.equals("last")) {
      return convolutions.subList(convolutions.size() - 1, convolutions.size());
    }
    List<String> named = List.of(asked.split("\\s*,\\s*", -1));
    for (String layer : named) {
      if (!known.contains(layer)) {
        throw new StageException(
            protocol
                + ": layers must be all, last, or some of "
                + String.join(", ", known)
                + "; got "
                + asked);
      }
    }
    return named;
  }

  private static Labelled labelled(
      List<Part> pooled,
      Evaluation.Network network,
      String set,
      String layer,
      Manifest images,
      int classes) {
    TableSchema schema = EvaluateTables.layer(network.name(), set, layer);
    return new Labelled(Part.of(pooled, schema.name()), schema, images.table("labels"), classes);
  }

  @Override
  protected UnitWork<Task> work() {
    return work;
  }

  private static final class Work implements UnitWork<Task> {
    private static final long serialVersionUID = 1;

    private final long seed;

    /** Read for the unit before: units of a layer come one after the other. */
    private transient Labelled trainSource;

    private transient Labelled testSource;
    private transient Features features;

    Work(long seed) {
      this.seed = seed;
    }

    @Override
    public List<Part> process(Unit<Task> unit, Output output) throws Exception {
      NativeRuntime.setThreads(1);
      List<Result> results =
          unit.value() instanceof LayerTask layer
              ? layer(layer)
              : clusters((ClusterTask) unit.value());
      return List.of(
          output.write(
              unit.index(),
              Measurement.columns(
                  results.stream().map(r -> new Measurement(unit.value().network(), r)).toList())));
    }

    private List<Result> layer(LayerTask task) throws IOException {
      if (!Objects.equals(task.train(), trainSource) || !Objects.equals(task.test(), testSource)) {
        close();
        features = new Features(task.layer(), task.train().read(), task.test().read());
        trainSource = task.train();
        testSource = task.test();
      }
      return task.protocol().protocol().probe(task.protocol().name(), features, task.unit(), seed);
    }

    private static List<Result> clusters(ClusterTask task) throws IOException {
      LabelledClusters both =
          LabelledClusters.of(
              task.assignments(),
              ClusterStage.labels(task.assignments(), task.perSuper()),
              IngestTables.singleLabels(task.labels()));
      return Result.of(ClusterMetrics.of(both.labels(), both.clusters()));
    }

    @Override
    public void close() {
      features = null;
      trainSource = null;
      testSource = null;
    }
  }
}
