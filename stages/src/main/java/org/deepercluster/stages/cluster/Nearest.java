package org.deepercluster.stages.cluster;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The nearest of some centroids in memory, of rows in memory: exactly, by the squared distance in
 * float64, the lowest index on ties.
 *
 * <p>Scores ‖c‖² − 2·c·x in float32, from matrix products over tiles, leave the centroids that
 * could be the nearest within their error; those are compared in float64. So results do not depend
 * on how rows are cut into calls. Not for use by several threads at once.
 */
final class Nearest implements AutoCloseable {
  private static final int ROWS = 256;
  private static final int COLUMNS = 1024;

  private final int dim;
  private final int count;
  private final float[] values;
  private final float[] norms;
  private final INDArray[] tiles;
  private final double largest;

  /**
   * Copies the centroids off the heap, tile by tile.
   *
   * @param values row-major float32, which are kept too
   * @param from first centroid in {@code values}
   * @param count centroids, at least 1
   */
  Nearest(float[] values, int from, int count, int dim) {
    this.dim = dim;
    this.count = count;
    this.values =
        from == 0 && values.length == count * dim
            ? values
            : Arrays.copyOfRange(values, from * dim, (from + count) * dim);
    this.norms = new float[count];
    double most = 0;
    for (int c = 0; c < count; c++) {
      double squares = 0;
      for (int j = c * dim; j < (c + 1) * dim; j++) {
        squares += (double) this.values[j] * this.values[j];
      }
      norms[c] = (float) squares;
      most = Math.max(most, squares);
    }
    this.largest = most;
    this.tiles = new INDArray[(count + COLUMNS - 1) / COLUMNS];
    for (int t = 0; t < tiles.length; t++) {
      int n = Math.min(COLUMNS, count - t * COLUMNS);
      int at = t * COLUMNS * dim;
      tiles[t] = Gemm.floats(Arrays.copyOfRange(this.values, at, at + n * dim), n, dim);
    }
  }

  /**
   * Finds them.
   *
   * @param x all rows, row-major, finite
   * @param rows which of them
   * @param index gets the nearest centroid of each of these rows, at the row's place
   * @param distance gets the squared distance to it, likewise
   */
  void of(float[] x, int[] rows, int[] index, float[] distance) {
    float[] scores = new float[ROWS * count];
    float[] room = new float[ROWS * Math.min(COLUMNS, count)];
    for (int from = 0; from < rows.length; from += ROWS) {
      int n = Math.min(ROWS, rows.length - from);
      float[] tile = new float[n * dim];
      for (int i = 0; i < n; i++) {
        System.arraycopy(x, rows[from + i] * dim, tile, i * dim, dim);
      }
      try (INDArray points = Gemm.floats(tile, n, dim)) {
        for (int t = 0; t < tiles.length; t++) {
          int columns = (int) tiles[t].size(0);
          try (INDArray product = Gemm.room(DataType.FLOAT, columns, n)) {
            Gemm.timesTransposed(tiles[t], points, product, -2);
            Gemm.read(product, room, columns * n);
          }
          for (int i = 0; i < n; i++) {
            System.arraycopy(room, i * columns, scores, i * count + t * COLUMNS, columns);
          }
        }
      }
      for (int i = 0; i < n; i++) {
        choose(tile, i, scores, rows[from + i], index, distance);
      }
    }
  }

  private void choose(float[] x, int row, float[] scores, int at, int[] index, float[] distance) {
    double norm = 0;
    for (int j = row * dim; j < (row + 1) * dim; j++) {
      norm += (double) x[j] * x[j];
    }
    float smallest = Float.POSITIVE_INFINITY;
    for (int c = 0; c < count; c++) {
      smallest = Math.min(smallest, scores[row * count + c] + norms[c]);
    }
    // Largest errors of two scores in float32, whatever the order of summation.
    double error =
        2 * 0x1p-24 * (2.0 * (dim + 4) * Math.sqrt(norm * largest) + 4 * (norm + largest));
    double best = Double.POSITIVE_INFINITY;
    for (int c = 0; c < count; c++) {
      if ((double) scores[row * count + c] + norms[c] <= smallest + error) {
        double d = distance(x, row * dim, c * dim);
        if (d < best) {
          best = d;
          index[at] = c;
        }
      }
    }
    distance[at] = (float) best;
  }

  /** In four sums side by side, as k-means adds up the distances that it stores. */
  private double distance(float[] x, int a, int b) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int j = 0;
    for (; j + 3 < dim; j += 4) {
      double d0 = (double) x[a + j] - values[b + j];
      double d1 = (double) x[a + j + 1] - values[b + j + 1];
      double d2 = (double) x[a + j + 2] - values[b + j + 2];
      double d3 = (double) x[a + j + 3] - values[b + j + 3];
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
    }
    for (; j < dim; j++) {
      double d = (double) x[a + j] - values[b + j];
      s0 += d * d;
    }
    return (s0 + s1) + (s2 + s3);
  }

  @Override
  public void close() {
    for (INDArray t : tiles) {
      t.close();
    }
  }
}
