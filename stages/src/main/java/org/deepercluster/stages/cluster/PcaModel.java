package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.Arrays;
import org.bytedeco.openblas.global.openblas;
import org.deepercluster.stages.table.Columns;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * PCA-whitening: {@code y = diag(λ^-1/2) · Uᵀ · (x - µ)}, then y / ‖y‖.
 *
 * <p>λ are the largest {@code pcaDim} eigenvalues of the covariance {@code M2/(n-1)} in decreasing
 * order, floored at 1e-5 · λ_max; U their eigenvectors, each with its entry of largest magnitude
 * (the first of them) positive. Zero vectors stay zero. Features that do not vary beyond the
 * resolution of float32 are treated as constant: every y is then zero.
 */
public final class PcaModel implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Eigenvalues are floored at this fraction of the largest. */
  public static final double FLOOR = 1e-5;

  private static final int TILE = 1024;

  private final int dim;
  private final int pcaDim;
  private final double[] mean;
  private final double[] eigenvalues;
  private final float[] projection;

  private PcaModel(int dim, int pcaDim, double[] mean, double[] eigenvalues, float[] projection) {
    this.dim = dim;
    this.pcaDim = pcaDim;
    this.mean = mean;
    this.eigenvalues = eigenvalues;
    this.projection = projection;
  }

  /**
   * Fits the projection.
   *
   * @param moments of at least one row of features, merged in block order
   * @param pcaDim dimensions kept, 1 to d
   * @throws IllegalArgumentException if {@code pcaDim} exceeds d or no finite row was seen
   * @throws ArithmeticException if LAPACK's {@code dsyevd} does not converge
   */
  public static PcaModel fit(Moments moments, int pcaDim) {
    int d = moments.dim();
    if (pcaDim < 1 || pcaDim > d) {
      throw new IllegalArgumentException(
          "pcaDim must be 1 to the feature dimension " + d + ", got " + pcaDim);
    }
    if (moments.count() == 0) {
      throw new IllegalArgumentException("PCA needs at least one finite feature row, got none");
    }
    double[] mean = moments.mean();
    for (int j = 0; j < d; j++) {
      // What the table of the PCA holds; so a model that is read from it gives the same bits.
      mean[j] = (float) mean[j];
    }
    double[] vectors = moments.m2();
    double scale = 1.0 / Math.max(1, moments.count() - 1);
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] *= scale;
    }
    double[] ascending = new double[d];
    int info =
        openblas.LAPACKE_dsyevd(
            openblas.LAPACK_COL_MAJOR, (byte) 'V', (byte) 'L', d, vectors, d, ascending);
    if (info != 0) {
      throw new ArithmeticException(
          "eigen-decomposition of the "
              + d
              + " × "
              + d
              + " covariance failed: dsyevd info "
              + info);
    }
    double[] eigenvalues = new double[d];
    for (int i = 0; i < d; i++) {
      eigenvalues[i] = Math.max(0, ascending[d - 1 - i]);
    }
    double largest = eigenvalues[0];
    float[] projection = new float[pcaDim * d];
    if (largest > resolution(mean)) {
      for (int i = 0; i < pcaDim; i++) {
        int at = (d - 1 - i) * d;
        double inverse =
            sign(vectors, at, d) / Math.sqrt(Math.max(eigenvalues[i], FLOOR * largest));
        for (int j = 0; j < d; j++) {
          projection[i * d + j] = (float) (inverse * vectors[at + j]);
        }
      }
    }
    return new PcaModel(d, pcaDim, mean, eigenvalues, projection);
  }

  /**
   * A model that was stored.
   *
   * @param table all rows of {@link ClusterTables#PCA}
   * @throws IllegalArgumentException if rows are missing
   */
  static PcaModel of(Columns table) {
    int pcaDim = table.rows() - 1;
    int d = table.dimension("vector");
    for (int i = 0; i <= pcaDim; i++) {
      if (table.ints("component")[i] != i) {
        throw new IllegalArgumentException(
            "table pca: component " + i + " expected, got " + table.ints("component")[i]);
      }
    }
    if (pcaDim < 1) {
      throw new IllegalArgumentException(
          "table pca: a mean and at least one component expected, got " + table.rows() + " rows");
    }
    double[] mean = new double[d];
    for (int j = 0; j < d; j++) {
      mean[j] = table.vectors("vector")[j];
    }
    return new PcaModel(
        d,
        pcaDim,
        mean,
        Arrays.copyOfRange(table.doubles("eigenvalue"), 1, pcaDim + 1),
        Arrays.copyOfRange(table.vectors("vector"), d, (pcaDim + 1) * d));
  }

  /** Variance that rounding the features to float32 may cause by itself. */
  private static double resolution(double[] mean) {
    double largest = 0;
    for (double v : mean) {
      largest = Math.max(largest, Math.abs(v));
    }
    double step = largest * 0x1p-24;
    return step * step;
  }

  private static double sign(double[] v, int from, int n) {
    int at = from;
    for (int j = from + 1; j < from + n; j++) {
      if (Math.abs(v[j]) > Math.abs(v[at])) {
        at = j;
      }
    }
    return v[at] < 0 ? -1 : 1;
  }

  /**
   * Whitens and normalises.
   *
   * @param x features, {@code rows × d}, row-major float32
   * @param rows number of rows
   * @return {@code rows × pcaDim}, row-major; each row of norm 1, or zero, or (where x holds a NaN
   *     or an infinity) all NaN
   */
  public float[] transform(float[] x, int rows) {
    if (x.length != (long) rows * dim) {
      throw new IllegalArgumentException(
          "features: " + rows + " × " + dim + " values expected, got " + x.length);
    }
    float[] y = new float[Math.multiplyExact(rows, pcaDim)];
    if (rows == 0) {
      return y;
    }
    float[] out = new float[Math.min(rows, TILE) * pcaDim];
    try (INDArray p = Gemm.floats(projection, pcaDim, dim)) {
      for (int from = 0; from < rows; from += TILE) {
        int n = Math.min(TILE, rows - from);
        try (INDArray centred = Gemm.floats(centre(x, from, n), n, dim);
            INDArray product = Gemm.room(DataType.FLOAT, pcaDim, n)) {
          Gemm.timesTransposed(p, centred, product, 1.0);
          Gemm.read(product, out, n * pcaDim);
        }
        for (int i = 0; i < n; i++) {
          if (Moments.finite(x, (from + i) * dim, dim)) {
            normalise(out, i * pcaDim, y, (from + i) * pcaDim);
          } else {
            Arrays.fill(y, (from + i) * pcaDim, (from + i + 1) * pcaDim, Float.NaN);
          }
        }
      }
    }
    return y;
  }

  /** Whitens a block; id and place are kept. */
  public Block transform(Block block) {
    return new Block(
        block.id(), block.firstRow(), block.rows(), pcaDim, transform(block.data(), block.rows()));
  }

  private float[] centre(float[] x, int from, int n) {
    float[] tile = new float[n * dim];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < dim; j++) {
        tile[i * dim + j] = (float) (x[(from + i) * dim + j] - mean[j]);
      }
    }
    return tile;
  }

  private void normalise(float[] from, int at, float[] to, int target) {
    double squares = 0;
    for (int j = 0; j < pcaDim; j++) {
      squares += (double) from[at + j] * from[at + j];
    }
    double inverse = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (int j = 0; j < pcaDim; j++) {
      to[target + j] = (float) (from[at + j] * inverse);
    }
  }

  /** Feature dimension d. */
  public int dim() {
    return dim;
  }

  /** Dimensions kept. */
  public int pcaDim() {
    return pcaDim;
  }

  /**
   * Eigenvalues of the covariance, decreasing, not floored; a copy. All d after fitting, the kept
   * ones of a model that was stored.
   */
  public double[] eigenvalues() {
    return eigenvalues.clone();
  }

  /** Mean µ, d values of float32; a copy. */
  public double[] mean() {
    return mean.clone();
  }

  /** {@code diag(λ^-1/2) · Uᵀ}, {@code pcaDim × d} row-major; a copy. */
  public float[] projection() {
    return projection.clone();
  }

  /** Share of the variance that the kept dimensions hold, 0 to 1; 1 for constant features. */
  public double explained() {
    double kept = Arrays.stream(eigenvalues, 0, pcaDim).sum();
    double all = Arrays.stream(eigenvalues).sum();
    return all > 0 ? kept / all : 1;
  }
}
