package org.deepercluster.stages.cluster;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Agreement of a clustering with labels (or with an earlier clustering), and the sizes of its
 * clusters. All values are computed in double precision from the sparse contingency table; they
 * equal scikit-learn's to 1e-9, the degenerate cases included.
 *
 * <p>With n_ij items of label i in cluster j, marginals a_i and b_j, N items, natural logarithms:
 * mutual information I = Σ n_ij/N · ln(N·n_ij / (a_i·b_j)); entropies H(label), H(cluster).
 *
 * @param nmiGeometric I / √(H(label)·H(cluster)), the normalisation of the clustering papers, in
 *     [0, 1]; 1 where both sides are one group or empty, 0 where I is 0 otherwise
 * @param nmiArithmetic I / ((H(label) + H(cluster)) / 2), scikit-learn's default, in [0, 1];
 *     degenerate cases as above
 * @param ami adjusted mutual information with the arithmetic mean (Vinh, Epps, Bailey, JMLR 2010),
 *     at most 1 and 0 in expectation for random labels; 1 where both sides are one group or empty,
 *     0 where only one of them is
 * @param ari adjusted Rand index (Hubert, Arabie 1985), in [-0.5, 1]; 1 for equal partitions and
 *     for no items
 * @param purity share of items whose label is the commonest of their cluster, in [0, 1]; 1 for no
 *     items
 * @param entropy H(cluster) in nats, in [0, ln clusters]
 * @param clusters clusters with at least one item
 * @param largest items of the largest cluster; 0 for no items
 * @param smallest items of the smallest cluster that has any; 0 for no items
 */
