package org.deepercluster.stages.model;

import java.io.Serializable;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;

/** The convnet trunk f_θ and the form of its input. */
public record ModelConfig(
    @Key(
            doc =
                "Architecture: `vgg16` (batch norm, 13 convolutions) or `vgg-small` (6 convolutions).",
            symbol = "f_θ",
            def = "vgg16",
            oneOf = {"vgg16", "vgg-small"})
        String trunk,
    @Key(
            doc =
                "Height and width of the network's input, in pixels; at least 32 for `vgg16`, 28 to 64"
                    + " for `vgg-small`.",
            def = "224",
            min = 8,
            max = 1024)
        int imageSize,
    @Key(
            doc =
                "What the first convolution sees: `rgb` (3 channels), `gray` (1), or `sobel` (grey,"
                    + " then the two fixed 3×3 Sobel filters).",
            def = "sobel",
            oneOf = {"rgb", "gray", "sobel"})
        String input,
    @Key(
            doc =
                "Channels of the first block; `vgg16` is published with 64, `vgg-small` here with 16.",
            symbol = "w",
            def = "64",
            min = 1,
            max = 512)
        int width,
    @Key(doc = "Dropout rate between the linear layers.", def = "0.5", min = 0, max = 0.95)
        double dropout)
    implements Serializable {
  /** Checks ranges. */
  public ModelConfig {
    Schema.check(ModelConfig.class, trunk, imageSize, input, width, dropout);
  }

  /** Floating-point operations of one image's forward pass: two per multiplication of a layer. */
  public double operations() {
    Architecture a = Architecture.of(this);
    double products = (double) a.flattened() * a.hidden() + (double) a.hidden() * a.features();
    for (Architecture.Conv c : a.convs()) {
      products += 9.0 * c.in() * c.out() * c.size() * c.size();
    }
    return 2 * products;
  }

  /** Length d of the trunk's output f_θ(x). */
  public int featureDim() {
    return trunk.equals("vgg16") ? 64 * width : 128;
  }
}
