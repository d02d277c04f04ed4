package org.deepercluster.stages.evaluate;

import java.util.Arrays;

/**
 * x' = (x − mean)·scale per feature, with scale = 1 / standard deviation of the training set. A
 * feature that is constant there (to float precision) gets scale 0 and so takes no part.
 */
record Standardisation(double[] mean, double[] scale) {
  /** Standard deviations below this part of the mean's size are rounding. */
  private static final double CONSTANT = 1e-6;

  static Standardisation of(LabelledFeatures train) {
    int dim = train.dim();
    double[] mean = new double[dim];
    double[] scale = new double[dim];
    float[] x = train.values();
    for (int i = 0, at = 0; i < train.rows(); i++) {
      for (int j = 0; j < dim; j++) {
        mean[j] += x[at++];
      }
    }
    for (int j = 0; j < dim; j++) {
      mean[j] /= train.rows();
    }
    for (int i = 0, at = 0; i < train.rows(); i++) {
      for (int j = 0; j < dim; j++) {
        double d = x[at++] - mean[j];
        scale[j] += d * d;
      }
    }
    for (int j = 0; j < dim; j++) {
      double sd = Math.sqrt(scale[j] / train.rows());
      scale[j] = sd > CONSTANT * Math.abs(mean[j]) ? 1 / sd : 0;
    }
    return new Standardisation(mean, scale);
  }

  static Standardisation none(int dim) {
    double[] ones = new double[dim];
    Arrays.fill(ones, 1);
    return new Standardisation(new double[dim], ones);
  }

  /** Writes the standardised row {@code row} of {@code values} to {@code out} at {@code at}. */
  void copy(float[] values, int row, float[] out, int at) {
    int base = row * mean.length;
    for (int j = 0; j < mean.length; j++) {
      out[at + j] = (float) ((values[base + j] - mean[j]) * scale[j]);
    }
  }

  /** The classifier of plain features that equals {@code (w, b)} of standardised ones. */
  LinearClassifier unfold(float[] w, float[] b) {
    int dim = mean.length;
    float[] weights = new float[w.length];
    float[] biases = new float[b.length];
    for (int k = 0; k < b.length; k++) {
      double shift = 0;
      for (int j = 0; j < dim; j++) {
        double v = w[k * dim + j] * scale[j];
        weights[k * dim + j] = (float) v;
        shift += v * mean[j];
      }
      biases[k] = (float) (b[k] - shift);
    }
    return new LinearClassifier(weights, biases);
  }
}