public record ClusterMetrics(
    double nmiGeometric,
    double nmiArithmetic,
    double ami,
    double ari,
    double purity,
    double entropy,
    int clusters,
    int largest,
    int smallest) {

  private static final double EPSILON = Math.ulp(1.0);

  /** Probabilities below this part of the mode's add nothing to an expectation in doubles. */
  private static final double NEGLIGIBLE = 1e-30;

  /**
   * Compares two partitions of the same items. Only equality of the numbers matters, so any ints
   * are allowed.
   *
   * @param labels label of every item
   * @param assignments cluster of every item, as many
   * @throws IllegalArgumentException if the lengths differ
   */
  public static ClusterMetrics of(int[] labels, int[] assignments) {
    if (labels.length != assignments.length) {
      throw new IllegalArgumentException(
          "as many labels as assignments are needed, but there are "
              + labels.length
              + " labels and "
              + assignments.length
              + " assignments");
    }
    int n = labels.length;
    int[] classOf = new int[n];
    int[] clusterOf = new int[n];
    int[] a = sizes(labels, classOf);
    int[] b = sizes(assignments, clusterOf);
    long[] pairs = new long[n];
    for (int i = 0; i < n; i++) {
      pairs[i] = ((long) clusterOf[i] << 32) | classOf[i];
    }
    Arrays.sort(pairs);

    double information = 0;
    double samePair = 0; // Σ n_ij²
    int pure = 0;
    int purest = 0;
    int cells = 0;
    for (int from = 0, to; from < n; from = to) {
      to = from + 1;
      while (to < n && pairs[to] == pairs[from]) {
        to++;
      }
      int cluster = (int) (pairs[from] >>> 32);
      if (from == 0 || cluster != (int) (pairs[from - 1] >>> 32)) {
        pure += purest;
        purest = 0;
      }
      int nij = to - from;
      cells++;
      purest = Math.max(purest, nij);
      samePair += (double) nij * nij;
      double term = information(nij, a[(int) pairs[from]], b[cluster], n);
      information += Math.abs(term) < EPSILON ? 0 : term;
    }
    pure += purest;
    information = Math.max(0, information);

    double hLabel = entropy(a, n);
    double hCluster = entropy(b, n);
    double mean = (hLabel + hCluster) / 2;
    boolean equal = cells == a.length && cells == b.length;
    boolean trivial = information == 0;
    return new ClusterMetrics(
        equal ? 1 : trivial ? 0 : information / Math.sqrt(hLabel * hCluster),
        equal ? 1 : trivial ? 0 : information / mean,
        equal
            ? 1
            : a.length == 1 || b.length == 1
                ? 0
                : adjusted(information, expectedInformation(a, b, n), mean),
        equal ? 1 : adjustedRand(samePair, a, b, n),
        n == 0 ? 1 : (double) pure / n,
        hCluster,
        b.length,
        Arrays.stream(b).max().orElse(0),
        Arrays.stream(b).min().orElse(0));
  }

  /** Fills {@code index} with the rank of each item's value and returns the groups' sizes. */
  private static int[] sizes(int[] values, int[] index) {
    int[] distinct = Arrays.stream(values).sorted().distinct().toArray();
    int[] sizes = new int[distinct.length];
    for (int i = 0; i < values.length; i++) {
      index[i] = Arrays.binarySearch(distinct, values[i]);
      sizes[index[i]]++;
    }
    return sizes;
  }

  private static double information(double nij, double a, double b, double n) {
    return nij / n * Math.log(n * nij / (a * b));
  }

  private static double entropy(int[] sizes, double n) {
    double h = 0;
    for (int size : sizes) {
      h -= size / n * Math.log(size / n);
    }
    return Math.max(0, h);
  }

  private static double adjusted(double information, double expected, double bound) {
    return awayFromZero(information - expected) / awayFromZero(bound - expected);
  }

  private static double awayFromZero(double x) {
    return x < 0 ? Math.min(x, -EPSILON) : Math.max(x, EPSILON);
  }

  /**
   * Expected mutual information of random partitions with these sizes: n_ij is hypergeometric. The
   * probabilities are built outward from the mode by their ratios and divided by their sum, so that
   * no factorial is needed.
   */
  private static double expectedInformation(int[] a, int[] b, double n) {
    // Partitions have few distinct sizes, however many groups there are.
    TreeMap<Integer, Integer> left = multiplicities(a);
    TreeMap<Integer, Integer> right = multiplicities(b);
    double expected = 0;
    for (Map.Entry<Integer, Integer> i : left.entrySet()) {
      for (Map.Entry<Integer, Integer> j : right.entrySet()) {
        double pairs = (double) i.getValue() * j.getValue();
        expected += pairs * expectedInformation(i.getKey(), (double) j.getKey(), n);
      }
    }
    return expected;
  }

  private static TreeMap<Integer, Integer> multiplicities(int[] sizes) {
    TreeMap<Integer, Integer> counts = new TreeMap<>();
    for (int size : sizes) {
      counts.merge(size, 1, Integer::sum);
    }
    return counts;
  }

  private static double expectedInformation(double ai, double bj, double n) {
    double low = Math.max(0, ai + bj - n);
    double high = Math.min(ai, bj);
    double mode = Math.floor((ai + 1) * (bj + 1) / (n + 2));
    mode = Math.max(low, Math.min(high, mode));
    double mass = 0;
    double sum = 0;
    double p = 1;
    for (double k = mode; k <= high && p > NEGLIGIBLE; k++) {
      mass += p;
      sum += k == 0 ? 0 : p * information(k, ai, bj, n);
      p *= (ai - k) / (k + 1) * (bj - k) / (n - ai - bj + k + 1);
    }
    p = 1;
    for (double k = mode; k > low && p > NEGLIGIBLE; k--) {
      p *= k / (ai - k + 1) * (n - ai - bj + k) / (bj - k + 1);
      mass += p;
      sum += k == 1 ? 0 : p * information(k - 1, ai, bj, n);
    }
    return sum / mass;
  }

  private static double adjustedRand(double samePair, int[] a, int[] b, double n) {
    double labelPairs = 0;
    for (double size : a) {
      labelPairs += size * size;
    }
    double clusterPairs = 0;
    for (double size : b) {
      clusterPairs += size * size;
    }
    double together = samePair - n;
    double onlyLabel = labelPairs - samePair;
    double onlyCluster = clusterPairs - samePair;
    double apart = n * n - onlyLabel - onlyCluster - samePair;
    return 2
        * (together * apart - onlyLabel * onlyCluster)
        / ((together + onlyLabel) * (onlyLabel + apart)
            + (together + onlyCluster) * (onlyCluster + apart));
  }
}
