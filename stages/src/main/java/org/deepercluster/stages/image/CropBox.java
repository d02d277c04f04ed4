package org.deepercluster.stages.image;

import java.io.Serializable;

/**
 * A rectangle of an image, in pixels.
 *
 * @param x left column, from 0
 * @param y top row, from 0
 * @param width columns, at least 1
 * @param height rows, at least 1
 */
public record CropBox(int x, int y, int width, int height) implements Serializable {
  /** Checks that the rectangle has an area and starts at or after 0. */
  public CropBox {
    if (x < 0 || y < 0 || width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "crop box at ("
              + x
              + ", "
              + y
              + ") of "
              + width
              + "×"
              + height
              + " pixels: the corner must be at least 0, the sides at least 1");
    }
  }

  /** The whole of {@code image}. */
  public static CropBox whole(Image image) {
    return new CropBox(0, 0, image.width(), image.height());
  }
}
