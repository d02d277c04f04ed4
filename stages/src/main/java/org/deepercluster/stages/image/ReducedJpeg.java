package org.deepercluster.stages.image;

import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.leptonica.PIX;
import org.bytedeco.leptonica.global.lept;

/**
 * JPEG at 1/2, 1/4 or 1/8 of its sides, by inverse DCTs of fewer coefficients: libjpeg-turbo's
 * scaled decoding, which Leptonica brings along. Java's own decoder cannot do that; in turn it says
 * what is wrong with a file, which is why it has the word whenever this one is not content.
 */
final class ReducedJpeg {
  /** Leptonica's level of messages at which it writes none. */
  private static final int SILENT = 6;

  static {
    lept.setMsgSeverity(SILENT);
  }

  private ReducedJpeg() {}

  /**
   * Decodes.
   *
   * @param jpeg of 1 or 3 components
   * @param scale 2, 4 or 8
   * @return ⌈width/scale⌉ × ⌈height/scale⌉ pixels as coded, before orientation; null when anything
   *     about the file is wrong
   */
  static Image decode(JpegStream jpeg, int scale) {
    int[] warnings = {0};
    PIX pix = lept.pixReadMemJpeg(jpeg.bytes(), jpeg.bytes().length, 0, scale, warnings, 0);
    if (pix == null || pix.isNull()) {
      return null;
    }
    try {
      int w = lept.pixGetWidth(pix);
      int h = lept.pixGetHeight(pix);
      int n = jpeg.components();
      if (warnings[0] > 0
          || w != (jpeg.width() + scale - 1) / scale
          || h != (jpeg.height() + scale - 1) / scale
          || lept.pixGetDepth(pix) != (n == 3 ? 32 : 8)) {
        return null;
      }
      // 32-bit words of the machine's order: red in the highest byte, or four grey pixels
      int words = lept.pixGetWpl(pix);
      IntPointer data = lept.pixGetData(pix);
      byte[] pixels = new byte[w * h * n];
      int[] row = new int[words];
      int at = 0;
      for (int y = 0; y < h; y++) {
        data.position((long) y * words).get(row, 0, words);
        for (int x = 0; x < w; x++) {
          if (n == 3) {
            pixels[at++] = (byte) (row[x] >>> 24);
            pixels[at++] = (byte) (row[x] >>> 16);
            pixels[at++] = (byte) (row[x] >>> 8);
          } else {
            pixels[at++] = (byte) (row[x >> 2] >>> (24 - 8 * (x & 3)));
          }
        }
      }
      return new Image(w, h, n, pixels);
    } finally {
      lept.pixDestroy(pix);
    }
  }
}
