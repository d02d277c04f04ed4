package org.deepercluster.stages.image;

import static org.deepercluster.stages.image.RejectedImageException.Cause.NOT_AN_IMAGE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.TOO_LARGE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.TRUNCATED;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNREADABLE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNSUPPORTED;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.io.EOFException;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * Decodes JPEG and PNG files to 8-bit pixels, the same on every machine with the same JDK.
 * Stateless: any number of threads may call it.
 *
 * <ul>
 *   <li>Grey stays one channel; palettes become RGB.
 *   <li>Transparent pixels are composited on white, by alpha, palette entry or colour key.
 *   <li>1, 2, 4 and 16 bits per sample are scaled to 8, rounded to nearest.
 *   <li>The EXIF orientation of a JPEG is applied, so that width and height are those of the
 *       upright image.
 *   <li>Colour profiles and gamma are ignored: values are taken as they are stored.
 *   <li>Of animated or multi-picture files the first picture is taken.
 * </ul>
 */
public final class ImageCodec {
  /** Largest number of pixels that is decoded unless told otherwise: 8192². */
  public static final long MAX_PIXELS = 1L << 26;

  private ImageCodec() {}

  /** As {@link #decode(byte[], long)}, up to {@link #MAX_PIXELS}. */
  public static Image decode(byte[] file) {
    return decode(file, MAX_PIXELS);
  }

  /**
   * Decodes a file. Its stated sides are checked before any memory is taken for its pixels.
   *
   * @param file all bytes of a JPEG or PNG file
   * @param maxPixels most pixels that are decoded
   * @return the pixels, uint8 HWC
   * @throws RejectedImageException not-an-image, unsupported (other formats; JPEGs that are CMYK,
   *     lossless, arithmetic-coded or of 12 bits), too-large, truncated, unreadable
   */
  public static Image decode(byte[] file, long maxPixels) {
    ImageFormat format = ImageFormat.of(file);
    return switch (format) {
      case JPEG -> decodeJpeg(JpegStream.parse(file), maxPixels);
      case PNG -> decodePng(PngStream.parse(file), maxPixels);
      case NONE ->
          throw new RejectedImageException(
              NOT_AN_IMAGE,
              file.length == 0
                  ? "the file is empty"
                  : "the first bytes are those of no image format");
      default ->
          throw new RejectedImageException(
              UNSUPPORTED, "format " + format + "; JPEG and PNG are read");
    };
  }

  private static Image decodeJpeg(JpegStream jpeg, long maxPixels) {
    checkSize(jpeg.width(), jpeg.height(), maxPixels);
    Raster raster;
    try {
      raster = read("jpeg", jpeg.bytes()).getRaster();
    } catch (RejectedImageException e) {
      if (e.reason() == UNREADABLE && !jpeg.hasEnd()) {
        throw new RejectedImageException(
            TRUNCATED, "the JPEG file has no end marker; " + e.detail(), e);
      }
      throw e;
    }
    if (raster.getNumBands() != jpeg.components()) {
      throw new RejectedImageException(
          UNSUPPORTED,
          "JPEG with " + jpeg.components() + " components decoded to " + raster.getNumBands());
    }
    return upright(interleaved(raster, jpeg.components()), jpeg.orientation());
  }

