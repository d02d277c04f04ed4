package org.deepercluster.stages.targets;

import java.util.Optional;

/**
 * The ways to make targets that one training code serves. They differ in {@link Targets} alone.
 *
 * <p>An untrained network is no method of training: it has no targets.
 */
public enum Method {
  /** DeeperCluster (Caron et al., ICCV 2019): 4 rotations × m super-clusters × k/m sub-clusters. */
  DEEPERCLUSTER("deepercluster", 4),
  /** DeepCluster (Caron et al., ECCV 2018): no rotation, m = 1, one softmax over k clusters. */
  DEEPCLUSTER("deepcluster", 1),
  /** RotNet (Gidaris et al., ICLR 2018): m = 1, k = 1, only the rotation is predicted. */
  ROTNET("rotnet", 4),
  /** DeeperCluster's naive form: m = 1, one softmax over the 4k pairs (cluster, rotation). */
  CARTESIAN("cartesian", 4),
  /** SeLa (Asano et al., ICLR 2020): m = 1, H softmaxes over k labels each; rotation optional. */
  SELA("sela", 1),
  /** Upper reference: one softmax over the labels' classes, no rotation. */
  SUPERVISED("supervised", 1);

  private final String key;
  private final int rotations;

  Method(String key, int rotations) {
    this.key = key;
    this.rotations = rotations;
  }

  /** The word in an experiment's YAML. */
  public String key() {
    return key;
  }

  /**
   * R, the number of rotations that an image is shown in: 1 or 4. {@link #SELA} has 4 as an option.
   */
  public int rotations() {
    return rotations;
  }

  /** Whether targets are assigned to the images, and assigned anew between epochs. */
  public boolean clusters() {
    return this == DEEPERCLUSTER || this == DEEPCLUSTER || this == CARTESIAN || this == SELA;
  }

  /**
   * The method called {@code key} in YAML.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static Method of(String key) {
    StringBuilder known = new StringBuilder();
    for (Method method : values()) {
      if (method.key.equals(key)) {
        return method;
      }
      known.append(known.length() == 0 ? "" : ", ").append(method.key);
    }
    throw new IllegalArgumentException("method '" + key + "' is none of " + known);
  }

  /**
   * What is wrong with these numbers of clusters for this method; empty when nothing is.
   *
   * @param m number of super-clusters
   * @param k number of sub-clusters over all super-clusters; for {@link #SUPERVISED} the number of
   *     classes
   */
  public Optional<String> contradiction(int m, int k) {
    if (m < 1) {
      return Optional.of("m = " + m + " must be at least 1");
    }
    if (this != DEEPERCLUSTER && m != 1) {
      return Optional.of("method " + key + " has no super-clusters: m must be 1, got " + m);
    }
    if (this == ROTNET) {
      return k == 1
          ? Optional.empty()
          : Optional.of("method rotnet does not cluster: k must be 1, got " + k);
    }
    if (k < 2) {
      return Optional.of(
          "method "
              + key
              + (this == SUPERVISED ? " needs at least 2 classes" : " needs k of at least 2")
              + ", got "
              + k
              + (rotations > 1 ? " (k = 1 is method rotnet)" : ""));
    }
    if (k % m != 0) {
      return Optional.of(
          "k = "
              + k
              + " is not divisible by m = "
              + m
              + ": every super-cluster has k/m sub-clusters");
    }
    if (this == CARTESIAN && k > Integer.MAX_VALUE / rotations) {
      return Optional.of("k = " + k + " is too large for one softmax over 4k pairs");
    }
    return Optional.empty();
  }
}
