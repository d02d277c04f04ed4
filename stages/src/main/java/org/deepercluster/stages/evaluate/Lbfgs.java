package org.deepercluster.stages.evaluate;

/**
 * Limited-memory BFGS (Nocedal, Wright, <i>Numerical Optimization</i>, algorithm 7.5) for smooth
 * convex functions, with a bisection line search to the weak Wolfe conditions.
 */
final class Lbfgs {
  private static final int MEMORY = 20;
  private static final int MAX_ITERATIONS = 5000;
  private static final int MAX_TRIALS = 60;

  /** Converged where the gradient's largest component is this part of that at the start. */
  private static final double TOLERANCE = 1e-8;

  private static final double SUFFICIENT_DECREASE = 1e-4;
  private static final double CURVATURE = 0.9;

  private Lbfgs() {}

  /** A function and its gradient. */
  @FunctionalInterface
  interface Objective {
    /** Returns the value at {@code point} and fills {@code gradient}. */
    double evaluate(double[] point, double[] gradient);
  }

  /** Moves {@code x} to the minimum; stops early where rounding allows no further decrease. */
  static void minimise(Objective f, double[] x) {
    int n = x.length;
    double[] gradient = new double[n];
    double value = f.evaluate(x, gradient);
    double tolerance = TOLERANCE * maxNorm(gradient);
    double[][] s = new double[MEMORY][];
    double[][] y = new double[MEMORY][];
    double[] rho = new double[MEMORY];
    double[] alpha = new double[MEMORY];
    double[] trial = new double[n];
    double[] trialGradient = new double[n];
    int pairs = 0;
    for (int iteration = 0;
        iteration < MAX_ITERATIONS && maxNorm(gradient) > tolerance;
        iteration++) {
      double[] d = new double[n];
      for (int i = 0; i < n; i++) {
        d[i] = -gradient[i];
      }
      int oldest = Math.max(0, pairs - MEMORY);
      for (int p = pairs - 1; p >= oldest; p--) {
        int m = p % MEMORY;
        alpha[m] = rho[m] * dot(s[m], d);
        add(d, -alpha[m], y[m]);
      }
      if (pairs > 0) {
        int m = (pairs - 1) % MEMORY;
        double scale = 1 / (rho[m] * dot(y[m], y[m]));
        for (int i = 0; i < n; i++) {
          d[i] *= scale;
        }
      }
      for (int p = oldest; p < pairs; p++) {
        int m = p % MEMORY;
        add(d, alpha[m] - rho[m] * dot(y[m], d), s[m]);
      }

      double slope = dot(gradient, d);
      if (!(slope < 0)) {
        return;
      }
      double low = 0;
      double high = Double.POSITIVE_INFINITY;
      double step = pairs == 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
      double trialValue = value;
      boolean found = false;
      for (int t = 0; t < MAX_TRIALS && !found; t++) {
        for (int i = 0; i < n; i++) {
          trial[i] = x[i] + step * d[i];
        }
        trialValue = f.evaluate(trial, trialGradient);
        if (!(trialValue <= value + SUFFICIENT_DECREASE * step * slope)) {
          high = step;
        } else if (dot(trialGradient, d) < CURVATURE * slope) {
          low = step;
        } else {
          found = true;
          continue;
        }
        step = high < Double.POSITIVE_INFINITY ? (low + high) / 2 : 2 * step;
      }
      if (!found) {
        return;
      }
      int m = pairs % MEMORY;
      s[m] = new double[n];
      y[m] = new double[n];
      for (int i = 0; i < n; i++) {
        s[m][i] = trial[i] - x[i];
        y[m][i] = trialGradient[i] - gradient[i];
      }
      rho[m] = 1 / dot(s[m], y[m]);
      pairs++;
      System.arraycopy(trial, 0, x, 0, n);
      System.arraycopy(trialGradient, 0, gradient, 0, n);
      value = trialValue;
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void add(double[] to, double factor, double[] x) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * x[i];
    }
  }

  private static double maxNorm(double[] x) {
    double max = 0;
    for (double v : x) {
      max = Math.max(max, Math.abs(v));
    }
    return max;
  }
}
