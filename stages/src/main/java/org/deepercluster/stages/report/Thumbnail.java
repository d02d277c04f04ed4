package org.deepercluster.stages.report;

import java.io.Serializable;

/**
 * A small picture for the gallery.
 *
 * @param width in pixels
 * @param height in pixels
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param pixels {@code [height][width][channels]}, unsigned bytes, row-major
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content nowhere; copying would double it
public record Thumbnail(int width, int height, int channels, byte[] pixels)
    implements Serializable {
  /**
   * @throws IllegalArgumentException when the sizes do not fit together
   */
  public Thumbnail {
    if (width < 1 || height < 1 || (channels != 1 && channels != 3)) {
      throw new IllegalArgumentException(
          "a thumbnail needs width >= 1, height >= 1 and 1 or 3 channels, got "
              + width
              + "×"
              + height
              + "×"
              + channels);
    }
    if (pixels == null || pixels.length != (long) width * height * channels) {
      throw new IllegalArgumentException(
          "a thumbnail of "
              + width
              + "×"
              + height
              + "×"
              + channels
              + " needs "
              + (long) width * height * channels
              + " bytes, got "
              + (pixels == null ? "null" : pixels.length));
    }
  }

  /** Colour of one pixel as {@code 0xRRGGBB}. */
  int rgb(int x, int y) {
    int at = (y * width + x) * channels;
    if (channels == 1) {
      return (pixels[at] & 0xff) * 0x010101;
    }
    return (pixels[at] & 0xff) << 16 | (pixels[at + 1] & 0xff) << 8 | (pixels[at + 2] & 0xff);
  }
}
