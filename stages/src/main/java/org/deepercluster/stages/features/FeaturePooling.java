package org.deepercluster.stages.features;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Average pooling of a convolution's activations to just below 10,000 features, as the linear
 * classifiers take them (Caron et al., ICCV 2019): window w = stride w, no padding, incomplete
 * windows at the right and bottom left out.
 *
 * <p>w is the smallest with channels · ⌊H/w⌋ · ⌊W/w⌋ &lt; 10,000. For VGG-16 at 224 × 224 that is
 * the published window for every convolution but conv3 and conv4 (128 × 112 × 112): the paper has
 * 14 there and the rule would give 13, with the same 8 × 8 grid; that shape takes the paper's.
 *
 * @param channels C of the activations
 * @param height H of the activations, in pixels
 * @param width W of the activations, in pixels
 * @param window w, in pixels
 */
public record FeaturePooling(int channels, int height, int width, int window) {
  /** Features are fewer than this. */
  static final int DIMENSION_LIMIT = 10_000;

  /**
   * Pooling for activations of this shape.
   *
   * @throws IllegalArgumentException if there are 10,000 channels or more, or a size is below 1
   */
  public static FeaturePooling of(int channels, int height, int width) {
    if (channels < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "activations need at least one channel, row and column, but are "
              + shape(channels, height, width));
    }
    if (channels >= DIMENSION_LIMIT) {
      throw new IllegalArgumentException(
          "activations of "
              + shape(channels, height, width)
              + " cannot be pooled below "
              + DIMENSION_LIMIT
              + " features: fewer channels are needed");
    }
    if (channels == 128 && height == 112 && width == 112) {
      return new FeaturePooling(channels, height, width, 14);
    }
    int w = 1;
    while ((long) channels * (height / w) * (width / w) >= DIMENSION_LIMIT) {
      w++;
    }
    // a very flat image would lose its short side altogether
    return new FeaturePooling(channels, height, width, Math.min(w, Math.min(height, width)));
  }

  /** Features per image: C · ⌊H/w⌋ · ⌊W/w⌋. */
  public int dim() {
    return channels * rows() * columns();
  }

  private int rows() {
    return height / window;
  }

  private int columns() {
    return width / window;
  }

  /**
   * Pools a batch.
   *
   * @param activations [n, C, H, W] float32
   * @return n × {@link #dim()}, row-major, each row in channel, row, column order
   * @throws IllegalArgumentException if the shape is another
   */
  public float[] pool(INDArray activations) {
    long[] s = activations.shape();
    if (s.length != 4 || s[1] != channels || s[2] != height || s[3] != width) {
      throw new IllegalArgumentException(
          "activations must be n × "
              + shape(channels, height, width)
              + " but are "
              + Arrays.toString(s));
    }
    INDArray dense = activations.ordering() == 'c' ? activations : activations.dup('c');
    return pool(dense.ravel().toFloatVector(), (int) s[0]);
  }

  /**
   * Pools a batch.
   *
   * @param activations n × C × H × W, row-major
   * @param n images
   * @return n × {@link #dim()}, row-major, each row in channel, row, column order
   * @throws IllegalArgumentException if the length is not n·C·H·W
   */
  public float[] pool(float[] activations, int n) {
    if (activations.length != (long) n * channels * height * width) {
      throw new IllegalArgumentException(
          n
              + " × "
              + shape(channels, height, width)
              + " activations are needed but "
              + activations.length
              + " numbers were given");
    }
    if (window == 1) {
      return activations.clone();
    }
    float[] pooled = new float[Math.multiplyExact(n, dim())];
    double area = (double) window * window;
    int out = 0;
    for (int plane = 0; plane < n * channels; plane++) {
      int base = plane * height * width;
      for (int r = 0; r < rows(); r++) {
        for (int c = 0; c < columns(); c++) {
          double sum = 0;
          for (int y = r * window; y < (r + 1) * window; y++) {
            int line = base + y * width;
            for (int x = c * window; x < (c + 1) * window; x++) {
              sum += activations[line + x];
            }
          }
          pooled[out++] = (float) (sum / area);
        }
      }
    }
    return pooled;
  }

  private static String shape(int channels, int height, int width) {
    return channels + " × " + height + " × " + width;
  }

  /**
   * The 2 × 2 max pooling that ends a block, flattened: what weighted k-NN takes.
   *
   * @param activations n × C × H × W
   * @return n × (C·⌊H/2⌋·⌊W/2⌋), row-major
   */
  public static float[] maxPool(INDArray activations) {
    long[] s = activations.shape();
    int planes = Math.toIntExact(s[0] * s[1]);
    int h = (int) s[2];
    int w = (int) s[3];
    INDArray dense = activations.ordering() == 'c' ? activations : activations.dup('c');
    float[] x = dense.ravel().toFloatVector();
    float[] y = new float[Math.multiplyExact(planes, (h / 2) * (w / 2))];
    int at = 0;
    for (int p = 0; p < planes; p++) {
      for (int i = 0; i + 1 < h; i += 2) {
        for (int j = 0; j + 1 < w; j += 2) {
          int from = (p * h + i) * w + j;
          y[at++] =
              Math.max(Math.max(x[from], x[from + 1]), Math.max(x[from + w], x[from + w + 1]));
        }
      }
    }
    return y;
  }
}
