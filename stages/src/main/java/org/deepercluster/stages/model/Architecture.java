package org.deepercluster.stages.model;

import java.util.ArrayList;
import java.util.List;

/**
 * The shape of a trunk: its convolutions in order, and the two linear layers behind them.
 *
 * <p>{@code vgg16}: Simonyan and Zisserman, ICLR 2015, configuration D, with batch norm (Ioffe and
 * Szegedy, ICML 2015); widths scale with {@code width / 64}, the linear layers too.
 *
 * @param convs the 3×3 convolutions, each followed by batch norm and ReLU
 * @param pooled side of the map that the linear layers see: 7 for {@code vgg16} (adaptive average
 *     pooling, {@code adaptive} is true), ⌊size/8⌋ for {@code vgg-small}
 * @param adaptive whether the last map is brought to {@code pooled} by adaptive average pooling
 * @param hidden outputs of the first linear layer
 * @param features d, outputs of the second
 */
record Architecture(List<Conv> convs, int pooled, boolean adaptive, int hidden, int features) {

  /**
   * One convolution, 3×3, padding 1.
   *
   * @param name {@code conv1}, {@code conv2}, ...
   * @param in input channels
   * @param out output channels
   * @param size height and width of its input and output, at the configured image size
   * @param pool whether 2×2 max pooling, stride 2, follows its ReLU
   */
  record Conv(String name, int in, int out, int size, boolean pool) {}

  static final int SMALL_HIDDEN = 256;
  static final int SMALL_FEATURES = 128;
  static final int VGG16_POOLED = 7;

  /** How much larger than its image the first map is when the Sobel filters are folded in. */
  static final int FOLDED_GROWTH = 2;

  private static final int[][] VGG16_BLOCKS = {{1, 1}, {2, 2}, {4, 4, 4}, {8, 8, 8}, {8, 8, 8}};
  private static final int[][] SMALL_BLOCKS = {{1, 1}, {2, 2}, {4, 4}};

  /**
   * The architecture of {@code config}.
   *
   * @throws IllegalArgumentException if the trunk is unknown or the image is too small for its
   *     pooling steps
   */
  static Architecture of(ModelConfig config) {
    return of(config, false);
  }

  /**
   * The architecture of {@code config}, or with its Sobel filters folded into the first
   * convolution: 5×5 on the three colours, with padding 3, so that every map starts from an image 2
   * pixels larger.
   */
  static Architecture of(ModelConfig config, boolean folded) {
    int size = config.imageSize() + (folded ? FOLDED_GROWTH : 0);
    return switch (config.trunk()) {
      case "vgg16" -> {
        List<Conv> convs = convs(config, VGG16_BLOCKS, size, folded);
        int linear = 64 * config.width();
        yield new Architecture(convs, VGG16_POOLED, true, linear, linear);
      }
      case "vgg-small" -> {
        List<Conv> convs = convs(config, SMALL_BLOCKS, size, folded);
        yield new Architecture(convs, size / 8, false, SMALL_HIDDEN, SMALL_FEATURES);
      }
      default ->
          throw new IllegalArgumentException(
              "trunk must be `vgg16` or `vgg-small`, got `" + config.trunk() + "`");
    };
  }

  /** Channels that the caller hands in: 1 for gray, 3 for rgb and sobel. */
  static int inputChannels(ModelConfig config) {
    return switch (config.input()) {
      case "gray" -> 1;
      case "rgb", "sobel" -> 3;
      default ->
          throw new IllegalArgumentException(
              "input must be `rgb`, `gray` or `sobel`, got `" + config.input() + "`");
    };
  }

  /** Inputs of the first linear layer. */
  int flattened() {
    return convs.get(convs.size() - 1).out() * pooled * pooled;
  }

  /** Halvings of the image's side. */
  int pools() {
    return (int) convs.stream().filter(Conv::pool).count();
  }

  private static List<Conv> convs(
      ModelConfig config, int[][] blocks, int firstSize, boolean folded) {
    if (config.imageSize() >> blocks.length < 1) {
      throw new IllegalArgumentException(
          "imageSize must be at least "
              + (1 << blocks.length)
              + " for "
              + config.trunk()
              + ", which halves it "
              + blocks.length
              + " times, got "
              + config.imageSize());
    }
    List<Conv> convs = new ArrayList<>();
    int in = config.input().equals("sobel") && !folded ? 2 : inputChannels(config);
    int size = firstSize;
    for (int[] block : blocks) {
      for (int i = 0; i < block.length; i++) {
        int out = block[i] * config.width();
        convs.add(new Conv("conv" + (convs.size() + 1), in, out, size, i == block.length - 1));
        in = out;
      }
      size /= 2;
    }
    return List.copyOf(convs);
  }
}
