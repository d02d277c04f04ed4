package org.deepercluster.stages.evaluate;

/**
 * Feature vectors with their labels; the arrays are not copied and must not be changed.
 *
 * @param values rows × dim, row-major; finite
 * @param dim features per row, at least 1
 * @param labels label of every row, from 0 to {@code classes} - 1
 * @param classes classes, at least 1; not all of them need to occur
 */
public record LabelledFeatures(float[] values, int dim, int[] labels, int classes) {
  /**
   * Checks the sizes and every number.
   *
   * @throws IllegalArgumentException if the sizes do not fit each other, a label is out of range or
   *     a feature is NaN or infinite
   */
  public LabelledFeatures {
    if (dim < 1 || classes < 1) {
      throw new IllegalArgumentException(
          "at least one feature and one class are needed, but there are "
              + dim
              + " features and "
              + classes
              + " classes");
    }
    if (values.length != (long) labels.length * dim) {
      throw new IllegalArgumentException(
          labels.length
              + " labels of "
              + dim
              + " features each need "
              + (long) labels.length * dim
              + " numbers, but there are "
              + values.length);
    }
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes) {
        throw new IllegalArgumentException(
            "label " + labels[i] + " of row " + i + " is not in 0.." + (classes - 1));
      }
    }
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "feature "
                + i % dim
                + " of row "
                + i / dim
                + " is "
                + values[i]
                + "; features must be finite");
      }
    }
  }

  /** Number of feature vectors. */
  public int rows() {
    return labels.length;
  }

  /** These rows, in this order, as a copy. */
  LabelledFeatures rows(int[] indices) {
    float[] v = new float[Math.multiplyExact(indices.length, dim)];
    int[] l = new int[indices.length];
    for (int i = 0; i < indices.length; i++) {
      System.arraycopy(values, indices[i] * dim, v, i * dim, dim);
      l[i] = labels[indices[i]];
    }
    return new LabelledFeatures(v, dim, l, classes);
  }

  /**
   * Refuses an empty collection.
   *
   * @param purpose what the features are for, as in "train a linear classifier"
   */
  void requireRows(String purpose) {
    if (rows() == 0) {
      throw new IllegalArgumentException("no images to " + purpose + ": at least one is needed");
    }
  }
}
