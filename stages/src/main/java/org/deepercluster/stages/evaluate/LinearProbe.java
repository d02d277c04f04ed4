package org.deepercluster.stages.evaluate;

import java.util.function.IntFunction;
import org.deepercluster.stages.config.Seeds;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Linear classifier on cached features: multinomial logistic regression by SGD with momentum and
 * lr_t = lr / √(1 + lr·wd·t), t the number of steps before (Caron et al., ICCV 2019).
 *
 * <p>A step on a batch with mean cross-entropy L: v ← μ·v + ∇L + wd·θ; θ ← θ − lr_t·v, for weights
 * and biases alike; both start at zero. Every epoch passes once over all images in a new order; its
 * last batch may be smaller.
 *
 * <p>From zero, W stays in the span of the training vectors: W = Aᵀ·X. Where there are fewer
 * vectors than features the steps are therefore made on A with the Gram matrix X·Xᵀ in the place of
 * X. That is the same sequence of classifiers (up to rounding) for a fraction of the work.
 */
public final class LinearProbe {
  /** Largest training set for which the Gram matrix is formed (64 MiB). */
  private static final int GRAM_LIMIT = 4096;

  private LinearProbe() {}

  /**
   * Trains a classifier of plain (not standardised) features.
   *
   * @param train labelled feature vectors, at least one
   * @param config epochs, batch size, learning rate, momentum, weight decay, standardisation
   * @param seed seed of the orders of the images
   * @throws IllegalArgumentException if there is no image
   * @throws ArithmeticException if the weights grow beyond all bounds; a smaller learning rate is
   *     needed then
   */
  public static LinearClassifier train(
      LabelledFeatures train, EvaluateConfig.Linear config, long seed) {
    return train(train, config, epoch -> order(train.rows(), Seeds.of(seed, epoch)));
  }

  /** Trains on the images in the order that {@code orders} gives for each epoch from 0. */
  static LinearClassifier train(
      LabelledFeatures train, EvaluateConfig.Linear config, IntFunction<int[]> orders) {
    train.requireRows("train a linear classifier on");
    Standardisation standardisation =
        config.standardise() ? Standardisation.of(train) : Standardisation.none(train.dim());
    int n = train.rows();
    int dim = train.dim();
    float[] biases = new float[train.classes()];
    float[] weights;
    if (n < dim && n <= GRAM_LIMIT) {
      float[] x = new float[n * dim];
      for (int i = 0; i < n; i++) {
        standardisation.copy(train.values(), i, x, i * dim);
      }
      try (INDArray features = Matrices.of(x, n, dim);
          INDArray product = Matrices.columnMajor(n, n)) {
        Matrices.gemm(features, features, product, false, true);
        float[] gram = Matrices.values(product);
        float[] a =
            descend(
                n,
                (i, out, at) -> System.arraycopy(gram, i * n, out, at, n),
                true,
                train,
                config,
                orders,
                biases);
        try (INDArray coefficients = Matrices.of(a, train.classes(), n);
            INDArray w = Matrices.columnMajor(dim, train.classes())) {
          Matrices.gemm(features, coefficients, w, true, true);
          weights = Matrices.values(w);
        }
      }
    } else {
      weights =
          descend(
              dim,
              (i, out, at) -> standardisation.copy(train.values(), i, out, at),
              false,
              train,
              config,
              orders,
              biases);
    }
    LinearClassifier classifier = standardisation.unfold(weights, biases);
    requireFinite(classifier, config);
    return classifier;
  }