  private static Image decodePng(PngStream png, long maxPixels) {
    checkSize(png.width(), png.height(), maxPixels);
    BufferedImage decoded = read("png", png.bytes());
    Raster raster = decoded.getRaster();
    boolean plain = png.colourType() == 0 || png.colourType() == 2;
    if (plain && png.bitDepth() == 8 && png.key().length == 0) {
      return interleaved(raster, png.colourType() == 0 ? 1 : 3);
    }
    int w = png.width();
    int h = png.height();
    int max = (1 << png.bitDepth()) - 1;
    int bands = raster.getNumBands();
    int channels = png.colourType() == 0 || png.colourType() == 4 ? 1 : 3;
    IndexColorModel palette =
        png.colourType() == 3 && decoded.getColorModel() instanceof IndexColorModel m ? m : null;
    int expected = png.colourType() == 3 ? 1 : channels + (png.colourType() >= 4 ? 1 : 0);
    if (bands != expected || (png.colourType() == 3 && palette == null)) {
      throw new RejectedImageException(
          UNSUPPORTED,
          "PNG of colour type " + png.colourType() + " decoded to " + bands + " bands");
    }
    byte[] pixels = new byte[w * h * channels];
    int[] row = new int[w * bands];
    int at = 0;
    for (int y = 0; y < h; y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, w, 1, row);
      for (int x = 0; x < w; x++) {
        int i = x * bands;
        if (palette != null) {
          int argb = palette.getRGB(row[i]);
          int alpha = argb >>> 24;
          pixels[at++] = onWhite((argb >> 16) & 0xFF, alpha, 255);
          pixels[at++] = onWhite((argb >> 8) & 0xFF, alpha, 255);
          pixels[at++] = onWhite(argb & 0xFF, alpha, 255);
        } else {
          int alpha = bands > channels ? row[i + channels] : isKey(row, i, png.key()) ? 0 : max;
          for (int c = 0; c < channels; c++) {
            pixels[at++] = onWhite(row[i + c], alpha, max);
          }
        }
      }
    }
    return new Image(w, h, channels, pixels);
  }

  private static boolean isKey(int[] row, int at, int[] key) {
    for (int c = 0; c < key.length; c++) {
      if (row[at + c] != key[c]) {
        return false;
      }
    }
    return key.length > 0;
  }

  /** round(255 · (v·a + max·(max − a)) / max²). */
  private static byte onWhite(int value, int alpha, int max) {
    long square = (long) max * max;
    long mixed = (long) value * alpha + (long) max * (max - alpha);
    return (byte) ((2 * 255 * mixed + square) / (2 * square));
  }

  private static void checkSize(int width, int height, long maxPixels) {
    if ((long) width * height > maxPixels) {
      throw new RejectedImageException(
          TOO_LARGE, width + "×" + height + " pixels; the limit is " + maxPixels);
    }
  }

  private static BufferedImage read(String format, byte[] bytes) {
    ImageReader reader = reader(format);
    String[] fault = {null};
    try {
      reader.addIIOReadWarningListener(
          (source, warning) -> {
            String w = warning.toLowerCase(Locale.ROOT);
            if (w.contains("premature end") || w.contains("truncated")) {
              fault[0] = warning;
            }
          });
      reader.setInput(new ByteArrayStream(bytes), true, true);
      BufferedImage image = reader.read(0);
      if (fault[0] != null) {
        throw new RejectedImageException(TRUNCATED, "the image data ends early: " + fault[0]);
      }
      return image;
    } catch (RejectedImageException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      boolean eof = false;
      for (Throwable t = e; t != null; t = t.getCause()) {
        eof |= t instanceof EOFException;
      }
      throw new RejectedImageException(
          eof ? TRUNCATED : UNREADABLE, "the " + format + " decoder says: " + e.getMessage(), e);
    } finally {
      reader.dispose();
    }
  }

  /** The JDK's own reader, whatever other plug-ins are on the class path. */
  private static ImageReader reader(String format) {
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
    while (readers.hasNext()) {
      ImageReader reader = readers.next();
      if (reader.getClass().getName().startsWith("com.sun.imageio.")) {
        return reader;
      }
    }
    throw new IllegalStateException(
        "this Java has no "
            + format
            + " reader of its own; use a JDK with the module java.desktop");
  }

  private static Image interleaved(Raster raster, int channels) {
    int w = raster.getWidth();
    int h = raster.getHeight();
    byte[] pixels = new byte[w * h * channels];
    if (raster.getSampleModel() instanceof PixelInterleavedSampleModel model
        && raster.getDataBuffer() instanceof DataBufferByte buffer
        && raster.getNumBands() == channels
        && raster.getParent() == null) {
      byte[] data = buffer.getData();
      int[] offsets = model.getBandOffsets();
      int pixelStride = model.getPixelStride();
      int at = 0;
      for (int y = 0; y < h; y++) {
        int from = buffer.getOffset() + y * model.getScanlineStride();
        for (int x = 0; x < w; x++, from += pixelStride) {
          for (int c = 0; c < channels; c++) {
            pixels[at++] = data[from + offsets[c]];
          }
        }
      }
    } else {
      int[] row = new int[w * raster.getNumBands()];
      int at = 0;
      for (int y = 0; y < h; y++) {
        raster.getPixels(raster.getMinX(), raster.getMinY() + y, w, 1, row);
        for (int v : row) {
          pixels[at++] = (byte) v;
        }
      }
    }
    return new Image(w, h, channels, pixels);
  }

  /** Applies EXIF orientation {@code o}: where the coded image's first row and column are shown. */
  static Image upright(Image image, int o) {
    if (o == 1) {
      return image;
    }
    int w = image.width();
    int h = image.height();
    int n = image.channels();
    boolean swapped = o >= 5;
    int outW = swapped ? h : w;
    int outH = swapped ? w : h;
    boolean mirrorX = o == 2 || o == 3 || o == 7 || o == 8;
    boolean mirrorY = o == 3 || o == 4 || o == 6 || o == 7;
    byte[] pixels = new byte[w * h * n];
    int at = 0;
    for (int y = 0; y < outH; y++) {
      for (int x = 0; x < outW; x++) {
        int sx = swapped ? y : x;
        int sy = swapped ? x : y;
        sx = mirrorX ? w - 1 - sx : sx;
        sy = mirrorY ? h - 1 - sy : sy;
        int from = (sy * w + sx) * n;
        for (int c = 0; c < n; c++) {
          pixels[at++] = image.pixels()[from + c];
        }
      }
    }
    return new Image(outW, outH, n, pixels);
  }

  private static final class ByteArrayStream extends ImageInputStreamImpl {
    private final byte[] bytes;

    ByteArrayStream(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public int read() {
      bitOffset = 0;
      return streamPos < bytes.length ? bytes[(int) streamPos++] & 0xFF : -1;
    }

    @Override
    public int read(byte[] b, int off, int len) {
      bitOffset = 0;
      if (streamPos >= bytes.length) {
        return len == 0 ? 0 : -1;
      }
      int n = (int) Math.min(len, bytes.length - streamPos);
      System.arraycopy(bytes, (int) streamPos, b, off, n);
      streamPos += n;
      return n;
    }

    @Override
    public long length() {
      return bytes.length;
    }
  }
}
