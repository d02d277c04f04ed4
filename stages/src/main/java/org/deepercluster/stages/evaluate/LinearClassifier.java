package org.deepercluster.stages.evaluate;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Linear classifier: logits = W·x + b, the predicted class is that of the largest logit (the first
 * of equal ones).
 *
 * @param weights W, classes × dim, row-major
 * @param biases b, one per class
 */
public record LinearClassifier(float[] weights, float[] biases) {
  /** Rows whose logits are computed at once, at most this many numbers of features. */
  private static final int TILE = 1 << 22;

  /** Number of classes. */
  public int classes() {
    return biases.length;
  }

  /** Number of features. */
  public int dim() {
    return weights.length / biases.length;
  }

  /**
   * Logits of feature vectors.
   *
   * @param values rows × dim, row-major
   * @return rows × classes, row-major
   * @throws IllegalArgumentException if the length is not a multiple of dim
   */
  public float[] logits(float[] values) {
    int dim = dim();
    int k = classes();
    if (values.length % dim != 0) {
      throw new IllegalArgumentException(
          "rows of " + dim + " features are needed, but there are " + values.length + " numbers");
    }
    int rows = values.length / dim;
    float[] logits = new float[Math.multiplyExact(rows, k)];
    int step = Math.max(1, TILE / dim);
    try (INDArray w = Matrices.of(weights, k, dim)) {
      for (int from = 0; from < rows; from += step) {
        int n = Math.min(step, rows - from);
        try (INDArray x = Matrices.rows(values, from, n, dim);
            INDArray z = Matrices.columnMajor(k, n)) {
          Matrices.gemm(w, x, z, false, true);
          System.arraycopy(Matrices.values(z), 0, logits, from * k, n * k);
        }
      }
    }
    for (int i = 0; i < logits.length; i++) {
      logits[i] += biases[i % k];
    }
    return logits;
  }

  /** Predicted class of every row of {@code values}, rows × dim, row-major. */
  public int[] predict(float[] values) {
    float[] logits = logits(values);
    int k = classes();
    int[] predicted = new int[logits.length / k];
    for (int i = 0; i < predicted.length; i++) {
      int best = 0;
      for (int c = 1; c < k; c++) {
        if (logits[i * k + c] > logits[i * k + best]) {
          best = c;
        }
      }
      predicted[i] = best;
    }
    return predicted;
  }

  /**
   * Accuracy in percent.
   *
   * @throws IllegalArgumentException if there are no rows or their width is not dim
   */
  public double top1(LabelledFeatures test) {
    if (test.dim() != dim()) {
      throw new IllegalArgumentException(
          "the classifier takes " + dim() + " features, but the test images have " + test.dim());
    }
    test.requireRows("test a linear classifier on");
    return Accuracy.percent(predict(test.values()), test.labels());
  }
}