  private static int[] order(int n, long seed) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = i;
    }
    Seeds.shuffle(order, 0, n, Seeds.random(seed));
    return order;
  }

  @FunctionalInterface
  private interface Rows {
    /** Writes row {@code i} of the design matrix to {@code out} from {@code at}. */
    void copy(int i, float[] out, int at);
  }

  /**
   * SGD on parameters θ, classes × width: logits of image i are θ·row(i) + b.
   *
   * @param dual true where a row holds the products with all training vectors: the gradient with
   *     respect to the coefficients of image i is then that of its logits
   * @param biases zeros, overwritten by the result
   * @return θ, row-major
   */
  private static float[] descend(
      int width,
      Rows design,
      boolean dual,
      LabelledFeatures train,
      EvaluateConfig.Linear config,
      IntFunction<int[]> orders,
      float[] biases) {
    int n = train.rows();
    int k = train.classes();
    float[] theta = new float[k * width];
    float[] velocity = new float[k * width];
    float[] biasVelocity = new float[k];
    long step = 0;
    for (int epoch = 0; epoch < config.epochs(); epoch++) {
      int[] order = orders.apply(epoch);
      for (int from = 0; from < n; from += config.batchSize()) {
        int b = Math.min(config.batchSize(), n - from);
        float[] rows = new float[b * width];
        for (int i = 0; i < b; i++) {
          design.copy(order[from + i], rows, i * width);
        }
        float[] error; // b × classes: (softmax − one-hot) / b
        float[] gradient = null;
        try (INDArray x = Matrices.of(rows, b, width);
            INDArray t = Matrices.of(theta, k, width);
            INDArray z = Matrices.columnMajor(k, b)) {
          Matrices.gemm(t, x, z, false, true);
          error = Matrices.values(z);
          for (int i = 0; i < b; i++) {
            softmaxError(error, i * k, biases, train.labels()[order[from + i]], b);
          }
          if (!dual) {
            try (INDArray e = Matrices.of(error, b, k);
                INDArray g = Matrices.columnMajor(width, k)) {
              Matrices.gemm(x, e, g, true, false);
              gradient = Matrices.values(g);
            }
          }
        }

        double lr = config.lr() / Math.sqrt(1 + config.lr() * config.weightDecay() * step++);
        float mu = (float) config.momentum();
        float wd = (float) config.weightDecay();
        float rate = (float) lr;
        for (int j = 0; j < velocity.length; j++) {
          velocity[j] = mu * velocity[j] + wd * theta[j];
        }
        if (dual) {
          for (int i = 0; i < b; i++) {
            for (int c = 0; c < k; c++) {
              velocity[c * width + order[from + i]] += error[i * k + c];
            }
          }
        } else {
          for (int j = 0; j < velocity.length; j++) {
            velocity[j] += gradient[j];
          }
        }
        for (int j = 0; j < theta.length; j++) {
          theta[j] -= rate * velocity[j];
        }
        for (int c = 0; c < k; c++) {
          float g = 0;
          for (int i = 0; i < b; i++) {
            g += error[i * k + c];
          }
          biasVelocity[c] = mu * biasVelocity[c] + g + wd * biases[c];
          biases[c] -= rate * biasVelocity[c];
        }
      }
    }
    return theta;
  }

  /** Replaces logits (without biases) by (softmax − one-hot) / batch. */
  private static void softmaxError(float[] z, int at, float[] biases, int label, int batch) {
    double max = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < biases.length; c++) {
      z[at + c] += biases[c];
      max = Math.max(max, z[at + c]);
    }
    double sum = 0;
    for (int c = 0; c < biases.length; c++) {
      double p = Math.exp(z[at + c] - max);
      sum += p;
      z[at + c] = (float) p;
    }
    for (int c = 0; c < biases.length; c++) {
      z[at + c] = (float) ((z[at + c] / sum - (c == label ? 1 : 0)) / batch);
    }
  }

  private static void requireFinite(LinearClassifier classifier, EvaluateConfig.Linear config) {
    for (float[] numbers : new float[][] {classifier.weights(), classifier.biases()}) {
      for (float x : numbers) {
        if (!Float.isFinite(x)) {
          throw new ArithmeticException(
              "the linear classifier diverged at lr "
                  + config.lr()
                  + (config.standardise() ? "" : " without standardise")
                  + "; use a smaller lr");
        }
      }
    }
  }
}
