package org.deepercluster.stages.report;

import org.deepercluster.stages.image.CropBox;
import org.deepercluster.stages.image.Image;

/** Small pictures of images. */
final class Thumbnails {
  private Thumbnails() {}

  /**
   * A picture of at most {@code side} pixels a side, by averaging over areas; smaller images stay
   * as they are.
   */
  static Thumbnail of(Image image, CropBox crop, int side) {
    int longer = Math.max(crop.width(), crop.height());
    int w = longer <= side ? crop.width() : Math.max(1, crop.width() * side / longer);
    int h = longer <= side ? crop.height() : Math.max(1, crop.height() * side / longer);
    byte[] out = new byte[w * h * image.channels()];
    for (int y = 0; y < h; y++) {
      int y0 = crop.y() + y * crop.height() / h;
      int y1 = Math.max(y0 + 1, crop.y() + (y + 1) * crop.height() / h);
      for (int x = 0; x < w; x++) {
        int x0 = crop.x() + x * crop.width() / w;
        int x1 = Math.max(x0 + 1, crop.x() + (x + 1) * crop.width() / w);
        for (int c = 0; c < image.channels(); c++) {
          long sum = 0;
          for (int v = y0; v < y1; v++) {
            for (int u = x0; u < x1; u++) {
              sum += image.at(u, v, c);
            }
          }
          int area = (y1 - y0) * (x1 - x0);
          out[(y * w + x) * image.channels() + c] = (byte) ((sum + area / 2) / area);
        }
      }
    }
    return new Thumbnail(w, h, image.channels(), out);
  }
}
