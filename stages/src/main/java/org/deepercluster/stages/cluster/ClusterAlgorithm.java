package org.deepercluster.stages.cluster;

/** The ways to assign labels to images. */
public enum ClusterAlgorithm {
  /** PCA-whitening and k-means in two levels. */
  KMEANS,
  /** Balanced labels from the network's own predictions (Asano et al., ICLR 2020). */
  SINKHORN
}
