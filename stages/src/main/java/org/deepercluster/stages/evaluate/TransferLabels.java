package org.deepercluster.stages.evaluate;

/**
 * What the images of a transfer collection show, and how wrong a network's answers are: one class
 * per image ({@link Single}, softmax) or any number of them ({@link Multi}, a sigmoid per class).
 */
sealed interface TransferLabels {
  /** Classes, K: as many logits as an image gets. */
  int classes();

  /** Number of images. */
  int images();

  /**
   * The loss of a batch, in nats, and its gradient.
   *
   * @param logits b × K, row-major
   * @param rows image of each of the b ≥ 1 rows
   * @param gradient receives the loss's gradient with respect to the logits, b × K
   */
  double loss(float[] logits, int[] rows, float[] gradient);

  /** Refuses arrays that do not fit each other. */
  private static void check(float[] logits, int[] rows, float[] gradient, int classes) {
    if (rows.length == 0
        || logits.length != (long) rows.length * classes
        || gradient.length != logits.length) {
      throw new IllegalArgumentException(
          rows.length
              + " images of "
              + classes
              + " classes need as many logits and room for their gradients, got "
              + logits.length
              + " and "
              + gradient.length);
    }
  }

  /**
   * One class per image; mean over the batch of −log softmax.
   *
   * @param label class of each image, 0..K−1
   * @param classes K, at least 1
   */
  @SuppressWarnings("ArrayRecordComponent") // large and shared, never compared by value
  record Single(int[] label, int classes) implements TransferLabels {
    public Single {
      for (int i = 0; i < label.length; i++) {
        if (label[i] < 0 || label[i] >= classes) {
          throw new IllegalArgumentException(
              "label " + label[i] + " of image " + i + " is not in 0.." + (classes - 1));
        }
      }
    }

    @Override
    public int images() {
      return label.length;
    }

    @Override
    public double loss(float[] logits, int[] rows, float[] gradient) {
      check(logits, rows, gradient, classes);
      double loss = 0;
      for (int i = 0, at = 0; i < rows.length; i++, at += classes) {
        double max = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < classes; k++) {
          max = Math.max(max, logits[at + k]);
        }
        double sum = 0;
        for (int k = 0; k < classes; k++) {
          sum += StrictMath.exp(logits[at + k] - max);
        }
        for (int k = 0; k < classes; k++) {
          double p = StrictMath.exp(logits[at + k] - max) / sum;
          gradient[at + k] = (float) ((p - (k == label[rows[i]] ? 1 : 0)) / rows.length);
        }
        loss += StrictMath.log(sum) + max - logits[at + label[rows[i]]];
      }
      return loss / rows.length;
    }
  }

  /**
   * Any number of classes per image; Σ over the classes of the binary cross-entropy of a sigmoid,
   * mean over the batch. A class that is {@link #IGNORED} in an image (PASCAL VOC: it shows only
   * objects that are marked difficult) adds nothing.
   *
   * @param state images × K, row-major: {@link #PRESENT}, {@link #ABSENT} or {@link #IGNORED}
   * @param classes K, at least 1
   */
  @SuppressWarnings("ArrayRecordComponent") // large and shared, never compared by value
  record Multi(byte[] state, int classes) implements TransferLabels {
    /** The image shows the class. */
    static final byte PRESENT = 1;

    /** It does not. */
    static final byte ABSENT = -1;

    /** It is not to be said: neither in the loss nor in the metric. */
    static final byte IGNORED = 0;

    public Multi {
      if (classes < 1 || state.length % classes != 0) {
        throw new IllegalArgumentException(
            state.length + " states are not so many for each of " + classes + " classes");
      }
      for (int i = 0; i < state.length; i++) {
        if (state[i] < ABSENT || state[i] > PRESENT) {
          throw new IllegalArgumentException(
              "class "
                  + i % classes
                  + " of image "
                  + i / classes
                  + " must be 1 (present), -1 (absent) or 0 (ignored), is "
                  + state[i]);
        }
      }
    }

    @Override
    public int images() {
      return state.length / classes;
    }

    @Override
    public double loss(float[] logits, int[] rows, float[] gradient) {
      check(logits, rows, gradient, classes);
      double loss = 0;
      for (int i = 0, at = 0; i < rows.length; i++) {
        for (int k = 0; k < classes; k++, at++) {
          byte t = state[rows[i] * classes + k];
          if (t == IGNORED) {
            gradient[at] = 0;
            continue;
          }
          // −log σ(m) with m = ±z, and its derivative by z: −(1 − σ(m)) · (±1)
          double m = t * (double) logits[at];
          double e = StrictMath.exp(-Math.abs(m));
          loss += StrictMath.log1p(e) + Math.max(0, -m);
          double wrong = (m >= 0 ? e : 1) / (1 + e);
          gradient[at] = (float) (-t * wrong / rows.length);
        }
      }
      return loss / rows.length;
    }
  }
}
