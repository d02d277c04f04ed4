package org.deepercluster.stages.evaluate;

import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.cluster.ClusterMetrics;
import org.deepercluster.stages.cluster.ClusterStage;
import org.deepercluster.stages.cluster.LabelledClusters;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;

/** Classifiers on one layer of one network per unit, and one unit for the clusters. */
final class Probe extends StageTransform<Probe.Task> {
  private static final long serialVersionUID = 1;

  private final Work work;

  Probe(EvaluateConfig config, long seed, List<Task> tasks, String directory) {
    super(tasks, directory);
    this.work = new Work(config, seed);
  }

  /** What one unit measures. */
  sealed interface Task extends Serializable {
    String network();
  }

  /**
   * Linear and low-shot classifiers on a convolution; k-NN on the last block's output.
   *
   * @param network {@code trained} or {@code random}
   * @param layer name of the convolution, or {@link EvaluateTables#LAST_BLOCK}
   * @param train its pooled activations of the training images, and their labels
   * @param test of the test images
   */
  record LayerTask(String network, String layer, Labelled train, Labelled test) implements Task {}

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
      return "trained";
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

    /** Rows that have a label, in order. */
    LabelledFeatures read() throws IOException, StageException {
      Map<String, Integer> label = IngestTables.labelsById(labels, EvaluateStage.TOP1);
      Columns c = TableReader.read(features, schema);
      int dim = c.dimension("feature");
      float[] all = c.vectors("feature");
      int[] found = new int[c.rows()];
      int n = 0;
      for (int i = 0; i < c.rows(); i++) {
        Integer l = label.get(c.strings("image_id")[i]);
        if (l != null) {
          if (n != i) {
            System.arraycopy(all, i * dim, all, n * dim, dim);
          }
          found[n++] = l;
        }
      }
      return n == found.length
          ? new LabelledFeatures(all, dim, found, classes)
          : new LabelledFeatures(
              java.util.Arrays.copyOf(all, n * dim),
              dim,
              java.util.Arrays.copyOf(found, n),
              classes);
    }
  }

  @Override
  protected UnitWork<Task> work() {
    return work;
  }

  private record Work(EvaluateConfig config, long seed) implements UnitWork<Task> {
    @Override
    public List<Part> process(Unit<Task> unit, Output output) throws Exception {
      NativeRuntime.setThreads(1);
      List<Result> results =
          unit.value() instanceof LayerTask layer
              ? layer(layer)
              : clusters((ClusterTask) unit.value());
      int n = results.size();
      String[] network = new String[n];
      java.util.Arrays.fill(network, unit.value().network());
      return List.of(
          output.write(
              unit.index(),
              Columns.of(EvaluateTables.RESULTS, n)
                  .set("network", network)
                  .set("protocol", results.stream().map(Result::protocol).toArray(String[]::new))
                  .set("metric", results.stream().map(Result::metric).toArray(String[]::new))
                  .set("layer", results.stream().map(Result::layer).toArray(String[]::new))
                  .set("value", results.stream().mapToDouble(Result::value).toArray())
                  .set("sd", results.stream().mapToDouble(Result::sd).toArray())
                  .build()));
    }

    private List<Result> layer(LayerTask task) throws IOException, StageException {
      LabelledFeatures train = task.train().read();
      LabelledFeatures test = task.test().read();
      if (task.layer().equals(EvaluateTables.LAST_BLOCK)) {
        return List.of(
            Result.of(MetricNames.KNN, MetricNames.TOP1, Knn.top1(train, test, config.knn())));
      }
      // The same draws and orders for both networks: only the features differ.
      LinearClassifier linear =
          LinearProbe.train(train, config.linear(), Seeds.of(seed, "linear/" + task.layer()));
      return List.of(
          Result.of(MetricNames.LINEAR, MetricNames.TOP1, task.layer(), linear.top1(test)),
          LowShot.evaluate(train, test, config.lowShot(), Seeds.of(seed, "lowshot"))
              .result(config.lowShot().perClass(), task.layer()));
    }

    private static List<Result> clusters(ClusterTask task) throws IOException {
      LabelledClusters both =
          LabelledClusters.of(
              task.assignments(),
              ClusterStage.labels(task.assignments(), task.perSuper()),
              IngestTables.singleLabels(task.labels()));
      return Result.of(ClusterMetrics.of(both.labels(), both.clusters()));
    }
  }
}
