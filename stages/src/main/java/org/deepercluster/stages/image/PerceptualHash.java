package org.deepercluster.stages.image;

import java.util.Arrays;

/**
 * 64 bits that hardly change when an image is scaled, compressed again or made a little brighter:
 * the DCT hash of C. Zauner, <i>Implementation and Benchmarking of Perceptual Image Hash
 * Functions</i> (2010), section 3.2.1.
 *
 * <p>The image, as grey (mean of R, G, B), is averaged to 32×32 by area; of its two-dimensional
 * DCT-II the coefficients (u, v), 1 ≤ u, v ≤ 8, are taken; a bit says whether a coefficient is
 * above their median (the mean of the two in the middle). Bit 63 is (1, 1), then v runs fastest.
 *
 * <p>How many bits differ is the distance of two images: about 32 for unrelated ones.
 */
public final class PerceptualHash {
  /** Side of the square that the image is averaged to. Images with a shorter side have no hash. */
  public static final int SIDE = 32;

  private static final int TAKEN = 8;
  private static final double[][] COSINE = new double[TAKEN + 1][SIDE];

  static {
    for (int u = 0; u <= TAKEN; u++) {
      for (int x = 0; x < SIDE; x++) {
        COSINE[u][x] = StrictMath.cos(Math.PI * u * (2 * x + 1) / (2 * SIDE));
      }
    }
  }

  private PerceptualHash() {}

  /**
   * The hash, or null when a side is shorter than {@link #SIDE}: too little to tell images apart.
   */
  public static Long of(Image image) {
    if (Math.min(image.width(), image.height()) < SIDE) {
      return null;
    }
    double[][] grey = averaged(image);
    double[] coefficients = new double[TAKEN * TAKEN];
    double[] column = new double[SIDE];
    for (int u = 1; u <= TAKEN; u++) {
      for (int x = 0; x < SIDE; x++) {
        double sum = 0;
        for (int y = 0; y < SIDE; y++) {
          sum += COSINE[u][y] * grey[y][x];
        }
        column[x] = sum;
      }
      for (int v = 1; v <= TAKEN; v++) {
        double sum = 0;
        for (int x = 0; x < SIDE; x++) {
          sum += COSINE[v][x] * column[x];
        }
        coefficients[(u - 1) * TAKEN + v - 1] = sum;
      }
    }
    double[] sorted = coefficients.clone();
    Arrays.sort(sorted);
    double median = (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
    long hash = 0;
    for (double c : coefficients) {
      hash = hash << 1 | (c > median ? 1 : 0);
    }
    return hash;
  }

  /** Each pixel counts for a cell by the part of it that lies there. */
  private static double[][] averaged(Image image) {
    int w = image.width();
    int h = image.height();
    int n = image.channels();
    double[][] rows = new double[h][SIDE];
    int[] line = new int[w];
    for (int y = 0; y < h; y++) {
      for (int x = 0, i = y * w * n; x < w; x++, i += n) {
        byte[] p = image.pixels();
        line[x] =
            n == 1 ? 3 * (p[i] & 0xFF) : (p[i] & 0xFF) + (p[i + 1] & 0xFF) + (p[i + 2] & 0xFF);
      }
      for (int cell = 0; cell < SIDE; cell++) {
        double sum = 0;
        // in units of 1/SIDE of a pixel the cell is [cell · w, (cell + 1) · w), a pixel SIDE wide
        long begin = (long) cell * w;
        long end = begin + w;
        for (long x = begin / SIDE; x * SIDE < end; x++) {
          sum +=
              (Math.min(end, (x + 1) * SIDE) - Math.max(begin, x * SIDE)) * (double) line[(int) x];
        }
        rows[y][cell] = sum / (3.0 * w);
      }
    }
    double[][] grey = new double[SIDE][SIDE];
    for (int cell = 0; cell < SIDE; cell++) {
      long begin = (long) cell * h;
      long end = begin + h;
      for (long y = begin / SIDE; y * SIDE < end; y++) {
        double part = Math.min(end, (y + 1) * SIDE) - Math.max(begin, y * SIDE);
        for (int x = 0; x < SIDE; x++) {
          grey[cell][x] += part * rows[(int) y][x] / h;
        }
      }
    }
    return grey;
  }
}
