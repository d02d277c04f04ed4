package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.Arrays;

/**
 * How evenly a clustering uses its clusters.
 *
 * @param clusters number of clusters K
 * @param rows members of all clusters together
 * @param entropy −Σ p ln p over the cluster sizes, in nats, 0 to ln K
 * @param normalisedEntropy entropy / ln K, 0 to 1; 1 where K = 1
 * @param largest size of the largest cluster
 * @param smallest size of the smallest cluster, 0 if one is empty
 * @param empties clusters without a member
 * @param imbalance K·Σ n_i² / (Σ n_i)²: 1 is perfectly balanced, K all in one
 */
public record ClusterHealth(
    int clusters,
    long rows,
    double entropy,
    double normalisedEntropy,
    long largest,
    long smallest,
    int empties,
    double imbalance)
    implements Serializable {

  /**
   * From the cluster sizes.
   *
   * @param sizes members of each cluster, at least one cluster
   */
  public static ClusterHealth of(long[] sizes) {
    if (sizes.length == 0) {
      throw new IllegalArgumentException("cluster health needs at least one cluster, got none");
    }
    long rows = Arrays.stream(sizes).sum();
    double entropy = 0;
    for (long n : sizes) {
      if (n > 0) {
        double p = (double) n / rows;
        entropy -= p * Math.log(p);
      }
    }
    entropy = Math.max(0, entropy);
    return new ClusterHealth(
        sizes.length,
        rows,
        entropy,
        sizes.length == 1 ? 1 : entropy / Math.log(sizes.length),
        Arrays.stream(sizes).max().getAsLong(),
        Arrays.stream(sizes).min().getAsLong(),
        (int) Arrays.stream(sizes).filter(n -> n == 0).count(),
        imbalance(sizes));
  }

  /** K·Σ n_i² / (Σ n_i)²; 1 where there are no members. */
  static double imbalance(long[] sizes) {
    double sum = 0;
    double squares = 0;
    for (long n : sizes) {
      sum += n;
      squares += (double) n * n;
    }
    return sum == 0 ? 1 : sizes.length * squares / (sum * sum);
  }
}
