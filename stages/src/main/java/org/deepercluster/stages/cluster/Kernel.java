package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * The nearest centroid of each row of a tile: exactly, by the squared distance in float64, the
 * lowest index on ties.
 *
 * <p>‖x − c‖² = ‖x‖² + s with the score s = ‖c‖² − 2·c·x. {@link Products} of codes give s to
 * within e·C + H, where e is the error of the row's code, C = 2·(‖c‖ + error of c's code), and H =
 * 2·‖x‖·(error of c's code) with what float32 rounds. That leaves few centroids that could be the
 * nearest, and mostly one. Where there are several, their distances are computed from the vectors
 * themselves. So codes, and how rows are cut into tiles, decide on the time that it takes and not
 * on what is found.
 */
final class Kernel {
  /** Rows per product. */
  static final int ROWS = 512;

  /** Centroids per product. */
  static final int COLUMNS = 512;

  /** Centroids that are searched together for their smallest score. */
  private static final int BLOCK = 16;

  /** Candidates that may wait; where there are more, their distances are computed at once. */
  private static final int CANDIDATES = 1 << 20;

  /** The rows themselves. */
  interface Rows {
    /** Values of row {@code i} of the tile, valid until the next call. */
    float[] row(int i) throws IOException;
  }

  private final Products products;
  private final double length;
  private final int dim;
  private final float[] c;

  /** Of each row of the tile, to be filled: scale and error of its code, and ‖x‖². */
  final float[] scale = new float[ROWS];

  final float[] error = new float[ROWS];
  final float[] norm = new float[ROWS];

  /** The nearest centroid of each row. */
  final int[] index = new int[ROWS];

  /** The squared distance to it is at most this. */
  final double[] most = new double[ROWS];

  /** The squared distance to every other centroid is at least this. */
  final double[] least = new double[ROWS];

  /** The smallest lower bound of a row's scores, and the smallest one of another block. */
  private final float[] first = new float[ROWS];

  private final float[] next = new float[ROWS];

  /** The second smallest lower bound of a block. */
  private final float[] within = new float[ROWS];

  /** Smallest upper bound of a score. */
  private final float[] limit = new float[ROWS];

  /** Second smallest distance that was computed. */
  private final double[] second = new double[ROWS];

  private final float[] scores = new float[ROWS];
  private final float[] few = new float[BLOCK];
  private final float[][] blocks = new float[COLUMNS / BLOCK][ROWS];

  /** Centroids that could be the nearest of a row, and the lower bounds of their scores. */
  private int[] candidate = new int[4 * ROWS];

  private float[] low = new float[4 * ROWS];
  private int candidates;

  /** Last candidate of each row, and the one before each candidate; −1 for none. */
  private final int[] last = new int[ROWS];

  private int[] before = new int[4 * ROWS];

  /**
   * For one thread.
   *
   * @param largest largest ‖x‖² of a row
   */
  Kernel(Products products, double largest) {
    this.products = products;
    this.dim = products.dim();
    this.length = Math.sqrt(largest);
    this.c = new float[dim];
  }

  /** The codes of some rows of the tile, to be filled. */
  ByteBuffer codes(int from, int count) {
    return products.rows(from, count);
  }

  /**
   * Compares the first {@code n} rows of the tile with some centroids.
   *
   * @param from first centroid
   * @param count number of centroids, at least 1
   * @param rows asked for what the codes do not tell
   */
  void nearest(int n, CentroidReader centroids, int from, int count, Rows rows) throws IOException {
    clear(n);
    for (int at = from; at < from + count; at += COLUMNS) {
      int columns = Math.min(COLUMNS, from + count - at);
      compare(n, centroids, centroids.tile(at, columns, length), rows);
    }
    for (int i = 0; i < n; i++) {
      decide(i, centroids, rows);
    }
  }

  /**
   * Compares the first {@code n} rows of the tile with a centroid each and some others: {@link
   * #least} is of these alone.
   *
   * @param own one centroid of each row
   * @param upper the distance to it is at most this
   * @param others tiles of the others
   * @param rows as above
   */
  void nearer(
      int n,
      CentroidReader centroids,
      int[] own,
      float[] upper,
      List<CentroidReader.Tile> others,
      Rows rows)
      throws IOException {
    clear(n);
    for (int i = 0; i < n; i++) {
      add(i, own[i], Float.NEGATIVE_INFINITY);
      first[i] = Float.NEGATIVE_INFINITY;
      limit[i] = Math.nextUp((float) ((double) upper[i] * upper[i] - norm[i] * (1 - 0x1p-22)));
    }
    for (CentroidReader.Tile tile : others) {
      compare(n, centroids, tile, rows);
    }
    for (int i = 0; i < n; i++) {
      decide(i, centroids, rows);
    }
  }

  private void clear(int n) {
    for (float[] bound : new float[][] {first, next, within, limit}) {
      Arrays.fill(bound, 0, n, Float.POSITIVE_INFINITY);
    }
    Arrays.fill(most, 0, n, Double.POSITIVE_INFINITY);
    Arrays.fill(second, 0, n, Double.POSITIVE_INFINITY);
    Arrays.fill(last, 0, n, -1);
    candidates = 0;
  }

  private void compare(int n, CentroidReader centroids, CentroidReader.Tile tile, Rows rows)
      throws IOException {
    products.multiply(tile.codes(), n);
    search(n, tile);
    for (int b = 0; b * BLOCK < tile.count(); b++) {
      list(n, b, tile);
    }
    if (candidates > CANDIDATES) {
      for (int i = 0; i < n; i++) {
        measure(i, centroids, rows);
      }
      candidates = 0;
    }
  }

  /** Finds the smallest lower bound of each block of scores, and the smallest upper bound. */
  private void search(int n, CentroidReader.Tile tile) {
    for (int b = 0; b * BLOCK < tile.count(); b++) {
      float[] block = blocks[b];
      Arrays.fill(block, 0, n, Float.POSITIVE_INFINITY);
      for (int j = b * BLOCK; j < Math.min(tile.count(), (b + 1) * BLOCK); j++) {
        products.get(j, scores, n);
        float w = tile.weight()[j];
        float reach = tile.reach()[j];
        bound(block, scores, scale, error, n, tile.lowest()[j], w, -reach);
        bound(limit, scores, scale, error, n, tile.highest()[j], w, reach);
      }
      smallest(block, first, next, n);
    }
  }

  // The next two run in vector instructions as long as their loops are small.

  private static void bound(
      float[] smallest,
      float[] scores,
      float[] scale,
      float[] error,
      int n,
      float constant,
      float weight,
      float reach) {
    for (int i = 0; i < n; i++) {
      smallest[i] =
          Math.min(smallest[i], constant - weight * (scale[i] * scores[i]) + reach * error[i]);
    }
  }

  private static void smallest(float[] values, float[] first, float[] next, int n) {
    for (int i = 0; i < n; i++) {
      next[i] = Math.min(next[i], Math.max(first[i], values[i]));
    }
    for (int i = 0; i < n; i++) {
      first[i] = Math.min(first[i], values[i]);
    }
  }

  /** Lists the centroids of a block that could be the nearest of a row. */
  private void list(int n, int b, CentroidReader.Tile tile) {
    float[] block = blocks[b];
    int from = b * BLOCK;
    int count = Math.min(tile.count() - from, BLOCK);
    for (int i = 0; i < n; i++) {
      if (block[i] > limit[i]) {
        continue;
      }
      for (int j = 0; j < count; j++) {
        few[j] = products.get(from + j, i);
      }
      float e = error[i];
      float smallest = Float.POSITIVE_INFINITY;
      float other = within[i];
      for (int j = from; j < from + count; j++) {
        float s =
            tile.lowest()[j] - tile.weight()[j] * (scale[i] * few[j - from]) - tile.reach()[j] * e;
        other = Math.min(other, Math.max(smallest, s));
        smallest = Math.min(smallest, s);
        if (s <= limit[i]) {
          add(i, tile.ids()[j], s);
        }
      }
      within[i] = other;
    }
  }

  private void add(int row, int centroid, float lowest) {
    if (candidates == candidate.length) {
      candidate = Arrays.copyOf(candidate, 2 * candidates);
      low = Arrays.copyOf(low, 2 * candidates);
      before = Arrays.copyOf(before, 2 * candidates);
    }
    candidate[candidates] = centroid;
    low[candidates] = lowest;
    before[candidates] = last[row];
    last[row] = candidates++;
  }

  private void decide(int i, CentroidReader centroids, Rows rows) throws IOException {
    int found = -1;
    int count = most[i] < Double.POSITIVE_INFINITY ? 1 : 0;
    for (int at = last[i]; at >= 0; at = before[at]) {
      if (low[at] <= limit[i]) {
        found = candidate[at];
        count++;
      }
    }
    if (count == 1 && found >= 0) {
      index[i] = found;
      most[i] = (double) norm[i] + limit[i];
      least[i] = (double) norm[i] + Math.min(next[i], within[i]);
    } else {
      measure(i, centroids, rows);
      least[i] = Math.min(second[i], (double) norm[i] + limit[i]);
    }
  }

  /** Computes a row's distances to its candidates. */
  private void measure(int i, CentroidReader centroids, Rows rows) throws IOException {
    float[] x = null;
    for (int at = last[i]; at >= 0; at = before[at]) {
      if (low[at] > limit[i]) {
        continue;
      }
      x = x == null ? rows.row(i) : x;
      centroids.row(candidate[at], c);
      double d = distance(x, c, dim);
      if (d < most[i] || (d == most[i] && candidate[at] < index[i])) {
        second[i] = most[i];
        most[i] = d;
        index[i] = candidate[at];
      } else {
        second[i] = Math.min(second[i], d);
      }
    }
    last[i] = -1;
  }

  /** ‖x − c‖², in float64. */
  static double distance(float[] x, float[] c, int dim) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int j = 0;
    for (; j + 3 < dim; j += 4) {
      double d0 = (double) x[j] - c[j];
      double d1 = (double) x[j + 1] - c[j + 1];
      double d2 = (double) x[j + 2] - c[j + 2];
      double d3 = (double) x[j + 3] - c[j + 3];
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
    }
    for (; j < dim; j++) {
      double d = (double) x[j] - c[j];
      s0 += d * d;
    }
    return (s0 + s1) + (s2 + s3);
  }
}
