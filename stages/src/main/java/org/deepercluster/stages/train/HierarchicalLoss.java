package org.deepercluster.stages.train;

import java.util.Arrays;
import org.deepercluster.stages.targets.Targets;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * DeeperCluster's loss (Caron et al., ICCV 2019, eq. 4 in its form per image): for an image x in
 * super-class s with sub-class z, {@code ℓ(V·relu(f(x)), s) + ℓ(W_s·relu(f(x)), z)}, ℓ the negative
 * log-softmax; mean over the batch. A head that does not exist adds nothing.
 *
 * <p>SeLa's loss (Asano et al., ICLR 2020) is {@code 1/H·Σ_h ℓ(W_h·relu(f(x)), z_h)}, where every
 * W_h sees every image; with rotations V's loss is added.
 *
 * <p>Otherwise only the W_s of the image's own super-class is evaluated: rows are grouped by s, one
 * matrix product per group, so that the cost does not grow with S.
 */
public final class HierarchicalLoss {
  private HierarchicalLoss() {}

  /**
   * Loss, gradient and accuracy of one batch.
   *
   * @param images size of the batch
   * @param superLoss mean of ℓ(V·relu(f), s), in nats; 0 without V
   * @param subLoss mean of ℓ(W_s·relu(f), z) over images and heads, in nats; 0 without W
   * @param superCorrect images whose super-class has V's largest output (lowest index on ties)
   * @param subCorrect images whose sub-class has the largest output of their own W_s; with several
   *     heads the sum over them
   * @param featureGradient gradient of the mean loss with respect to f, [b, d] float32
   */
  public record Result(
      int images,
      double superLoss,
      double subLoss,
      int superCorrect,
      int subCorrect,
      INDArray featureGradient) {
    /** Both parts together. */
    public double loss() {
      return superLoss + subLoss;
    }
  }

  /**
   * Evaluates one batch, and overwrites {@code heads.gradients()} with the gradient of the mean
   * loss; it is zero for a W_s that no image of the batch belongs to.
   *
   * @param heads V and W_s
   * @param features f_θ(x) before its last ReLU, [b, d] float32, b ≥ 1; left as it is
   * @param superClass s of each row, in [0, S)
   * @param subClass z of each row within its super-class, in [0, K); with H heads [b, H] row-major
   * @throws IllegalArgumentException when sizes disagree or a target is out of range
   */
  public static Result evaluate(Heads heads, INDArray features, int[] superClass, int[] subClass) {
    Targets targets = heads.targets();
    int d = heads.featureDim();
    int b = superClass.length;
    int h = targets.heads();
    if (b == 0 || subClass.length != (long) b * h) {
      throw new IllegalArgumentException(
          "a batch needs "
              + (h == 1
                  ? "as many super-classes as sub-classes"
                  : h + " sub-classes per super-class")
              + " and at least one, got "
              + b
              + " and "
              + subClass.length);
    }
    if (features.rank() != 2 || features.size(0) != b || features.size(1) != d) {
      throw new IllegalArgumentException(
          "features must be [" + b + ", " + d + "], got " + Arrays.toString(features.shape()));
    }
    check("super-class", superClass, targets.superClasses());
    check("sub-class", subClass, targets.subClasses());

    int[] begin = groups(superClass, targets.superClasses());
    int[] order = order(superClass, begin);
    float[] f = Floats.copy(features);
    float[] sorted = new float[b * d];
    for (int i = 0; i < b; i++) {
      for (int j = 0, from = order[i] * d, to = i * d; j < d; j++) {
        sorted[to + j] = Math.max(f[from + j], 0f);
      }
    }
    INDArray x = Nd4j.createFromArray(sorted).reshape('c', b, d);
    INDArray dx = Nd4j.zeros(DataType.FLOAT, b, d);
    heads.gradients().assign(0);

    Sum superSum = new Sum();
    Sum subSum = new Sum();
    if (heads.v() != null) {
      classify(heads.v(), x, pick(superClass, order, 0, b), b, dx, superSum);
    }
    if (targets.hasW() && targets.sharesW()) {
      for (int i = 0; i < h; i++) {
        classify(heads.w(i), x, pick(subClass, order, 0, b, h, i), b * h, dx, subSum);
      }
    } else if (targets.hasW()) {
      for (int s = 0; s < targets.superClasses(); s++) {
        if (begin[s] == begin[s + 1]) {
          continue;
        }
        classify(
            heads.w(s),
            rows(x, begin[s], begin[s + 1]),
            pick(subClass, order, begin[s], begin[s + 1]),
            b,
            rows(dx, begin[s], begin[s + 1]),
            subSum);
      }
    }

    float[] gradient = new float[b * d];
    float[] sortedGradient = Floats.copy(dx);
    for (int i = 0; i < b; i++) {
      for (int j = 0, from = i * d, to = order[i] * d; j < d; j++) {
        gradient[to + j] = f[to + j] > 0 ? sortedGradient[from + j] : 0f;
      }
    }
    return new Result(
        b,
        superSum.loss / b,
        subSum.loss / ((double) b * h),
        superSum.correct,
        subSum.correct,
        Nd4j.createFromArray(gradient).reshape('c', b, d));
  }

