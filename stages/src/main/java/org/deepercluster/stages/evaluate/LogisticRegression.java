package org.deepercluster.stages.evaluate;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * L2-regularised multinomial logistic regression, solved to the optimum: minimises C·Σ_i
 * cross-entropy(i) + ‖W‖²/2, biases unpenalised, as scikit-learn's {@code LogisticRegression(C)}
 * does for three classes and more. (For two, scikit-learn has a single weight vector; this class
 * keeps two, which is scikit-learn's solution at C/2.)
 *
 * <p>The optimal W lies in the span of the training vectors. Where these are few the problem is
 * therefore solved in an orthonormal basis of that span, which the Gram matrix's Cholesky factor
 * gives: no larger than images × images, however many features there are.
 */
final class LogisticRegression {
  /**
   * Largest training set that is solved in its own span; above, the factor costs more than it
   * saves.
   */
  private static final int SPAN_LIMIT = 1024;

  /** Directions of the span whose squared length is below this part of the largest are dropped. */
  private static final double RANK_TOLERANCE = 1e-13;

  private LogisticRegression() {}

  /**
   * Fits a classifier.
   *
   * @param train labelled feature vectors, at least one
   * @param c inverse strength of the penalty, above 0
   * @throws IllegalArgumentException if there is no image
   */
  static LinearClassifier fit(LabelledFeatures train, double c) {
    train.requireRows("fit a logistic regression to");
    int n = train.rows();
    int dim = train.dim();
    int k = train.classes();
    double[] features = new double[n * dim];
    for (int i = 0; i < features.length; i++) {
      features[i] = train.values()[i];
    }
    double[] weights;
    double[] biases = new double[k];
    try (INDArray x = Matrices.of(features, n, dim)) {
      if (n < dim && n <= SPAN_LIMIT) {
        Span span = Span.of(x, n);
        double[] v = new double[k * span.rank];
        try (INDArray z = Matrices.of(span.coordinates(), n, span.rank)) {
          solve(z, span.rank, train.labels(), k, c, v, biases);
        }
        try (INDArray a = Matrices.of(span.coefficients(v, k), k, n);
            INDArray w = Matrices.columnMajorDouble(dim, k)) {
          Matrices.gemm(x, a, w, true, true);
          weights = Matrices.doubleValues(w);
        }
      } else {
        weights = new double[k * dim];
        solve(x, dim, train.labels(), k, c, weights, biases);
      }
    }
    return new LinearClassifier(floats(weights), floats(biases));
  }

  /** Minimises over {@code weights} (classes × width, row-major) and {@code biases}, from zero. */
  private static void solve(
      INDArray z, int width, int[] labels, int k, double c, double[] weights, double[] biases) {
    int n = labels.length;
    double[] point = new double[k * width + k];
    Lbfgs.minimise(
        (p, gradient) -> {
          double[] error;
          double value = 0;
          double[] w = Arrays.copyOf(p, k * width);
          try (INDArray t = Matrices.of(w, k, width);
              INDArray logits = Matrices.columnMajorDouble(k, n)) {
            Matrices.gemm(t, z, logits, false, true);
            error = Matrices.doubleValues(logits);
          }
          for (int i = 0; i < n; i++) {
            value += c * crossEntropy(error, i * k, p, k * width, k, labels[i], c);
          }
          try (INDArray e = Matrices.of(error, n, k);
              INDArray g = Matrices.columnMajorDouble(width, k)) {
            Matrices.gemm(z, e, g, true, false);
            System.arraycopy(Matrices.doubleValues(g), 0, gradient, 0, k * width);
          }
          for (int j = 0; j < k * width; j++) {
            value += p[j] * p[j] / 2;
            gradient[j] += p[j];
          }
          for (int j = 0; j < k; j++) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
              sum += error[i * k + j];
            }
            gradient[k * width + j] = sum;
          }
          return value;
        },
        point);
    System.arraycopy(point, 0, weights, 0, k * width);
    System.arraycopy(point, k * width, biases, 0, k);
  }

  /** Replaces logits (without biases) by c·(softmax − one-hot); returns the cross-entropy. */
  private static double crossEntropy(
      double[] z, int at, double[] point, int biasAt, int k, int label, double c) {
    double max = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < k; j++) {
      z[at + j] += point[biasAt + j];
      max = Math.max(max, z[at + j]);
    }
    double sum = 0;
    for (int j = 0; j < k; j++) {
      sum += Math.exp(z[at + j] - max);
    }
    double logSum = max + Math.log(sum);
    double loss = logSum - z[at + label];
    for (int j = 0; j < k; j++) {
      z[at + j] = c * (Math.exp(z[at + j] - logSum) - (j == label ? 1 : 0));
    }
    return loss;
  }

  private static float[] floats(double[] x) {
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = (float) x[i];
    }
    return y;
  }

  /**
   * Span of the training vectors x_i by Cholesky factorisation with pivoting of their Gram matrix:
   * G = L·Lᵀ, so that row i of L holds the coordinates of x_i in an orthonormal basis of the span.
   * Vectors that depend on earlier ones add no basis vector.
   */
  private static final class Span {
    private final int n;
    private final int rank;

    /** L by columns: factor[r·n + i] is coordinate r of vector i. */
    private final double[] factor;

    /** The vector that basis vector r was made of. */
    private final int[] pivots;

    private Span(int n, int rank, double[] factor, int[] pivots) {
      this.n = n;
      this.rank = rank;
      this.factor = factor;
      this.pivots = pivots;
    }

    static Span of(INDArray x, int n) {
      double[] gram;
      try (INDArray g = Matrices.columnMajorDouble(n, n)) {
        Matrices.gemm(x, x, g, false, true);
        gram = Matrices.doubleValues(g);
      }
      double[] rest = new double[n];
      for (int i = 0; i < n; i++) {
        rest[i] = gram[i * n + i];
      }
      double[] factor = new double[n * n];
      int[] pivots = new int[n];
      int rank = 0;
      double largest = 0;
      while (rank < n) {
        int p = 0;
        for (int i = 1; i < n; i++) {
          p = rest[i] > rest[p] ? i : p;
        }
        largest = Math.max(largest, rest[p]);
        // a set of zero vectors keeps one basis vector, of length zero
        if (rank > 0 && !(rest[p] > RANK_TOLERANCE * largest)) {
          break;
        }
        double length = Math.sqrt(rest[p]);
        int column = rank * n;
        System.arraycopy(gram, p * n, factor, column, n);
        for (int r = 0; r < rank; r++) {
          double lp = factor[r * n + p];
          for (int i = 0; i < n; i++) {
            factor[column + i] -= lp * factor[r * n + i];
          }
        }
        for (int i = 0; i < n; i++) {
          factor[column + i] = length > 0 ? factor[column + i] / length : 0;
          rest[i] -= factor[column + i] * factor[column + i];
        }
        for (int r = 0; r < rank; r++) {
          factor[column + pivots[r]] = 0;
        }
        rest[p] = Double.NEGATIVE_INFINITY;
        pivots[rank++] = p;
      }
      return new Span(n, rank, factor, pivots);
    }

    /** L, n × rank, row-major. */
    double[] coordinates() {
      double[] rows = new double[n * rank];
      for (int r = 0; r < rank; r++) {
        for (int i = 0; i < n; i++) {
          rows[i * rank + r] = factor[r * n + i];
        }
      }
      return rows;
    }

    /**
     * Coefficients of the training vectors: a with Σ_i a_i·x_i = the vectors whose coordinates are
     * {@code v}, by back substitution in the pivots' triangle.
     *
     * @param v k × rank, row-major
     * @return k × n, row-major; zero but for the pivots
     */
    double[] coefficients(double[] v, int k) {
      double[] a = new double[k * n];
      for (int row = 0; row < k; row++) {
        for (int r = rank - 1; r >= 0; r--) {
          double s = v[row * rank + r];
          for (int q = r + 1; q < rank; q++) {
            s -= factor[r * n + pivots[q]] * a[row * n + pivots[q]];
          }
          double diagonal = factor[r * n + pivots[r]];
          a[row * n + pivots[r]] = diagonal > 0 ? s / diagonal : 0;
        }
      }
      return a;
    }
  }
}
