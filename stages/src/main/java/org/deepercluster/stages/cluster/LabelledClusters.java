package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * The images that have both a label and a cluster. Only what measures a clustering looks at labels;
 * no clustering does.
 *
 * @param labels label of each of them
 * @param clusters cluster of each of them
 */
@SuppressWarnings("ArrayRecordComponent") // large, never compared by value
public record LabelledClusters(int[] labels, int[] clusters) {

  /**
   * Joins them.
   *
   * @param assignments files of the assignments table, in order
   * @param cluster cluster of each of their images, −1 for none
   * @param label by image id
   */
  public static LabelledClusters of(
      List<Part> assignments, int[] cluster, Map<String, Integer> label) throws IOException {
    int[] truth = new int[cluster.length];
    int[] found = new int[cluster.length];
    int n = 0;
    int at = 0;
    for (Part p : assignments) {
      for (String id :
          TableReader.read(p.path(), ClusterTables.ASSIGNMENTS, "image_id").strings("image_id")) {
        Integer l = label.get(id);
        if (l != null && cluster[at] >= 0) {
          truth[n] = l;
          found[n++] = cluster[at];
        }
        at++;
      }
    }
    return new LabelledClusters(Arrays.copyOf(truth, n), Arrays.copyOf(found, n));
  }

  /**
   * Agreement of an assignment with labels, by stable names such as {@code clusters/nmi}; for
   * {@code sinkhorn} also of each head, {@code clusters/head1/nmi}, the plain names being those of
   * head 0. Nothing where no image has both a label and a cluster.
   *
   * @param config that the images were clustered with
   * @param assignments files of the assignments table, in order
   * @param label by image id
   */
  public static SortedMap<String, Double> agreement(
      ClusterConfig config, List<Part> assignments, Map<String, Integer> label) throws IOException {
    TreeMap<String, Double> n = new TreeMap<>();
    if (config.algorithm() != ClusterAlgorithm.SINKHORN) {
      int[] cluster = ClusterStage.labels(assignments, config.k() / config.m());
      n.putAll(of(assignments, cluster, label).numbers("clusters/"));
      return n;
    }
    for (int h = 0; h < config.sinkhorn().heads(); h++) {
      LabelledClusters both = of(assignments, SinkhornStage.labels(assignments, h), label);
      n.putAll(both.numbers("clusters/head" + h + "/"));
      if (h == 0) {
        n.putAll(both.numbers("clusters/"));
      }
    }
    return n;
  }

  private SortedMap<String, Double> numbers(String prefix) {
    TreeMap<String, Double> n = new TreeMap<>();
    if (labels.length > 0) {
      ClusterMetrics m = ClusterMetrics.of(labels, clusters);
      n.put(prefix + "nmi", m.nmiGeometric());
      n.put(prefix + "nmi_arithmetic", m.nmiArithmetic());
      n.put(prefix + "ami", m.ami());
      n.put(prefix + "ari", m.ari());
      n.put(prefix + "purity", m.purity());
    }
    return n;
  }
}
