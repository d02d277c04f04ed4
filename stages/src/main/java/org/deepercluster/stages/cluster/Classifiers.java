package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Tensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The H linear classifiers of a network, each over K labels, and what they predict: log p(y|x) =
 * log-softmax(W_h·relu(f_θ(x)) + b_h).
 *
 * <p>Products are in float32, in tiles of a fixed number of rows from the block's first on, so that
 * the same block gives the same bits wherever it is worked on; sums of exponentials in float64.
 */
final class Classifiers implements AutoCloseable {
  private static final int TILE = 256;

  private final int labels;
  private final INDArray[] weight;
  private final float[][] bias;

  /**
   * From tensors.
   *
   * @param tensors {@code w.<h>.weight} [K, d] and {@code w.<h>.bias} [K], for h from 0 on
   * @param heads H
   * @param labels K
   * @throws IllegalArgumentException when one is missing or has another shape
   */
  Classifiers(Map<String, Tensor> tensors, int heads, int labels) {
    this.labels = labels;
    this.weight = new INDArray[heads];
    this.bias = new float[heads][];
    for (int h = 0; h < heads; h++) {
      Tensor w = tensors.get("w." + h + ".weight");
      Tensor b = tensors.get("w." + h + ".bias");
      if (w == null
          || b == null
          || w.shape().length != 2
          || w.shape()[0] != labels
          || b.data().length != labels) {
        throw new IllegalArgumentException(
            "head " + h + " must tell " + labels + " labels, got weights " + w + ", bias " + b);
      }
      weight[h] = Gemm.floats(w.data(), labels, w.shape()[1]);
      bias[h] = b.data();
    }
  }

  /** Those of a training state. */
  static Classifiers load(String checkpoint, int heads, int labels) throws IOException {
    return new Classifiers(ModelFile.headTensors(checkpoint), heads, labels);
  }

  /**
   * Predictions for a block.
   *
   * @param features f_θ(x), [n, d]
   * @return log p(y|x), [n, H·K], head after head; NaN throughout a row whose features or
   *     predictions are not all finite
   */
  Block logProbabilities(Block features) {
    int n = features.rows();
    int d = features.dim();
    int heads = weight.length;
    int dim = Math.multiplyExact(heads, labels);
    if (n > 0 && weight[0].size(1) != d) {
      throw new IllegalArgumentException(
          "the heads take features of " + weight[0].size(1) + " values, got " + d);
    }
    float[] out = new float[Math.multiplyExact(n, dim)];
    float[] logits = new float[TILE * labels];
    for (int from = 0; from < n; from += TILE) {
      int rows = Math.min(TILE, n - from);
      float[] relu = Arrays.copyOfRange(features.data(), from * d, (from + rows) * d);
      for (int i = 0; i < relu.length; i++) {
        relu[i] = Math.max(relu[i], 0f);
      }
      try (INDArray x = Gemm.floats(relu, rows, d);
          INDArray product = Gemm.room(DataType.FLOAT, labels, rows)) {
        for (int h = 0; h < heads; h++) {
          Gemm.timesTransposed(weight[h], x, product, 1);
          Gemm.read(product, logits, rows * labels);
          for (int r = 0; r < rows; r++) {
            logSoftmax(logits, r * labels, bias[h], out, (from + r) * dim + h * labels);
          }
        }
      }
    }
    for (int r = 0; r < n; r++) {
      if (!finite(features.data(), r * d, d) || !finite(out, r * dim, dim)) {
        Arrays.fill(out, r * dim, (r + 1) * dim, Float.NaN);
      }
    }
    return new Block(features.id(), features.firstRow(), n, dim, out);
  }

  private static void logSoftmax(float[] logits, int at, float[] bias, float[] out, int to) {
    int k = bias.length;
    float max = Float.NEGATIVE_INFINITY;
    for (int y = 0; y < k; y++) {
      out[to + y] = logits[at + y] + bias[y];
      max = Math.max(max, out[to + y]);
    }
    double sum = 0;
    for (int y = 0; y < k; y++) {
      sum += StrictMath.exp((double) out[to + y] - max);
    }
    double log = StrictMath.log(sum);
    for (int y = 0; y < k; y++) {
      out[to + y] = (float) ((double) out[to + y] - max - log);
    }
  }

  private static boolean finite(float[] values, int from, int count) {
    for (int i = from; i < from + count; i++) {
      if (!Float.isFinite(values[i])) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void close() {
    for (INDArray w : weight) {
      w.close();
    }
  }
}
