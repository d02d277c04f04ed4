package org.deepercluster.stages.evaluate;

import java.util.SplittableRandom;
import org.deepercluster.stages.config.Seeds;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Linear support vector machine with the squared hinge loss: minimises ½‖w‖² + Σ_i C_i·max(0, 1 −
 * y_i·w·x_i)², where every x_i has a 1 appended (so that the bias is a weight like the others), by
 * coordinate descent on the dual (Hsieh et al., ICML 2008), as LIBLINEAR and scikit-learn's {@code
 * LinearSVC} do.
 *
 * <p>In the dual, min ½αᵀ(Q + D)α − Σα_i with α ≥ 0, Q_ij = y_i·y_j·x_i·x_j, D_ii = 1/(2·C_i); w =
 * Σ α_i·y_i·x_i. A pass goes over all points in a new order; it is over when the projected
 * gradients of a pass lie within the tolerance of one another.
 *
 * <p>Where there are not too many points, all products x_i·x_j are computed first, and a step costs
 * one row of them; else a step costs two products with w.
 */
final class SquaredHinge {
  /** Most points whose products are all kept (256 MiB). */
  private static final int GRAM_LIMIT = 8192;

  /** Steps below this change nothing. */
  private static final double NEGLIGIBLE = 1e-12;

  private final float[] values;
  private final int dim;
  private final int n;

  /** Products of all points without the appended 1, n × n; null where there are too many. */
  private final float[] gram;

  private final double[] squares;

  /**
   * Points to be separated in several ways.
   *
   * @param values n × dim, row-major
   * @param dim features per point
   */
  SquaredHinge(float[] values, int dim) {
    this.values = values;
    this.dim = dim;
    this.n = values.length / dim;
    this.gram = n <= GRAM_LIMIT ? gram() : null;
    this.squares = new double[n];
    for (int i = 0; i < n; i++) {
      double s = 1;
      for (int j = 0; j < dim; j++) {
        s += (double) values[i * dim + j] * values[i * dim + j];
      }
      squares[i] = s;
    }
  }

  private float[] gram() {
    try (INDArray x = Matrices.of(values, n, dim);
        INDArray k = Matrices.columnMajor(n, n)) {
      Matrices.gemm(x, x, k, false, true);
      return Matrices.values(k);
    }
  }

  /** Number of points. */
  int points() {
    return n;
  }

  /**
   * How hard to try.
   *
   * @param tolerance of the projected gradients
   * @param maxPasses after which the solution is taken as it is
   */
  record Stop(double tolerance, int maxPasses) {}

  /** A separation of some of the points, solved for one cost after the other. */
  final class Solver {
    private final int[] rows;
    private final byte[] y;
    private final SplittableRandom random;
    private final double[] alpha = new double[n];

    /** Product of w with every point where there is a Gram matrix, else w with the bias last. */
    private final double[] state = new double[gram == null ? dim + 1 : n];

    /**
     * A separation, with w = 0.
     *
     * @param rows points that take part
     * @param y 1 or −1 for every point; those that take no part are not looked at
     * @param seed of the orders
     */
    Solver(int[] rows, byte[] y, long seed) {
      this.rows = rows.clone();
      this.y = y;
      this.random = Seeds.random(seed);
    }

    /**
     * Goes on to the optimum from where it is: costs in increasing order take the fewest passes.
     *
     * @param cost C of negative points
     * @param positiveWeight C of positive points over that
     * @return passes made
     */
    int solve(double cost, double positiveWeight, Stop stop) {
      double[] diagonal = {1 / (2 * cost), 1 / (2 * cost * positiveWeight)};
      for (int pass = 1; ; pass++) {
        Seeds.shuffle(rows, 0, rows.length, random);
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (int i : rows) {
          double d = diagonal[y[i] > 0 ? 1 : 0];
          double gradient = y[i] * score(i) - 1 + alpha[i] * d;
          double projected = alpha[i] > 0 ? gradient : Math.min(gradient, 0);
          least = Math.min(least, projected);
          most = Math.max(most, projected);
          if (Math.abs(projected) > NEGLIGIBLE) {
            double next = Math.max(alpha[i] - gradient / (squares[i] + d), 0);
            add(i, (next - alpha[i]) * y[i]);
            alpha[i] = next;
          }
        }
        if (rows.length == 0 || most - least <= stop.tolerance() || pass >= stop.maxPasses()) {
          return pass;
        }
      }
    }

    /** w·x_i + b of any point. */
    double score(int i) {
      if (gram != null) {
        return state[i];
      }
      double s = state[dim];
      int base = i * dim;
      for (int j = 0; j < dim; j++) {
        s += state[j] * values[base + j];
      }
      return s;
    }

    private void add(int i, double step) {
      if (gram == null) {
        int base = i * dim;
        for (int j = 0; j < dim; j++) {
          state[j] += step * values[base + j];
        }
        state[dim] += step;
        return;
      }
      int base = i * n;
      for (int j = 0; j < n; j++) {
        state[j] += step * gram[base + j] + step;
      }
    }

    /** Adds w to {@code weights} at {@code at}, dim numbers, and returns the bias. */
    float weights(float[] weights, int at) {
      double[] w = new double[dim];
      double bias = 0;
      if (gram == null) {
        System.arraycopy(state, 0, w, 0, dim);
        bias = state[dim];
      } else {
        for (int i = 0; i < n; i++) {
          double c = alpha[i] * y[i];
          if (c != 0) {
            bias += c;
            for (int j = 0; j < dim; j++) {
              w[j] += c * values[i * dim + j];
            }
          }
        }
      }
      for (int j = 0; j < dim; j++) {
        weights[at + j] = (float) w[j];
      }
      return (float) bias;
    }
  }
}
