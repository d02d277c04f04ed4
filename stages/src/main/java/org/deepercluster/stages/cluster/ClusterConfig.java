package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.config.InvalidSettingsException;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.Setting;
import org.deepercluster.stages.config.SettingFault;

/**
 * How images get their labels. Which settings there are depends on the algorithm: those of the
 * other one are {@code null}.
 */
public record ClusterConfig(
    @Key(
            doc =
                "How labels are assigned: `kmeans`, or `sinkhorn` for method `sela`. Left out: what"
                    + " the method needs.",
            def = Key.NONE)
        ClusterAlgorithm algorithm,
    @Key(doc = "Number of super-clusters (level 1).", symbol = "m", min = 1, max = 10_000) int m,
    @Key(
            doc =
                "Total number of sub-clusters over all super-clusters (level 2); each super-cluster"
                    + " has k/m, so m must divide k. For `sinkhorn`, labels of each head.",
            symbol = "k",
            min = 1,
            max = 100_000_000)
        int k,
    @Key(
            doc = "Epochs between two reassignments, for `kmeans`. Left out: 3.",
            symbol = "T",
            def = Key.NONE,
            min = 1,
            max = 100_000)
        Integer reassignEvery,
    @Key(
            doc =
                "Dimensions kept by PCA-whitening, for `kmeans`; at most the trunk's output"
                    + " dimension d. Left out: 4096.",
            symbol = "pcaDim",
            def = Key.NONE,
            min = 1,
            max = 65_536)
        Integer pcaDim,
    @Key(
            doc =
                "Images that PCA is fitted on, for `kmeans`, taken evenly over the collection; all"
                    + " when there are fewer. Left out: d(d-1)/2, and at least 10,000.",
            def = Key.NONE,
            min = 2)
        Long pcaSample,
    @Key(
            doc = "Lloyd passes of each k-means, before the last assignment. Left out: 10.",
            def = Key.NONE,
            min = 1,
            max = 1000)
        Integer iterations,
    @Key(doc = "Self-labelling, for `sinkhorn` only. Left out: all defaults.", def = Key.NONE)
        SinkhornConfig sinkhorn,
    @Key(
            doc =
                "Clusterings of at most this many MiB (of features; of log-probabilities for"
                    + " `sinkhorn`) run all passes in one job on one worker; larger ones run one job"
                    + " per pass. The result is the same.",
            def = "256",
            min = 0,
            max = 1_000_000,
            affectsResult = false)
        int singleJobMiB)
    implements Serializable {
  /** Fills in what is left out of the algorithm's settings, if it is named, and checks. */
  public ClusterConfig {
    Schema.check(
        ClusterConfig.class,
        algorithm,
        m,
        k,
        reassignEvery,
        pcaDim,
        pcaSample,
        iterations,
        sinkhorn,
        singleJobMiB);
    if (algorithm == ClusterAlgorithm.KMEANS) {
      leftOut(algorithm, Collections.singletonMap("sinkhorn", sinkhorn));
      reassignEvery = reassignEvery == null ? (Integer) 3 : reassignEvery;
      pcaDim = pcaDim == null ? (Integer) 4096 : pcaDim;
      iterations = iterations == null ? (Integer) 10 : iterations;
    } else if (algorithm == ClusterAlgorithm.SINKHORN) {
      Map<String, Object> kmeans = new LinkedHashMap<>();
      kmeans.put("reassignEvery", reassignEvery);
      kmeans.put("pcaDim", pcaDim);
      kmeans.put("pcaSample", pcaSample);
      kmeans.put("iterations", iterations);
      leftOut(algorithm, kmeans);
      Schema.require(m == 1, "must be 1 for algorithm sinkhorn, got " + m, "m", "algorithm");
      sinkhorn =
          sinkhorn == null ? (SinkhornConfig) Schema.of(SinkhornConfig.class).defaults() : sinkhorn;
    }
    Schema.require(k % m == 0, "must be a multiple of m = " + m + ", got " + k, "k", "m");
  }

  private static void leftOut(ClusterAlgorithm algorithm, Map<String, Object> others) {
    List<SettingFault> faults = new ArrayList<>();
    others.forEach(
        (key, value) -> {
          if (value != null) {
            faults.add(
                new SettingFault(
                    List.of(key, "algorithm"),
                    "must be left out: algorithm "
                        + Setting.text(algorithm)
                        + " has no use for it"));
          }
        });
    if (!faults.isEmpty()) {
      throw new InvalidSettingsException(faults);
    }
  }

  /**
   * This configuration for an algorithm, unless it names one already.
   *
   * @throws InvalidSettingsException if it has settings that the algorithm has no use for
   */
  public ClusterConfig orFor(ClusterAlgorithm other) {
    return algorithm != null
        ? this
        : new ClusterConfig(
            other, m, k, reassignEvery, pcaDim, pcaSample, iterations, sinkhorn, singleJobMiB);
  }
}
