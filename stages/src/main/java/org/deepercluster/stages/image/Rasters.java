package org.deepercluster.stages.image;

import static org.deepercluster.stages.image.RejectedImageException.Cause.UNSUPPORTED;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/** From what Java's readers give to bytes, composited on white, or as {@link Transparency} says. */
final class Rasters {
  private Rasters() {}

  /**
   * The pixels of a decoded picture; of a palette of greys alone, one channel. Samples of other
   * than 8 bits are scaled to 0..255 and rounded to nearest.
   *
   * @throws RejectedImageException for samples that are no integers of at most 16 bits, and for
   *     other colours than grey, RGB and CMYK
   */
  static Image of(BufferedImage picture) {
    ColorModel model = picture.getColorModel();
    Raster raster = picture.getRaster();
    int w = raster.getWidth();
    int h = raster.getHeight();
    int bands = raster.getNumBands();
    if (model instanceof IndexColorModel palette) {
      return ofPalette(raster, palette);
    }
    int type = raster.getTransferType();
    int space = model.getColorSpace().getType();
    int colours = model.getNumColorComponents();
    if (type == DataBuffer.TYPE_FLOAT || type == DataBuffer.TYPE_DOUBLE) {
      throw new RejectedImageException(UNSUPPORTED, "samples are floating-point numbers");
    }
    boolean grey = space == ColorSpace.TYPE_GRAY && colours == 1;
    boolean rgb = space == ColorSpace.TYPE_RGB && colours == 3;
    boolean cmyk = space == ColorSpace.TYPE_CMYK && colours == 4;
    if (!grey && !rgb && !cmyk) {
      throw new RejectedImageException(
          UNSUPPORTED, "colours of " + colours + " components that are neither grey, RGB nor CMYK");
    }
    boolean alpha = model.hasAlpha() && bands > colours;
    int[] max = new int[bands];
    for (int b = 0; b < bands; b++) {
      int bits = raster.getSampleModel().getSampleSize(b);
      if (bits > 16) {
        throw new RejectedImageException(
            UNSUPPORTED, "samples of " + bits + " bits; up to 16 are read");
      }
      max[b] = (1 << bits) - 1;
    }
    int channels = grey ? 1 : 3;
    byte[] pixels = new byte[w * h * channels];
    Transparency transparency = new Transparency(w * h);
    int[] row = new int[w * bands];
    int at = 0;
    for (int y = 0; y < h; y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, w, 1, row);
      for (int x = 0; x < w; x++) {
        int i = x * bands;
        int a = alpha ? to8(row[i + colours], max[colours]) : 255;
        transparency.set(y * w + x, a, 255);
        int key = cmyk ? 255 - to8(row[i + 3], max[3]) : 0;
        for (int c = 0; c < channels; c++) {
          int v = to8(row[i + c], max[c]);
          if (cmyk) {
            v = product(255 - v, key);
          }
          if (a < 255) {
            v = model.isAlphaPremultiplied() ? Math.min(255, v + 255 - a) : onWhite(v, a);
          }
          pixels[at++] = (byte) v;
        }
      }
    }
    return transparency.onGround(new Image(w, h, channels, pixels));
  }

  private static Image ofPalette(Raster raster, IndexColorModel palette) {
    int w = raster.getWidth();
    int h = raster.getHeight();
    byte[] table = new byte[3 * palette.getMapSize()];
    boolean grey = true;
    for (int i = 0; i < palette.getMapSize(); i++) {
      int a = palette.getAlpha(i);
      table[3 * i] = (byte) onWhite(palette.getRed(i), a);
      table[3 * i + 1] = (byte) onWhite(palette.getGreen(i), a);
      table[3 * i + 2] = (byte) onWhite(palette.getBlue(i), a);
      grey &= table[3 * i] == table[3 * i + 1] && table[3 * i] == table[3 * i + 2];
    }
    int channels = grey ? 1 : 3;
    byte[] pixels = new byte[w * h * channels];
    Transparency transparency = new Transparency(w * h);
    int[] row = new int[w];
    int at = 0;
    for (int y = 0; y < h; y++) {
      raster.getSamples(raster.getMinX(), raster.getMinY() + y, w, 1, 0, row);
      for (int x = 0; x < w; x++) {
        int entry = Math.min(row[x], palette.getMapSize() - 1);
        transparency.set(y * w + x, palette.getAlpha(entry), 255);
        for (int c = 0; c < channels; c++) {
          pixels[at++] = table[3 * entry + c];
        }
      }
    }
    return transparency.onGround(new Image(w, h, channels, pixels));
  }

  /** The picture at its place on a white screen. */
  static Image onScreen(Image picture, int width, int height, int left, int top) {
    if (left == 0 && top == 0 && width == picture.width() && height == picture.height()) {
      return picture;
    }
    int n = picture.channels();
    byte[] pixels = new byte[width * height * n];
    java.util.Arrays.fill(pixels, (byte) 255);
    int columns = Math.min(picture.width(), width - left);
    for (int y = 0; y < Math.min(picture.height(), height - top) && columns > 0; y++) {
      System.arraycopy(
          picture.pixels(),
          y * picture.width() * n,
          pixels,
          ((top + y) * width + left) * n,
          columns * n);
    }
    return new Image(width, height, n, pixels);
  }

  /**
   * A JPEG's four components as RGB. They are taken as stored inverted, which is Adobe's convention
   * and that of nearly all such files: R = C · K.
   *
   * @param ycck whether the first three are YCbCr of the complement of CMY, by ITU-R BT.601
   */
  static Image ofCmyk(Raster raster, boolean ycck) {
    int w = raster.getWidth();
    int h = raster.getHeight();
    byte[] pixels = new byte[w * h * 3];
    int[] row = new int[w * 4];
    int at = 0;
    for (int y = 0; y < h; y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, w, 1, row);
      for (int x = 0; x < w; x++) {
        int i = 4 * x;
        int c = row[i];
        int m = row[i + 1];
        int yellow = row[i + 2];
        if (ycck) {
          double luma = row[i];
          double cb = row[i + 1] - 128;
          double cr = row[i + 2] - 128;
          // libjpeg's YCCK: CMY is the complement of the RGB that YCbCr gives
          c = 255 - clip(luma + 1.402 * cr);
          m = 255 - clip(luma - 0.344136 * cb - 0.714136 * cr);
          yellow = 255 - clip(luma + 1.772 * cb);
        }
        int k = row[i + 3];
        pixels[at++] = (byte) product(c, k);
        pixels[at++] = (byte) product(m, k);
        pixels[at++] = (byte) product(yellow, k);
      }
    }
    return new Image(w, h, 3, pixels);
  }

  private static int clip(double v) {
    return (int) Math.max(0, Math.min(255, Math.rint(v)));
  }

  private static int to8(int value, int max) {
    return max == 255 ? value : (2 * 255 * value + max) / (2 * max);
  }

  /** round(a · b / 255). */
  private static int product(int a, int b) {
    return (2 * a * b + 255) / 510;
  }

  /** round((v · a + 255 · (255 − a)) / 255). */
  private static int onWhite(int value, int alpha) {
    return (2 * (value * alpha + 255 * (255 - alpha)) + 255) / 510;
  }
}
