package org.deepercluster.stages.cluster;

import java.io.Serializable;

/**
 * The nearest centroid of each row of a block.
 *
 * @param centroid index among all centroids of the level ({@code c·k/m + z} on level 2), or -1 for
 *     a row that holds a NaN or an infinity
 * @param distance squared Euclidean distance to it, at least 0; NaN for rejected rows
 */
public record BlockAssignment(int[] centroid, float[] distance) implements Serializable {
  /** Checks that both have one entry per row. */
  public BlockAssignment {
    if (centroid.length != distance.length) {
      throw new IllegalArgumentException(
          "assignment: " + centroid.length + " centroids but " + distance.length + " distances");
    }
  }

  /** Rows of the block. */
  public int rows() {
    return centroid.length;
  }
}
