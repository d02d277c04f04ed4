package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/**
 * The two nearest centroids of a tile of rows.
 *
 * <p>‖x − c‖² = ‖x‖² + ‖c‖² − 2·c·x: a tile of rows meets tiles of centroids in one matrix product
 * each, whose result stays in the cache for the search of the smallest and second smallest ‖c‖² −
 * 2·c·x (float32). The lowest index wins ties.
 */
final class Kernel {
  /** Rows per matrix product. */
  static final int ROWS = 512;

  /** Centroids per matrix product. */
  static final int COLUMNS = 256;

  private final Workspace workspace;
  private final int dim;
  private final float[] norms = new float[COLUMNS];
  private final float[] row = new float[COLUMNS];

  /** Smallest ‖c‖² − 2·c·x of each row. */
  final float[] best = new float[ROWS];

  /** The next one, of another centroid; infinite where there is none. */
  final float[] second = new float[ROWS];

  /** The centroid that {@link #best} is of. */
  final int[] index = new int[ROWS];

  Kernel(Workspace workspace, int dim) {
    this.workspace = workspace;
    this.dim = dim;
    workspace.scores.ensure((long) ROWS * COLUMNS);
  }

  /** Centroids, tile by tile. */
  interface Tiles {
    /**
     * A tile of centroids, row-major; valid until the next one.
     *
     * @param first its first centroid
     * @param count at most {@link #COLUMNS}
     * @param norms gets their squared norms
     */
    FloatPointer tile(int first, int count, float[] norms) throws IOException;
  }

  /**
   * Compares rows with some centroids.
   *
   * @param rows row-major
   * @param n the first so many of them, at most {@link #ROWS}
   * @param from first centroid
   * @param count number of centroids, at least 1
   */
  void nearest(Workspace.Room rows, int n, Tiles centroids, int from, int count)
      throws IOException {
    Arrays.fill(best, 0, n, Float.POSITIVE_INFINITY);
    Arrays.fill(second, 0, n, Float.POSITIVE_INFINITY);
    Arrays.fill(index, 0, n, from);
    FloatPointer x = rows.at(0);
    FloatPointer scores = workspace.scores.at(0);
    for (int at = from; at < from + count; at += COLUMNS) {
      int columns = Math.min(COLUMNS, from + count - at);
      FloatPointer c = centroids.tile(at, columns, norms);
      openblas_nolapack.cblas_sgemm(
          openblas_nolapack.CblasRowMajor,
          openblas_nolapack.CblasNoTrans,
          openblas_nolapack.CblasTrans,
          n,
          columns,
          dim,
          -2f,
          x,
          dim,
          c,
          dim,
          0f,
          scores,
          columns);
      smallest(n, at, columns);
    }
  }

  /** Both running minima of a row sit in registers; a branch is hardly ever taken. */
  private void smallest(int n, int first, int columns) {
    FloatBuffer scores = workspace.scores.floats();
    float[] v = row;
    float[] c = norms;
    for (int i = 0; i < n; i++) {
      scores.get(i * columns, v, 0, columns);
      float b1 = best[i];
      float b2 = second[i];
      int found = -1;
      for (int j = 0; j < columns; j++) {
        float s = v[j] + c[j];
        if (s < b2) {
          if (s < b1) {
            b2 = b1;
            b1 = s;
            found = j;
          } else {
            b2 = s;
          }
        }
      }
      second[i] = b2;
      if (found >= 0) {
        best[i] = b1;
        index[i] = first + found;
      }
    }
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
