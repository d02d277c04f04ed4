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

  /** The part of an image at reduced scale that this rectangle is of the whole one. */
  CropBox of(ImageCodec.Reduced reduced) {
    int scale = reduced.scale();
    if (scale == 1) {
      return this;
    }
    int left = Math.min(reduced.image().width() - 1, Math.round((float) x / scale));
    int top = Math.min(reduced.image().height() - 1, Math.round((float) y / scale));
    int right = Math.min(reduced.image().width(), Math.round((float) (x + width) / scale));
    int bottom = Math.min(reduced.image().height(), Math.round((float) (y + height) / scale));
    return new CropBox(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
  }
}
