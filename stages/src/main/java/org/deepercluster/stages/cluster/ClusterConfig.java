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
    @Key(
            doc =
                "Where k-means starts, for `kmeans`: random images; images drawn one by one, far"
                    + " from each other, with a pass over the data for each of a level's clusters;"
                    + " or the same from a few large draws. Left out: random.",
            def = Key.NONE,
            oneOf = {RANDOM, PLUS_PLUS, PARALLEL})
        String init,
    @Key(
            doc = "Bring centroids to norm 1 after every pass, for `kmeans`. Left out: false.",
            def = Key.NONE)
        Boolean spherical,
    @Key(
            doc =
                "A level's passes end once one has lowered the objective by less than this part of"
                    + " it, for `kmeans`; 0: not before `iterations`. Left out: 0.",
            def = Key.NONE,
            min = 0,
            max = 1)
        Double tolerance,
    @Key(
            doc =
                "Start a reassignment from the last one: centroids from the means of its clusters'"
                    + " members in the new whitened space, heads as they are; for `kmeans`. Left"
                    + " out: false, afresh.",
            def = Key.NONE)
        Boolean warmRestart,
    @Key(doc = "Self-labelling, for `sinkhorn` only. Left out: all defaults.", def = Key.NONE)
        SinkhornConfig sinkhorn,
    @Key(
            doc =
                "Clusters count as collapsed where the entropy of their sizes, divided by the"
                    + " largest there could be, is below this; 0: never.",
            def = "0.5",
            min = 0,
            max = 1,
            affectsResult = false)
        double collapseThreshold,
    @Key(
            doc = "What becomes of a run whose clusters have collapsed.",
            def = "warn",
            affectsResult = false)
        OnCollapse onCollapse,
    @Key(
            doc =
                "Clusterings of at most this many MiB (of features; of log-probabilities for"
                    + " `sinkhorn`, and 256 at most there) run all passes in one job, on the threads"
                    + " of one worker; larger ones run one job per pass, on all workers. The result"
                    + " and the memory that k-means needs are the same.",
            def = "4096",
            min = 0,
            max = 1_000_000,
            affectsResult = false)
        int singleJobMiB)
    implements Serializable {
  /** Start from random images. */
  static final String RANDOM = "random";

  /** Start from images drawn one by one, far from those before. */
  static final String PLUS_PLUS = "k-means++";

  /** Start from a few large draws, reduced. */
  static final String PARALLEL = "k-means||";

  private static final int MOST_PASSES = 10_000;
  private static final long MOST_BYTES = 1L << 30;

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
        init,
        spherical,
        tolerance,
        warmRestart,
        sinkhorn,
        collapseThreshold,
        onCollapse,
        singleJobMiB);
    if (algorithm == ClusterAlgorithm.KMEANS) {
      leftOut(algorithm, Collections.singletonMap("sinkhorn", sinkhorn));
      reassignEvery = reassignEvery == null ? (Integer) 3 : reassignEvery;
      pcaDim = pcaDim == null ? (Integer) 4096 : pcaDim;
      iterations = iterations == null ? (Integer) 10 : iterations;
      init = init == null ? RANDOM : init;
      spherical = spherical != null && spherical;
      tolerance = tolerance == null ? (Double) 0.0 : tolerance;
      warmRestart = warmRestart != null && warmRestart;
    } else if (algorithm == ClusterAlgorithm.SINKHORN) {
      Map<String, Object> kmeans = new LinkedHashMap<>();
      kmeans.put("reassignEvery", reassignEvery);
      kmeans.put("pcaDim", pcaDim);
      kmeans.put("pcaSample", pcaSample);
      kmeans.put("iterations", iterations);
      kmeans.put("init", init);
      kmeans.put("spherical", spherical);
      kmeans.put("tolerance", tolerance);
      kmeans.put("warmRestart", warmRestart);
      leftOut(algorithm, kmeans);
      Schema.require(m == 1, "must be 1 for algorithm sinkhorn, got " + m, "m", "algorithm");
      sinkhorn =
          sinkhorn == null ? (SinkhornConfig) Schema.of(SinkhornConfig.class).defaults() : sinkhorn;
    }
    Schema.require(k % m == 0, "must be a multiple of m = " + m + ", got " + k, "k", "m");
    if (algorithm == ClusterAlgorithm.KMEANS) {
      affordable(init, Math.max(m, k / m), pcaDim);
    }
  }

  /** Refuses ways to start that take too long or too much memory for so many clusters. */
  private static void affordable(String init, int perGroup, int pcaDim) {
    Schema.require(
        !init.equals(PLUS_PLUS) || perGroup <= MOST_PASSES,
        "must be random or k-means|| where m or k/m is above "
            + MOST_PASSES
            + ": k-means++ makes a pass over the data for each of "
            + perGroup
            + " clusters",
        "init",
        "k",
        "m");
    double bytes = 4.0 * DistanceSampling.candidates(perGroup) * pcaDim;
    Schema.require(
        !init.equals(PARALLEL) || bytes <= MOST_BYTES,
        String.format(
            java.util.Locale.ROOT,
            "must be random here: k-means|| holds %,d candidates of %d values for %,d clusters in"
                + " memory, %.1f GiB, and at most 1 GiB is allowed",
            DistanceSampling.candidates(perGroup),
            pcaDim,
            perGroup,
            bytes / (1 << 30)),
        "init",
        "k",
        "pcaDim");
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
            other,
            m,
            k,
            reassignEvery,
            pcaDim,
            pcaSample,
            iterations,
            init,
            spherical,
            tolerance,
            warmRestart,
            sinkhorn,
            collapseThreshold,
            onCollapse,
            singleJobMiB);
  }
}
