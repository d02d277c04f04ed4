package org.deepercluster.stages.cluster;

import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How a clustering differs from the one before.
 *
 * <p>The numbering of clusters is arbitrary, so clusters of both are first matched one to one:
 * greedily, the pair with the most images in common first (the lowest numbers among equals). A
 * greedy matching has at least half of the images in common that the best one has, and takes time
 * in proportion to the pairs that occur, where the Hungarian method takes the cube of k.
 *
 * @param nmi normalised mutual information of the two, by √(H·H), 0 to 1
 * @param changed share of the images that are not in the cluster that theirs is matched with, 0 to
 *     1; 0 without images
 */
public record Reassignment(double nmi, double changed) {
  /**
   * Compares two clusterings of the same images; those without a cluster in either are left out.
   *
   * @param before cluster of each image, −1 for none
   * @param after cluster of each image, −1 for none, as many
   */
  public static Reassignment of(int[] before, int[] after) {
    if (before.length != after.length) {
      throw new IllegalArgumentException(
          "two clusterings of the same images expected, got "
              + before.length
              + " and "
              + after.length
              + " images");
    }
    int[] a = new int[before.length];
    int[] b = new int[before.length];
    int n = 0;
    for (int i = 0; i < before.length; i++) {
      if (before[i] >= 0 && after[i] >= 0) {
        a[n] = before[i];
        b[n++] = after[i];
      }
    }
    a = Arrays.copyOf(a, n);
    b = Arrays.copyOf(b, n);
    return new Reassignment(ClusterMetrics.of(a, b).nmiGeometric(), changed(a, b));
  }

  private static double changed(int[] a, int[] b) {
    int n = a.length;
    if (n == 0) {
      return 0;
    }
    long[] pairs = new long[n];
    for (int i = 0; i < n; i++) {
      pairs[i] = (long) a[i] << 32 | b[i];
    }
    Arrays.sort(pairs);
    // One entry per pair that occurs: images lacking to n, then the pair's place in the order.
    long[] cells = new long[n];
    int count = 0;
    for (int from = 0, to; from < n; from = to) {
      to = from + 1;
      while (to < n && pairs[to] == pairs[from]) {
        to++;
      }
      cells[count++] = (long) (n - (to - from)) << 32 | from;
    }
    Arrays.sort(cells, 0, count);
    boolean[] usedBefore = new boolean[Arrays.stream(a).max().getAsInt() + 1];
    boolean[] usedAfter = new boolean[Arrays.stream(b).max().getAsInt() + 1];
    long kept = 0;
    for (int c = 0; c < count; c++) {
      long pair = pairs[(int) cells[c]];
      int x = (int) (pair >> 32);
      int y = (int) pair;
      if (!usedBefore[x] && !usedAfter[y]) {
        usedBefore[x] = true;
        usedAfter[y] = true;
        kept += n - (cells[c] >> 32);
      }
    }
    return (double) (n - kept) / n;
  }

  /** By their stable names. */
  SortedMap<String, Double> numbers() {
    TreeMap<String, Double> n = new TreeMap<>();
    n.put("nmi_previous", nmi);
    n.put("changed", changed);
    return n;
  }
}
