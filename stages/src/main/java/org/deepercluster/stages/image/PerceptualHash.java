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

  /**
   * Each pixel counts for a cell by the part of it that lies there. Exact up to the division: in
   * units of 1/SIDE of a pixel, row y covers SIDE · [y, y + 1) and cell c covers h · [c, c + 1).
   */
  private static double[][] averaged(Image image) {
    int w = image.width();
    int h = image.height();
    double[][] grey = new double[SIDE][SIDE];
    int[] line = new int[w];
    long[] columns = new long[w];
    int cell = 0;
    for (int y = 0; y < h; y++) {
      sums(image, y, line);
      long at = (long) y * SIDE;
      long end = at + SIDE;
      while (at < end) {
        long next = Math.min(end, (cell + 1L) * h);
        int part = (int) (next - at);
        for (int x = 0; x < w; x++) {
          columns[x] += part * (long) line[x];
        }
        if (next == (cell + 1L) * h) {
          acrossCells(columns, 3.0 * w * h, grey[cell]);
          Arrays.fill(columns, 0);
          cell++;
        }
        at = next;
      }
    }
    return grey;
  }

  /** R + G + B of a row's pixels. */
  private static void sums(Image image, int y, int[] line) {
    byte[] p = image.pixels();
    int n = image.channels();
    int i = y * line.length * n;
    for (int x = 0; x < line.length; x++, i += n) {
      line[x] = n == 1 ? 3 * (p[i] & 0xFF) : (p[i] & 0xFF) + (p[i + 1] & 0xFF) + (p[i + 2] & 0xFF);
    }
  }

  private static void acrossCells(long[] columns, double area, double[] cells) {
    long w = columns.length;
    for (int cell = 0; cell < SIDE; cell++) {
      long begin = cell * w;
      long end = begin + w;
      long sum = 0;
      for (long x = begin / SIDE; x * SIDE < end; x++) {
        sum += (Math.min(end, (x + 1) * SIDE) - Math.max(begin, x * SIDE)) * columns[(int) x];
      }
      cells[cell] = sum / area;
    }
  }
}
