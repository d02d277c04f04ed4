package org.deepercluster.stages.report;

import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything that one run's report shows, and nothing about how it looks.
 *
 * <p>Only {@link #run()} must be there. Lists may be empty (or {@code null}, which becomes empty),
 * other parts {@code null}, and single numbers {@link Double#NaN}: the report then leaves the part
 * out or says why it is missing. Accuracies are percentages (79.4), as they are under their stable
 * names; NMI, ARI and purity are fractions.
 *
 * @param run what ran, where, with which code
 * @param data the images that the network was trained on, or {@code null}
 * @param stages wall time per stage, in the order in which they ran
 * @param epochs training curve, by epoch
 * @param reassignments health of each clustering, by epoch
 * @param kmeans objective of each k-means pass
 * @param sizes cluster sizes of the last clustering, or {@code null}
 * @param trained evaluation of the trained network
 * @param untrained the same for the untrained network with the same seed
 * @param gallery groups of clusters with some of their images
 * @param filters weights of the first convolution {@code [out][in][kh][kw]}, or {@code null}
 */
@SuppressWarnings("ArrayRecordComponent") // the filters: a plain tensor, compared nowhere
public record ReportData(
    Run run,
    Data data,
    List<StageTime> stages,
    List<Epoch> epochs,
    List<Reassignment> reassignments,
    List<KMeansPass> kmeans,
    ClusterSizes sizes,
    List<Score> trained,
    List<Score> untrained,
    List<Group> gallery,
    float[][][][] filters)
    implements Serializable {

  /**
   * @throws IllegalArgumentException when {@code run} is missing
   */
  public ReportData {
    if (run == null) {
      throw new IllegalArgumentException("a report needs run (experiment, id, method), got null");
    }
    stages = copy(stages);
    epochs = copy(epochs);
    reassignments = copy(reassignments);
    kmeans = copy(kmeans);
    trained = copy(trained);
    untrained = copy(untrained);
    gallery = copy(gallery);
  }

  /** Order of names with their numbers compared as numbers: conv2 before conv10. */
  public static int naturalOrder(String a, String b) {
    return Evaluation.natural(a, b);
  }

  /**
   * Identity and surroundings of the run.
   *
   * @param experiment name of the experiment
   * @param id id of the run
   * @param method {@code deepercluster}, {@code rotnet}... as in the experiment's YAML
   * @param network short description, as {@code vgg-small, width 16, 28×28 grey}, or {@code null}
   * @param seed the one seed
   * @param start start of the run, or {@code null}
   * @param finish end of the run, or {@code null}
   * @param host name of the machine, or {@code null}
   * @param backend what computed: {@code CPU with oneDNN}, {@code CUDA}..., or {@code null}
   * @param codeVersion git commit of the code, or {@code null}
   * @param resolvedYaml the experiment with every default filled in, or {@code null}
   * @param mlflow address of the run in MLflow, or {@code null}
   */
  public record Run(
      String experiment,
      String id,
      String method,
      String network,
      long seed,
      Instant start,
      Instant finish,
      String host,
      String backend,
      String codeVersion,
      String resolvedYaml,
      String mlflow)
      implements Serializable {
    public Run {
      if (experiment == null || id == null || method == null) {
        throw new IllegalArgumentException(
            "a report needs the names of experiment, run and method, got experiment="
                + experiment
                + ", id="
                + id
                + ", method="
                + method);
      }
    }

    /** Wall time from start to finish, or {@code null} when either is unknown. */
    Duration wall() {
      return start == null || finish == null ? null : Duration.between(start, finish);
    }
  }

  /**
   * The training collection.
   *
   * @param images images that were accepted
   * @param rejected rejected files by cause, in the order to show them
   * @param exact images with the same bytes as an earlier one
   * @param near images that are nearly an earlier one
   * @param dropped whether those two were left out of {@code images}
   * @param labelled whether the collection has labels (which pre-training does not read)
   */
  public record Data(
      long images,
      Map<String, Long> rejected,
      long exact,
      long near,
      boolean dropped,
      boolean labelled)
      implements Serializable {
    public Data {
      rejected = rejected == null ? new LinkedHashMap<>() : new LinkedHashMap<>(rejected);
    }
  }

  /**
   * Wall time of one stage, over all of its instances.
   *
   * @param stage name of the stage
   * @param instances how many times it ran
   * @param seconds wall seconds of all instances together
   */
  public record StageTime(String stage, int instances, double seconds) implements Serializable {}

  /**
   * One epoch of training; any number may be NaN.
   *
   * @param epoch number of the epoch, from 0
   * @param loss mean of ℓ(V·) + ℓ(W_s·) over the epoch
   * @param superLoss mean of ℓ(V·relu(f_θ(x)), s)
   * @param superAccuracy share of draws whose super-class V predicts, percent
   * @param subLoss mean of ℓ(W_s·relu(f_θ(x)), z)
   * @param subAccuracy share of draws whose sub-class W_s predicts, percent
   * @param learningRate at the end of the epoch
   * @param imagesPerSecond training speed
   */
  public record Epoch(
      int epoch,
      double loss,
      double superLoss,
      double superAccuracy,
      double subLoss,
      double subAccuracy,
      double learningRate,
      double imagesPerSecond)
      implements Serializable {}

  /**
   * Health of one clustering; any {@code double} may be NaN.
   *
   * @param epoch epoch before which the images were clustered
   * @param superObjective k-means objective of level 1: Σ ‖x_n − c‖² over the images; for {@code
   *     sela} the largest error of a label's share, as a part of 1/k
   * @param subObjective the same at level 2; for {@code sela} what the labels cost: the mean of
   *     −log p over Q and the heads, in nats
   * @param entropy entropy of the sub-cluster sizes, in nats; ln(clusters) when all are equal
   * @param clusters number of sub-clusters, empty ones included
   * @param largest images in the largest sub-cluster
   * @param smallest images in the smallest sub-cluster
   * @param empty number of empty sub-clusters
   * @param nmiPrevious NMI with the previous clustering, 0–1; NaN for the first
   * @param nmiLabels NMI with the labels, 0–1; NaN without labels
   * @param ariLabels adjusted Rand index with the labels; NaN without labels
   */
  public record Reassignment(
      int epoch,
      double superObjective,
      double subObjective,
      double entropy,
      long clusters,
      long largest,
      long smallest,
      long empty,
      double nmiPrevious,
      double nmiLabels,
      double ariLabels)
      implements Serializable {}

  /**
   * One Lloyd pass.
   *
   * @param epoch epoch of the clustering
   * @param level 1 (super-clusters) or 2 (sub-clusters)
   * @param pass number of the pass, from 0
   * @param objective Σ ‖x_n − c‖² over the images, c the nearest centroid
   */
  public record KMeansPass(int epoch, int level, int pass, double objective)
      implements Serializable {}

  /**
   * Images per cluster, in any order, zeros for empty clusters.
   *
   * @param superSizes level 1
   * @param subSizes level 2
   */
  public record ClusterSizes(List<Long> superSizes, List<Long> subSizes) implements Serializable {
    public ClusterSizes {
      superSizes = copy(superSizes);
      subSizes = copy(subSizes);
    }
  }

  /**
   * One evaluation result.
   *
   * @param protocol {@code knn}, {@code linear}, {@code lowshot10}, {@code clusters}...
   * @param metric {@code top1}, {@code nmi}, {@code ari}...
   * @param layer layer that the features come from, or {@code null}
   * @param value the result: percent for accuracies, as it is for NMI, ARI and the like
   * @param sd standard deviation over draws, or NaN
   */
  public record Score(String protocol, String metric, String layer, double value, double sd)
      implements Serializable {
    public Score {
      if (protocol == null || metric == null) {
        throw new IllegalArgumentException(
            "a score needs protocol and metric, got protocol=" + protocol + ", metric=" + metric);
      }
    }

    /**
     * Reads scores back from metrics under their stable names {@code
     * <prefix><protocol>/<metric>[/<layer>]}; a metric called {@code <metric>_sd} becomes the
     * standard deviation of the one without the suffix.
     *
     * @param metrics values by name; names that do not start with the prefix are left out
     * @param prefix {@code eval/} or {@code random/eval/}
     * @return scores in the order of the map
     */
    public static List<Score> fromMetrics(Map<String, Double> metrics, String prefix) {
      List<Score> scores = new ArrayList<>();
      for (Map.Entry<String, Double> entry : metrics.entrySet()) {
        String name = entry.getKey();
        if (!name.startsWith(prefix)) {
          continue;
        }
        String[] parts = name.substring(prefix.length()).split("/", 3);
        if (parts.length < 2 || parts[1].endsWith("_sd")) {
          continue;
        }
        String layer = parts.length == 3 ? parts[2] : null;
        String sdName =
            prefix + parts[0] + "/" + parts[1] + "_sd" + (layer == null ? "" : "/" + layer);
        scores.add(
            new Score(
                parts[0],
                parts[1],
                layer,
                entry.getValue(),
                metrics.getOrDefault(sdName, Double.NaN)));
      }
      return scores;
    }
  }

  /** Which clusters a gallery group shows. */
  public enum Kind {
    LARGEST,
    SMALLEST,
    RANDOM,
    PUREST
  }

  /**
   * Clusters shown together.
   *
   * @param kind how they were chosen
   * @param clusters in the order to show them
   */
  public record Group(Kind kind, List<Cluster> clusters) implements Serializable {
    public Group {
      if (kind == null) {
        throw new IllegalArgumentException("a gallery group needs its kind, got null");
      }
      clusters = copy(clusters);
    }
  }

  /**
   * One cluster of the gallery.
   *
   * @param name name to show, as {@code 1.17} for sub-cluster 17 of super-cluster 1
   * @param size images in the cluster
   * @param purity share of the images with the majority label, 0–1; NaN without labels
   * @param majority name of the majority label, or {@code null}
   * @param images some of its images; may be empty
   */
  public record Cluster(
      String name, long size, double purity, String majority, List<Thumbnail> images)
      implements Serializable {
    public Cluster {
      if (name == null) {
        throw new IllegalArgumentException("a gallery cluster needs a name, got null");
      }
      images = copy(images);
    }
  }

  /** The same as JSON (UTF-8, pixels as base64, NaN as {@code null}, times as ISO 8601). */
  public byte[] toJson() {
    return ReportJson.write(this);
  }

  /**
   * Reads what {@link #toJson()} wrote.
   *
   * @throws IOException when the bytes are not such a document
   */
  public static ReportData fromJson(byte[] json) throws IOException {
    return ReportJson.read(json);
  }

  private static <T> List<T> copy(List<T> list) {
    return list == null ? List.of() : List.copyOf(list);
  }
}
