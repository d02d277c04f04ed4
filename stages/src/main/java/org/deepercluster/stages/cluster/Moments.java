package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Count, mean and co-moment {@code M2 = Σ (x-µ)(x-µ)ᵀ} of feature rows, all in float64.
 *
 * <p>Made per block, merged by the formula of Chan, Golub and LeVeque (1979). Merging rounds, so
 * its order is part of the result: always by block id, {@code ((b0 + b1) + b2) + …}.
 */
public final class Moments implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Rows per matrix product. */
  private static final int TILE = 1024;

  private final int dim;
  private long count;
  private final double[] mean;
  private final double[] m2;

  /** Of no rows. */
  public Moments(int dim) {
    if (dim < 1 || dim > 32_768) {
      throw new IllegalArgumentException("feature dimension must be 1 to 32768, got " + dim);
    }
    this.dim = dim;
    this.mean = new double[dim];
    this.m2 = new double[dim * dim];
  }

  /**
   * Of those rows of a block that belong to the sample and are finite.
   *
   * @param block features {@code n_b × d}
   * @param sample which rows of the collection count
   */
  public static Moments of(Block block, PcaSample sample) {
    Moments moments = new Moments(block.dim());
    int d = block.dim();
    int[] rows = new int[block.rows()];
    int n = 0;
    for (int r = 0; r < block.rows(); r++) {
      if (sample.takes(block.firstRow() + r) && finite(block.data(), r * d, d)) {
        rows[n++] = r;
      }
    }
    if (n > 0) {
      moments.fill(block, Arrays.copyOf(rows, n));
    }
    return moments;
  }

  private void fill(Block block, int[] rows) {
    float[] x = block.data();
    count = rows.length;
    for (int r : rows) {
      for (int j = 0; j < dim; j++) {
        mean[j] += x[r * dim + j];
      }
    }
    for (int j = 0; j < dim; j++) {
      mean[j] /= count;
    }
    try (INDArray gram = Gemm.room(DataType.DOUBLE, dim, dim)) {
      for (int from = 0; from < rows.length; from += TILE) {
        int n = Math.min(TILE, rows.length - from);
        double[] tile = new double[n * dim];
        for (int i = 0; i < n; i++) {
          int at = rows[from + i] * dim;
          for (int j = 0; j < dim; j++) {
            tile[i * dim + j] = x[at + j] - mean[j];
          }
        }
        try (INDArray centred = Gemm.doubles(tile, n, dim)) {
          Gemm.addGram(centred, gram, from == 0 ? 0.0 : 1.0);
        }
      }
      Gemm.read(gram, m2, m2.length);
    }
  }

  /**
   * Adds what comes next in block order.
   *
   * @return this
   */
  public Moments add(Moments next) {
    if (next.dim != dim) {
      throw new IllegalArgumentException(
          "features of dimension " + next.dim + " cannot join those of dimension " + dim);
    }
    if (next.count == 0) {
      return this;
    }
    if (count == 0) {
      count = next.count;
      System.arraycopy(next.mean, 0, mean, 0, dim);
      System.arraycopy(next.m2, 0, m2, 0, m2.length);
      return this;
    }
    long total = count + next.count;
    double[] delta = new double[dim];
    for (int j = 0; j < dim; j++) {
      delta[j] = next.mean[j] - mean[j];
    }
    double weight = (double) count * next.count / total;
    for (int i = 0; i < dim; i++) {
      double wi = weight * delta[i];
      int at = i * dim;
      for (int j = 0; j < dim; j++) {
        m2[at + j] += next.m2[at + j] + wi * delta[j];
      }
    }
    for (int j = 0; j < dim; j++) {
      mean[j] += delta[j] * next.count / total;
    }
    count = total;
    return this;
  }

  /** Whether {@code x[from .. from + n)} holds neither NaN nor infinity. */
  static boolean finite(float[] x, int from, int n) {
    for (int j = from; j < from + n; j++) {
      if (!Float.isFinite(x[j])) {
        return false;
      }
    }
    return true;
  }

  /** Feature dimension d. */
  public int dim() {
    return dim;
  }

  /** Rows counted. */
  public long count() {
    return count;
  }

  /** Mean, d values; a copy. */
  public double[] mean() {
    return mean.clone();
  }

  /** Co-moment, d × d, symmetric up to rounding; a copy. */
  public double[] m2() {
    return m2.clone();
  }
}
