package org.deepercluster.stages.evaluate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.cluster.ClusterMetrics;
import org.deepercluster.stages.cluster.ClusterTables;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * The last clusters of the experiment against the labels of the images that it was trained on,
 * which may be metadata such as hashtags: an image may have any number of them.
 */
public record Clusters(
    @Key(
            doc =
                "Images with several labels: `pairs` makes each label of an image an item of its"
                    + " own, in the image's cluster; `single` leaves these images out.",
            def = "pairs",
            oneOf = {"pairs", "single"})
        String multiLabel)
    implements Protocol {

  /** Checks the word. */
  public Clusters {
    Schema.check(Clusters.class, multiLabel);
  }

  @Override
  public boolean needsTrain() {
    return false;
  }

  @Override
  public boolean needsTest() {
    return false;
  }

  @Override
  public Work work(long train, long test, double operations) {
    return Work.NONE;
  }

  @Override
  public List<Measurement> measure(Evaluation evaluation) throws Exception {
    var context = evaluation.context();
    if (!context.hasInput("clusters")) {
      throw new StageException(
          evaluation.name() + " measures the clusters of the experiment, and it has none");
    }
    List<Part> labels = context.input("images").table("labels");
    if (labels.isEmpty()) {
      throw new StageException(
          evaluation.name() + " compares clusters with data.labels, and there are none");
    }
    ClusterMetrics metrics = metrics(context.input("clusters").table("assignments"), labels);
    List<Measurement> rows = new ArrayList<>();
    for (Result r : Result.of(metrics)) {
      rows.add(
          new Measurement(
              EvaluateStage.TRAINED,
              new Result(evaluation.name(), r.metric(), "", r.value(), Double.NaN)));
    }
    return rows;
  }

  /**
   * Compares.
   *
   * @param assignments files of the assignments table
   * @param labels files of the labels table
   * @throws StageException if no image has both a cluster and a label
   */
  ClusterMetrics metrics(List<Part> assignments, List<Part> labels)
      throws IOException, StageException {
    Map<String, List<Integer>> byId = new HashMap<>();
    Columns l = TableReader.read(labels, IngestTables.LABELS, "image_id", "label", "difficult");
    Map<String, Integer> doubtful = new HashMap<>();
    for (int i = 0; i < l.rows(); i++) {
      String id = l.strings("image_id")[i];
      if (l.ints("difficult")[i] == 0) {
        byId.computeIfAbsent(id, k -> new ArrayList<>(1)).add(l.ints("label")[i]);
      } else {
        doubtful.put(id, 1);
      }
    }
    if (multiLabel.equals("single")) {
      byId.entrySet().removeIf(e -> e.getValue().size() > 1 || doubtful.containsKey(e.getKey()));
    }
    List<Integer> label = new ArrayList<>();
    List<Integer> cluster = new ArrayList<>();
    Map<Long, Integer> numbers = new HashMap<>();
    for (Part p : assignments) {
      Columns c =
          TableReader.read(
              p.path(), ClusterTables.ASSIGNMENTS, "image_id", "super_cluster", "sub_cluster");
      for (int i = 0; i < c.rows(); i++) {
        if (c.ints("super_cluster")[i] < 0) {
          continue;
        }
        long pair = (long) c.ints("super_cluster")[i] << 32 | c.ints("sub_cluster")[i];
        int number = numbers.computeIfAbsent(pair, k -> numbers.size());
        for (int own : byId.getOrDefault(c.strings("image_id")[i], List.of())) {
          label.add(own);
          cluster.add(number);
        }
      }
    }
    if (label.isEmpty()) {
      throw new StageException("no image has both a cluster and a label to compare it with");
    }
    return ClusterMetrics.of(
        label.stream().mapToInt(Integer::intValue).toArray(),
        cluster.stream().mapToInt(Integer::intValue).toArray());
  }
}
