package org.deepercluster.stages.augment;

import java.util.Arrays;

/**
 * What the sampler knows of the images: their super-cluster c and their sub-cluster z within it.
 * For {@code method: supervised}, one super-cluster whose sub-clusters are the labels.
 *
 * @param superClusters m, at least 1
 * @param subClustersPer k/m, at least 1
 * @param superClusterOf c of each image, 0..m−1, or −1 for an image that is not drawn
 * @param subClusterOf z of each image, 0..k/m−1; any value where c is −1
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Assignment(
    int superClusters, int subClustersPer, int[] superClusterOf, int[] subClusterOf) {
  /** Checks every id. */
  public Assignment {
    if (superClusters < 1 || subClustersPer < 1) {
      throw new IllegalArgumentException(
          superClusters
              + " super-clusters of "
              + subClustersPer
              + " sub-clusters: both must be at least 1");
    }
    if ((long) superClusters * subClustersPer > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          superClusters + "·" + subClustersPer + " clusters: must be below 2³¹");
    }
    if (superClusterOf.length != subClusterOf.length) {
      throw new IllegalArgumentException(
          superClusterOf.length
              + " super-cluster ids but "
              + subClusterOf.length
              + " sub-cluster ids: one of each per image");
    }
    for (int n = 0; n < superClusterOf.length; n++) {
      int c = superClusterOf[n];
      int z = subClusterOf[n];
      if (c < -1 || c >= superClusters) {
        throw new IllegalArgumentException(
            "image " + n + " is in super-cluster " + c + ": must be -1.." + (superClusters - 1));
      }
      if (c >= 0 && (z < 0 || z >= subClustersPer)) {
        throw new IllegalArgumentException(
            "image " + n + " is in sub-cluster " + z + ": must be 0.." + (subClustersPer - 1));
      }
    }
  }

  /** All {@code images} in one cluster: the assignment of {@code rotnet}. */
  public static Assignment single(int images) {
    return new Assignment(1, 1, new int[images], new int[images]);
  }

  /**
   * Labels as the sub-clusters of one super-cluster.
   *
   * @param labels 0..classes−1, or −1 for an image without a label
   */
  public static Assignment labels(int classes, int[] labels) {
    int[] superClusterOf = new int[labels.length];
    for (int n = 0; n < labels.length; n++) {
      superClusterOf[n] = labels[n] == -1 ? -1 : 0;
    }
    return new Assignment(1, classes, superClusterOf, labels);
  }

  /** The same images in one cluster, where what is drawn does not depend on the cluster. */
  Assignment merged() {
    return new Assignment(
        1,
        1,
        Arrays.stream(superClusterOf).map(c -> Math.min(c, 0)).toArray(),
        new int[superClusterOf.length]);
  }

  /** Images, drawn or not. */
  public int images() {
    return superClusterOf.length;
  }

  /** Images that can be drawn. */
  public int usable() {
    int usable = 0;
    for (int c : superClusterOf) {
      usable += c >= 0 ? 1 : 0;
    }
    return usable;
  }
}
