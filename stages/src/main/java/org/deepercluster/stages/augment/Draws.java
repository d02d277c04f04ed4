package org.deepercluster.stages.augment;

/**
 * The draws of one epoch, share after share: which image, turned how far, for which target.
 * Position p counts over all shares; share w holds the positions {@code from(w)} to {@code from(w +
 * 1) − 1}.
 */
public final class Draws {
  private final Assignment assignment;
  private final int rotations;
  private final int[] codes;
  private final int[] from;

  /** Each code is image · rotations + rotation. */
  Draws(Assignment assignment, int rotations, int[] codes, int[] from) {
    this.assignment = assignment;
    this.rotations = rotations;
    this.codes = codes;
    this.from = from;
  }

  /** Draws over all shares. */
  public int size() {
    return codes.length;
  }

  /** Shares: one per training worker. */
  public int shares() {
    return from.length - 1;
  }

  /**
   * First position of a share.
   *
   * @param share 0 to {@link #shares()} inclusive, where the last gives {@link #size()}
   */
  public int from(int share) {
    return from[share];
  }

  /** R: 4 with rotation, 1 without. */
  public int rotations() {
    return rotations;
  }

  /** Index of the image. */
  public int image(int position) {
    return codes[position] / rotations;
  }

  /** r: quarter turns counter-clockwise, 0..R−1. */
  public int rotation(int position) {
    return codes[position] % rotations;
  }

  /** c of the image. */
  public int superCluster(int position) {
    return assignment.superClusterOf()[image(position)];
  }

  /** z of the image: the target of W_s. */
  public int subCluster(int position) {
    return assignment.subClusterOf()[image(position)];
  }

  /** s = c·R + r: the target of V. */
  public int superClass(int position) {
    return superCluster(position) * rotations + rotation(position);
  }
}