  private static final class Sum {
    double loss;
    int correct;
  }

  /**
   * One softmax classifier on rows of one batch: adds their losses to {@code sum}, writes the
   * classifier's gradient and adds the rows' gradient to {@code dx}.
   *
   * @param x [n, d], c-ordered
   * @param batch what the mean is over
   */
  private static void classify(
      Heads.Linear linear, INDArray x, int[] target, int batch, INDArray dx, Sum sum) {
    int n = target.length;
    int classes = linear.outputs();
    INDArray logits = Nd4j.createUninitialized(DataType.FLOAT, n, classes);
    gemm(x, false, linear.weight(), true, logits, 0);
    float[] y = Floats.copy(logits);
    float[] bias = Floats.copy(linear.bias());
    float[] biasGradient = new float[classes];
    for (int i = 0; i < n; i++) {
      int row = i * classes;
      int best = 0;
      for (int k = 0; k < classes; k++) {
        y[row + k] += bias[k];
        if (y[row + k] > y[row + best]) {
          best = k;
        }
      }
      double max = y[row + best];
      double normaliser = 0;
      for (int k = 0; k < classes; k++) {
        normaliser += Math.exp(y[row + k] - max);
      }
      sum.loss += Math.log(normaliser) + max - y[row + target[i]];
      sum.correct += best == target[i] ? 1 : 0;
      for (int k = 0; k < classes; k++) {
        double p = Math.exp(y[row + k] - max) / normaliser;
        y[row + k] = (float) ((k == target[i] ? p - 1 : p) / batch);
        biasGradient[k] += y[row + k];
      }
    }
    INDArray dLogits = Nd4j.createFromArray(y).reshape('c', n, classes);
    linear.biasGradient().assign(Nd4j.createFromArray(biasGradient).reshape(1, classes));
    gemm(dLogits, true, x, false, linear.weightGradient(), 0);
    gemm(dLogits, false, linear.weight(), false, dx, 1);
  }

  /** {@code out ← op(a)·op(b) + beta·out}, all row-major; computed as its transpose. */
  private static void gemm(
      INDArray a, boolean transposeA, INDArray b, boolean transposeB, INDArray out, double beta) {
    Nd4j.gemm(b, a, out.transpose(), !transposeB, !transposeA, 1, beta);
  }

  private static INDArray rows(INDArray matrix, int from, int to) {
    return matrix.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
  }

  /** Where each group's rows begin after sorting; one more entry for the end. */
  private static int[] groups(int[] group, int count) {
    int[] begin = new int[count + 1];
    for (int g : group) {
      begin[g + 1]++;
    }
    for (int g = 0; g < count; g++) {
      begin[g + 1] += begin[g];
    }
    return begin;
  }

  /** Rows sorted by group, in the order of the batch within each. */
  private static int[] order(int[] group, int[] begin) {
    int[] next = begin.clone();
    int[] order = new int[group.length];
    for (int i = 0; i < group.length; i++) {
      order[next[group[i]]++] = i;
    }
    return order;
  }

  private static int[] pick(int[] values, int[] order, int from, int to) {
    return pick(values, order, from, to, 1, 0);
  }

  /** The {@code column}-th of the {@code columns} values of each row. */
  private static int[] pick(int[] values, int[] order, int from, int to, int columns, int column) {
    int[] picked = new int[to - from];
    for (int i = from; i < to; i++) {
      picked[i - from] = values[order[i] * columns + column];
    }
    return picked;
  }

  private static void check(String what, int[] values, int count) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] < 0 || values[i] >= count) {
        throw new IllegalArgumentException(
            what + " " + values[i] + " of row " + i + " is not in [0, " + count + ")");
      }
    }
  }
}
