package org.deepercluster.stages.evaluate;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Weighted k-nearest-neighbour classifier (Wu et al., CVPR 2018): the k training vectors of largest
 * cosine similarity s vote for their class with weight exp(s/τ); the class of the largest sum wins.
 *
 * <p>Of equal similarities the training vector of the smaller index is nearer; of equal sums the
 * smaller class wins. A zero vector has similarity 0 to everything. Similarities are computed in
 * fixed tiles, so that memory stays bounded and the sums do not depend on anything but the input.
 */
public final class Knn {
  private static final int TRAIN_TILE = 2048;
  private static final int TEST_TILE = 512;

  private Knn() {}

  /**
   * Predicted class of every test vector.
   *
   * @throws IllegalArgumentException if the training set has fewer vectors than neighbours that
   *     vote, or the two sets differ in dimension
   */
  public static int[] predict(
      LabelledFeatures train, LabelledFeatures test, EvaluateConfig.Knn config) {
    int k = config.neighbours();
    if (k > train.rows()) {
      throw new IllegalArgumentException(
          k
              + " neighbours are to vote, but there are only "
              + train.rows()
              + " labelled training images; use fewer neighbours");
    }
    if (train.dim() != test.dim()) {
      throw new IllegalArgumentException(
          "the training images have "
              + train.dim()
              + " features, but the test images have "
              + test.dim());
    }
    int dim = train.dim();
    float[][] similarity = new float[test.rows()][k];
    int[][] neighbour = new int[test.rows()][k];
    for (float[] s : similarity) {
      Arrays.fill(s, Float.NEGATIVE_INFINITY);
    }
    for (int j = 0; j < train.rows(); j += TRAIN_TILE) {
      int columns = Math.min(TRAIN_TILE, train.rows() - j);
      try (INDArray y = Matrices.of(unit(train.values(), j, columns, dim), columns, dim)) {
        for (int i = 0; i < test.rows(); i += TEST_TILE) {
          int rows = Math.min(TEST_TILE, test.rows() - i);
          try (INDArray x = Matrices.of(unit(test.values(), i, rows, dim), rows, dim);
              INDArray s = Matrices.columnMajor(columns, rows)) {
            Matrices.gemm(y, x, s, false, true);
            float[] tile = Matrices.values(s);
            for (int r = 0; r < rows; r++) {
              for (int c = 0; c < columns; c++) {
                insert(similarity[i + r], neighbour[i + r], tile[r * columns + c], j + c);
              }
            }
          }
        }
      }
    }
    int[] predicted = new int[test.rows()];
    for (int i = 0; i < predicted.length; i++) {
      predicted[i] = vote(similarity[i], neighbour[i], train, config.temperature());
    }
    return predicted;
  }

  /** Accuracy of {@link #predict} in percent; the test set must not be empty. */
  public static double top1(
      LabelledFeatures train, LabelledFeatures test, EvaluateConfig.Knn config) {
    test.requireRows("test the k-NN classifier on");
    return Accuracy.percent(predict(train, test, config), test.labels());
  }

  private static float[] unit(float[] values, int from, int n, int dim) {
    float[] unit = new float[n * dim];
    for (int i = 0; i < n; i++) {
      int base = (from + i) * dim;
      double squares = 0;
      for (int j = 0; j < dim; j++) {
        squares += (double) values[base + j] * values[base + j];
      }
      double scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
      for (int j = 0; j < dim; j++) {
        unit[i * dim + j] = (float) (values[base + j] * scale);
      }
    }
    return unit;
  }

  /** Keeps the list sorted from near to far; a later index does not pass an equal similarity. */
  private static void insert(float[] similarity, int[] neighbour, float s, int index) {
    int at = similarity.length - 1;
    if (s <= similarity[at]) {
      return;
    }
    while (at > 0 && s > similarity[at - 1]) {
      similarity[at] = similarity[at - 1];
      neighbour[at] = neighbour[at - 1];
      at--;
    }
    similarity[at] = s;
    neighbour[at] = index;
  }

  private static int vote(float[] similarity, int[] neighbour, LabelledFeatures train, double tau) {
    double[] votes = new double[train.classes()];
    for (int n = 0; n < neighbour.length; n++) {
      // relative to the nearest, so that a small τ does not overflow
      votes[train.labels()[neighbour[n]]] += Math.exp((similarity[n] - similarity[0]) / tau);
    }
    int best = 0;
    for (int c = 1; c < votes.length; c++) {
      if (votes[c] > votes[best]) {
        best = c;
      }
    }
    return best;
  }
}
