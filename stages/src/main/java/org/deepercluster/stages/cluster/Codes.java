package org.deepercluster.stages.cluster;

/**
 * A vector in 8 bits a value: {@code scale · values}, and at most {@code error} away from it.
 *
 * <p>Not for use by several threads at once.
 */
final class Codes {
  /**
   * Largest magnitude of a row's values. With that of centroids, the 16-bit sums of two products of
   * CPUs without 8-bit dot products cannot overflow.
   */
  static final int ROW = 63;

  /** Largest magnitude of a centroid's values. */
  static final int CENTROID = 127;

  final byte[] values;
  float scale;

  /** Length of what is left over, rounded up. */
  float error;

  private final int largest;

  Codes(int dim, int largest) {
    this.values = new byte[dim];
    this.largest = largest;
  }

  /** Encodes the finite values from {@code at} on. */
  void encode(float[] x, int at) {
    int dim = values.length;
    float most = 0;
    for (int j = 0; j < dim; j++) {
      float v = Math.abs(x[at + j]);
      if (v > most) {
        most = v;
      }
    }
    scale = most / largest;
    // Where 1/scale would overflow, all that is left over is the vector itself.
    float inverse = scale > Float.MIN_NORMAL ? 1 / scale : 0;
    double s0 = 0;
    double s1 = 0;
    for (int j = 0; j < dim; j++) {
      // Rounds to the nearest: the sum is positive.
      int q = (int) (x[at + j] * inverse + (largest + 0.5f)) - largest;
      values[j] = (byte) q;
      double rest = x[at + j] - (double) scale * q;
      if ((j & 1) == 0) {
        s0 += rest * rest;
      } else {
        s1 += rest * rest;
      }
    }
    error = Math.nextUp((float) (Math.sqrt(s0 + s1) * (1 + 1e-9)));
  }
}
