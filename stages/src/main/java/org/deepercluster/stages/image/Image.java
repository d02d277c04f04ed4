package org.deepercluster.stages.image;

import java.util.Arrays;

/**
 * A decoded image: unsigned bytes, row by row from the top, the channels of a pixel side by side
 * (HWC). Equal when sides, channels and all pixels are. The array is not copied: whoever makes an
 * image gives its pixels away.
 *
 * @param width columns, at least 1
 * @param height rows, at least 1
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param pixels uint8[height · width · channels]
 */
@SuppressWarnings("ArrayRecordComponent") // equality is by content, below
public record Image(int width, int height, int channels, byte[] pixels) {
  /** Checks sides, channels and length. */
  public Image {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "image of " + width + "×" + height + " pixels: both sides must be at least 1");
    }
    if (channels != 1 && channels != 3) {
      throw new IllegalArgumentException(
          "image with " + channels + " channels: must be 1 (grey) or 3 (RGB)");
    }
    long length = (long) width * height * channels;
    if (pixels.length != length) {
      throw new IllegalArgumentException(
          "image of "
              + width
              + "×"
              + height
              + "×"
              + channels
              + " needs "
              + length
              + " bytes, got "
              + pixels.length);
    }
  }

  /**
   * The image at 1/scale of its sides, rounded up: means of scale × scale pixels, fewer at the
   * right and lower edges, rounded to nearest.
   */
  public Image shrunk(int scale) {
    if (scale == 1) {
      return this;
    }
    int w = (width + scale - 1) / scale;
    int h = (height + scale - 1) / scale;
    byte[] means = new byte[w * h * channels];
    int at = 0;
    for (int y = 0; y < h; y++) {
      int endY = Math.min(height, (y + 1) * scale);
      for (int x = 0; x < w; x++) {
        int endX = Math.min(width, (x + 1) * scale);
        long count = (long) (endY - y * scale) * (endX - x * scale);
        for (int c = 0; c < channels; c++) {
          long sum = 0;
          for (int v = y * scale; v < endY; v++) {
            for (int u = x * scale; u < endX; u++) {
              sum += at(u, v, c);
            }
          }
          means[at++] = (byte) ((2 * sum + count) / (2 * count));
        }
      }
    }
    return new Image(w, h, channels, means);
  }

  /**
   * One value.
   *
   * @return 0 to 255
   */
  public int at(int x, int y, int channel) {
    return pixels[(y * width + x) * channels + channel] & 0xFF;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Image that
        && width == that.width
        && height == that.height
        && channels == that.channels
        && Arrays.equals(pixels, that.pixels);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * (31 * width + height) + channels) + Arrays.hashCode(pixels);
  }

  @Override
  public String toString() {
    return "Image[" + width + "×" + height + "×" + channels + "]";
  }
}
