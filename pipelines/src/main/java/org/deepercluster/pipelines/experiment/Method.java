package org.deepercluster.pipelines.experiment;

import org.deepercluster.stages.cluster.ClusterAlgorithm;
import org.deepercluster.stages.config.Setting;

/** The ways to pre-train, all of them configurations of one training code. */
public enum Method {
  /** Rotation and clusters in two levels (Caron et al., ICCV 2019). */
  DEEPERCLUSTER(true, true, true),
  /** Clusters alone: no rotation, m = 1 (Caron et al., ECCV 2018). */
  DEEPCLUSTER(true, true, false),
  /** Rotation alone: m = k = 1, no clustering (Gidaris et al., ICLR 2018). */
  ROTNET(true, false, true),
  /** One softmax over the 4k pairs of rotation and cluster: m = 1 (ICCV 2019, section 3). */
  CARTESIAN(true, true, true),
  /** Labels from the network's own predictions, balanced by Sinkhorn-Knopp (Asano et al., 2020). */
  SELA(true, true, false),
  /** The labels themselves: upper reference. */
  SUPERVISED(true, false, false),
  /** The untrained network: lower reference. */
  RANDOM(false, false, false),
  /** Weights of an earlier run, evaluated as they are. */
  PRETRAINED(false, false, false);

  private final boolean trains;
  private final boolean clusters;
  private final boolean rotates;

  Method(boolean trains, boolean clusters, boolean rotates) {
    this.trains = trains;
    this.clusters = clusters;
    this.rotates = rotates;
  }

  /** Whether weights are trained at all. */
  public boolean trains() {
    return trains;
  }

  /** Whether images are clustered between epochs. */
  public boolean clusters() {
    return clusters;
  }

  /**
   * Whether images are always rotated and the rotation is predicted; an option of {@link #SELA}.
   */
  public boolean rotates() {
    return rotates;
  }

  /** Whether the method has one level of clusters only, so that m must be 1. */
  boolean singleLevel() {
    return this == DEEPCLUSTER || this == CARTESIAN || this == SELA;
  }

  /** How images get their labels, for a method that clusters. */
  ClusterAlgorithm algorithm() {
    return this == SELA ? ClusterAlgorithm.SINKHORN : ClusterAlgorithm.KMEANS;
  }

  /** The word in the YAML file. */
  @Override
  public String toString() {
    return Setting.text(this);
  }
}
