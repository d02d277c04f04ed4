package org.deepercluster.stages.cluster;

import java.io.Serializable;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;

/** PCA-whitening and hierarchical k-means. */
public record ClusterConfig(
    @Key(doc = "Number of super-clusters (level 1).", symbol = "m", min = 1, max = 10_000) int m,
    @Key(
            doc =
                "Total number of sub-clusters over all super-clusters (level 2); each super-cluster"
                    + " has k/m, so m must divide k.",
            symbol = "k",
            min = 1,
            max = 100_000_000)
        int k,
    @Key(doc = "Epochs between two reassignments.", symbol = "T", def = "3", min = 1, max = 100_000)
        int reassignEvery,
    @Key(
            doc = "Dimensions kept by PCA-whitening; at most the trunk's output dimension d.",
            symbol = "pcaDim",
            def = "4096",
            min = 1,
            max = 65_536)
        int pcaDim,
    @Key(
            doc =
                "Images that PCA is fitted on, taken evenly over the collection; all when there are"
                    + " fewer. Left out: d(d-1)/2, and at least 10,000.",
            def = Key.NONE,
            min = 2)
        Long pcaSample,
    @Key(
            doc = "Lloyd passes of each k-means, before the last assignment.",
            def = "10",
            min = 1,
            max = 1000)
        int iterations,
    @Key(
            doc =
                "Clusterings of at most this many MiB of features run all passes in one job, on the"
                    + " threads of one worker; larger ones run one job per pass, on all workers. The"
                    + " result and the memory needed are the same.",
            def = "4096",
            min = 0,
            max = 1_000_000,
            affectsResult = false)
        int singleJobMiB)
    implements Serializable {
  /** Checks ranges. */
  public ClusterConfig {
    Schema.check(
        ClusterConfig.class, m, k, reassignEvery, pcaDim, pcaSample, iterations, singleJobMiB);
    Schema.require(k % m == 0, "must be a multiple of m = " + m + ", got " + k, "k", "m");
  }
}
