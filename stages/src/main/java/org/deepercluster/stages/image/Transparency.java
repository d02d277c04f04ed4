package org.deepercluster.stages.image;

import java.util.Arrays;

/**
 * How transparent the pixels of a picture are, and the ground that it is composited on: white; or
 * black, where the values of each channel on white are all within {@value #CONTRAST} of each other
 * and further apart on black. White symbols on a transparent ground keep their shapes so.
 *
 * <p>With alpha a of 0 to 255, a value on black is the one on white less 255 − a.
 */
final class Transparency {
  /** An eighth of the range: symbols of light grey, too, can hardly be told from white. */
  private static final int CONTRAST = 31;

  private final int pixels;
  private byte[] alpha;

  /** No pixel is transparent yet. */
  Transparency(int pixels) {
    this.pixels = pixels;
  }

  /**
   * Notes a pixel.
   *
   * @param pixel row by row
   * @param value 0 transparent, {@code max} opaque
   */
  void set(int pixel, int value, int max) {
    if (value == max) {
      return;
    }
    if (alpha == null) {
      alpha = new byte[pixels];
      Arrays.fill(alpha, (byte) 255);
    }
    alpha[pixel] = (byte) ((2 * 255 * value + max) / (2 * max));
  }

  /** The picture on the ground that is right for it. */
  Image onGround(Image onWhite) {
    if (alpha == null) {
      return onWhite;
    }
    int contrast = contrast(onWhite);
    if (contrast > CONTRAST) {
      return onWhite;
    }
    int n = onWhite.channels();
    byte[] dark = new byte[n * pixels];
    for (int i = 0; i < dark.length; i++) {
      int v = (onWhite.pixels()[i] & 0xFF) - 255 + (alpha[i / n] & 0xFF);
      dark[i] = (byte) Math.max(0, v); // rounding of 16 bits
    }
    Image onBlack = new Image(onWhite.width(), onWhite.height(), n, dark);
    return contrast(onBlack) > contrast ? onBlack : onWhite;
  }

  /** Largest distance of two values of one channel. */
  private static int contrast(Image image) {
    int most = 0;
    for (int c = 0; c < image.channels(); c++) {
      int low = 255;
      int high = 0;
      for (int i = c; i < image.pixels().length; i += image.channels()) {
        low = Math.min(low, image.pixels()[i] & 0xFF);
        high = Math.max(high, image.pixels()[i] & 0xFF);
      }
      most = Math.max(most, high - low);
    }
    return most;
  }
}
