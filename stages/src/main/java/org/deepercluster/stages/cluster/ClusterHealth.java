package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

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
 * @param gini Gini coefficient of the sizes, Σ_i Σ_j |n_i − n_j| / (2·K·Σ n_i): 0 where all are
 *     equal, (K − 1)/K where one cluster has all; 0 where there are no members
 * @param quantiles sizes at {@link #LEVELS}: the smallest size that so large a part of the clusters
 *     does not exceed
 */
public record ClusterHealth(
    int clusters,
    long rows,
    double entropy,
    double normalisedEntropy,
    long largest,
    long smallest,
    int empties,
    double imbalance,
    double gini,
    List<Long> quantiles)
    implements Serializable {
  /** Percentages of the clusters that {@link #quantiles} are at. */
  public static final List<Integer> LEVELS = List.of(10, 25, 50, 75, 90);

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
    long[] sorted = sizes.clone();
    Arrays.sort(sorted);
    return new ClusterHealth(
        sizes.length,
        rows,
        entropy,
        sizes.length == 1 ? 1 : entropy / Math.log(sizes.length),
        sorted[sorted.length - 1],
        sorted[0],
        (int) Arrays.stream(sizes).filter(n -> n == 0).count(),
        imbalance(sizes),
        gini(sorted),
        LEVELS.stream()
            .map(level -> sorted[(int) (((long) sorted.length * level + 99) / 100) - 1])
            .toList());
  }

  /** Share of the members that the largest cluster has, 0 to 1; 0 where there are none. */
  public double largestShare() {
    return rows == 0 ? 0 : (double) largest / rows;
  }

  /** By their stable names, as in {@code entropy_normalised} and {@code size_p50}. */
  SortedMap<String, Double> numbers() {
    TreeMap<String, Double> n = new TreeMap<>();
    n.put("entropy", entropy);
    n.put("entropy_normalised", normalisedEntropy);
    n.put("largest", (double) largest);
    n.put("largest_share", largestShare());
    n.put("smallest", (double) smallest);
    n.put("empty", (double) empties);
    n.put("imbalance", imbalance);
    n.put("gini", gini);
    for (int i = 0; i < LEVELS.size(); i++) {
      n.put("size_p" + LEVELS.get(i), (double) quantiles.get(i));
    }
    return n;
  }

  /** Over sizes in increasing order: Σ_i (2i − K − 1)·n_i / (K·Σ n_i), i from 1. */
  private static double gini(long[] sorted) {
    double sum = 0;
    double weighted = 0;
    for (int i = 0; i < sorted.length; i++) {
      sum += sorted[i];
      weighted += (2.0 * i + 1 - sorted.length) * sorted[i];
    }
    return sum == 0 ? 0 : weighted / (sorted.length * sum);
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
