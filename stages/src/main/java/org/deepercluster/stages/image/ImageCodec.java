package org.deepercluster.stages.image;

import static org.deepercluster.stages.image.RejectedImageException.Cause.ANIMATED;
import static org.deepercluster.stages.image.RejectedImageException.Cause.NOT_AN_IMAGE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.TOO_LARGE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.TRUNCATED;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNREADABLE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNSUPPORTED;

import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
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
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * Decodes image files to 8-bit pixels: {@link ImageFormat#JPEG}, {@link ImageFormat#PNG}, {@link
 * ImageFormat#GIF}, {@link ImageFormat#BMP}, {@link ImageFormat#WEBP}, {@link ImageFormat#TIFF};
 * the same on every machine with the same JDK. Stateless: any number of threads may call it.
 *
 * <ul>
 *   <li>Grey stays one channel; CMYK and palettes become RGB (but one channel where a GIF, BMP or
 *       TIFF has a palette of greys).
 *   <li>Transparent pixels, by alpha, palette entry or colour key, are composited on white; on
 *       black where little or nothing could be seen on white ({@link Transparency}).
 *   <li>Up to 16 bits per sample are scaled to 8, rounded to nearest.
 *   <li>The EXIF orientation of a JPEG is applied, so that width and height are those of the
 *       upright image.
 *   <li>Colour profiles and gamma are ignored: values are taken as they are stored. CMYK is
 *       multiplied: R = (1 − C)(1 − K); JPEGs are taken to store it inverted, as Adobe's do.
 *   <li>Of animated or multi-picture files the first picture is taken, a GIF's at its place on a
 *       white screen.
 * </ul>
 *
 * <p>JPEG, PNG, GIF and BMP are read by the JDK, WebP and TIFF by TwelveMonkeys ImageIO (pure Java:
 * the files come from anywhere), JPEG at reduced scale by {@link ReducedJpeg}.
 */
public final class ImageCodec {
  /** Largest number of pixels that is decoded unless told otherwise: 8192². */
  public static final long MAX_PIXELS = 1L << 26;

  /** The decoder of lossy WebP takes some 50 bytes of memory per pixel. */
  private static final long MAX_LOSSY_WEBP_PIXELS = 1L << 24;

  private ImageCodec() {}

  /**
   * An image at a reduced scale.
   *
   * @param image ⌈width/scale⌉ × ⌈height/scale⌉ pixels, upright
   * @param width columns of the whole, upright image
   * @param height rows of the whole, upright image
   * @param scale 1, 2, 4 or 8
   */
  public record Reduced(Image image, int width, int height, int scale) {}

  /** As {@link #decode(byte[], ImageRules)} with {@link ImageRules#ANY}. */
  public static Image decode(byte[] file) {
    return decode(file, ImageRules.ANY);
  }

  /**
   * Decodes a file. Its stated sides are checked before any memory is taken for its pixels.
   *
   * @param file all bytes of an image file
   * @param rules of these, all but the shortest side and the colours
   * @return the pixels, uint8 HWC
   * @throws RejectedImageException not-an-image, unsupported (other formats; JPEGs that are
   *     lossless, arithmetic-coded or of 12 bits), too-large, animated, truncated, unreadable
   */
  public static Image decode(byte[] file, ImageRules rules) {
    return reduced(file, Integer.MAX_VALUE, rules).image();
  }

  /**
   * Decodes a file at the smallest scale that leaves both sides at least {@code side} pixels long.
   * Only JPEGs are reduced, by inverse DCTs of 4×4, 2×2 or 1×1 coefficients, which costs a fraction
   * of the time.
   *
   * @throws RejectedImageException as {@link #decode}
   */
  public static Reduced reduced(byte[] file, int side, ImageRules rules) {
    return reduced(file, side, rules, false);
  }

  /** As {@link #reduced}, faster: chroma of a JPEG may have half or a quarter of the resolution. */
  static Reduced coarse(byte[] file, int side, ImageRules rules) {
    return reduced(file, side, rules, true);
  }

  private static Reduced reduced(byte[] file, int side, ImageRules rules, boolean coarse) {
    ImageFormat format = ImageFormat.of(file);
    Image image =
        switch (format) {
          case JPEG -> null;
          case PNG -> decodePng(PngStream.parse(file, !rules.decodeTruncated()), rules);
          case GIF -> decodeGif(GifStream.parse(file), rules);
          case BMP -> Rasters.of(read(jdkReader("bmp"), file, rules));
          case WEBP -> decodeWebp(file, rules);
          case TIFF ->
              Rasters.of(read(new TIFFImageReaderSpi().createReaderInstance(null), file, rules));
          case NONE ->
              throw new RejectedImageException(
                  NOT_AN_IMAGE,
                  file.length == 0
                      ? "the file is empty"
                      : "the first bytes are those of no image format");
          default ->
              throw new RejectedImageException(
                  UNSUPPORTED,
                  "format " + format + "; JPEG, PNG, GIF, BMP, WebP and TIFF are read");
        };
    return image == null
        ? decodeJpeg(JpegStream.parse(file), side, rules, coarse)
        : new Reduced(image, image.width(), image.height(), 1);
  }

  private static Reduced decodeJpeg(JpegStream jpeg, int side, ImageRules rules, boolean coarse) {
    checkSize(jpeg.width(), jpeg.height(), rules);
    int scale = jpeg.components() == 4 ? 1 : 8;
    while (scale > 1 && (Math.min(jpeg.width(), jpeg.height()) + scale - 1) / scale < side) {
      scale /= 2;
    }
    // A file without an end marker is judged by the decoder that says what is wrong.
    Image image = scale > 1 && jpeg.hasEnd() ? ReducedJpeg.decode(jpeg, scale, coarse) : null;
    if (image == null) {
      image = wholeJpeg(jpeg, rules).shrunk(scale);
    }
    boolean swapped = jpeg.orientation() >= 5;
    return new Reduced(
        upright(image, jpeg.orientation()),
        swapped ? jpeg.height() : jpeg.width(),
        swapped ? jpeg.width() : jpeg.height(),
        scale);
  }

  private static Image wholeJpeg(JpegStream jpeg, ImageRules rules) {
    byte[] bytes = rules.decodeTruncated() ? jpeg.closed() : jpeg.bytes();
    Raster raster;
    try {
      raster =
          jpeg.components() == 4
              ? readRaster(jdkReader("jpeg"), bytes, rules)
              : read(jdkReader("jpeg"), bytes, rules).getRaster();
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
    return jpeg.components() == 4
        ? Rasters.ofCmyk(raster, jpeg.adobeTransform() == 2)
        : interleaved(raster, jpeg.components());
  }

  private static Image decodeGif(GifStream gif, ImageRules rules) {
    if (gif.width() == 0 || gif.height() == 0) {
      throw new RejectedImageException(
          UNREADABLE, "the GIF header states " + gif.width() + "×" + gif.height() + " pixels");
    }
    checkSize(gif.width(), gif.height(), rules);
    checkAnimated(gif.animated(), rules);
    if (gif.cut() && !rules.decodeTruncated()) {
      throw new RejectedImageException(
          TRUNCATED, "the GIF file ends before its first picture does");
    }
    Image picture = Rasters.of(read(jdkReader("gif"), gif.bytes(), rules));
    return Rasters.onScreen(picture, gif.width(), gif.height(), gif.left(), gif.top());
  }

  private static Image decodeWebp(byte[] file, ImageRules rules) {
    boolean extended = file.length > 20 && file[12] == 'V' && file[15] == 'X';
    checkAnimated(extended && (file[20] & 2) != 0, rules);
    long length = 8;
    for (int i = 3; i >= 0; i--) {
      length += (file[4 + i] & 0xFFL) << (8 * i);
    }
    if (length > file.length && !rules.decodeTruncated()) {
      throw new RejectedImageException(
          TRUNCATED, "the WebP file has " + file.length + " of " + length + " bytes");
    }
    if (WebpFrame.chunks(file, 12, file.length) > file.length + 1L && !rules.decodeTruncated()) {
      throw new RejectedImageException(TRUNCATED, "the WebP file ends before its picture does");
    }
    for (WebpFrame frame : WebpFrame.of(file)) {
      checkSize(frame.width(), frame.height(), rules);
      if (frame.lossy() && (long) frame.width() * frame.height() > MAX_LOSSY_WEBP_PIXELS) {
        throw new RejectedImageException(
            TOO_LARGE,
            "lossy WebP of "
                + frame.width()
                + "×"
                + frame.height()
                + " pixels; the limit is "
                + MAX_LOSSY_WEBP_PIXELS);
      }
    }
    return Rasters.of(read(new WebPImageReaderSpi().createReaderInstance(null), file, rules));
  }

  private static void checkAnimated(boolean animated, ImageRules rules) {
    if (animated && rules.rejectAnimated()) {
      throw new RejectedImageException(ANIMATED, "the file holds more than one picture");
    }
  }

  private static Image decodePng(PngStream png, ImageRules rules) {
    checkSize(png.width(), png.height(), rules);
    checkAnimated(png.animated(), rules);
    BufferedImage decoded = read(jdkReader("png"), png.bytes(), rules);
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
    Transparency transparency = new Transparency(w * h);
    int[] row = new int[w * bands];
    int at = 0;
    for (int y = 0; y < h; y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, w, 1, row);
      for (int x = 0; x < w; x++) {
        int i = x * bands;
        if (palette != null) {
          int argb = palette.getRGB(row[i]);
          int alpha = argb >>> 24;
          transparency.set(y * w + x, alpha, 255);
          pixels[at++] = onWhite((argb >> 16) & 0xFF, alpha, 255);
          pixels[at++] = onWhite((argb >> 8) & 0xFF, alpha, 255);
          pixels[at++] = onWhite(argb & 0xFF, alpha, 255);
        } else {
          int alpha = bands > channels ? row[i + channels] : isKey(row, i, png.key()) ? 0 : max;
          transparency.set(y * w + x, alpha, max);
          for (int c = 0; c < channels; c++) {
            pixels[at++] = onWhite(row[i + c], alpha, max);
          }
        }
      }
    }
    return transparency.onGround(new Image(w, h, channels, pixels));
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

  private static void checkSize(int width, int height, ImageRules rules) {
    if ((long) width * height > rules.maxPixels()) {
      throw new RejectedImageException(
          TOO_LARGE, width + "×" + height + " pixels; the limit is " + rules.maxPixels());
    }
  }

  /** What a reader does once it has its input. */
  private interface Reading<T> {
    T read(ImageReader reader) throws IOException;
  }

  private static BufferedImage read(ImageReader reader, byte[] bytes, ImageRules rules) {
    return reading(
        reader,
        bytes,
        rules,
        r -> {
          if (!rules.decodeTruncated()) {
            return r.read(0);
          }
          // What was decoded before the end is in the picture that we hold.
          ImageReadParam into = r.getDefaultReadParam();
          BufferedImage picture =
              r.getImageTypes(0).next().createBufferedImage(r.getWidth(0), r.getHeight(0));
          into.setDestination(picture);
          try {
            r.read(0, into);
          } catch (IOException e) {
            if (!isEarlyEnd(e)) {
              throw e;
            }
          }
          return picture;
        });
  }

  private static Raster readRaster(ImageReader reader, byte[] bytes, ImageRules rules) {
    return reading(reader, bytes, rules, r -> r.readRaster(0, null));
  }

  private static <T> T reading(
      ImageReader reader, byte[] bytes, ImageRules rules, Reading<T> reading) {
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
      checkSize(reader.getWidth(0), reader.getHeight(0), rules);
      T result = reading.read(reader);
      if (fault[0] != null && !rules.decodeTruncated()) {
        throw new RejectedImageException(TRUNCATED, "the image data ends early: " + fault[0]);
      }
      return result;
    } catch (RejectedImageException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new RejectedImageException(
          isEarlyEnd(e) ? TRUNCATED : UNREADABLE, "the decoder says: " + e.getMessage(), e);
    } finally {
      reader.dispose();
    }
  }

  private static boolean isEarlyEnd(Exception e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof EOFException) {
        return true;
      }
    }
    return false;
  }

  /** The JDK's own reader, whatever other plug-ins are on the class path. */
  private static ImageReader jdkReader(String format) {
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

  /** The bytes of a file; refuses a decoder that a damaged file leads in circles. */
  private static final class ByteArrayStream extends ImageInputStreamImpl {
    /** Reads per byte of the file: a decoder needs a few. */
    private static final int MAX_READS = 64;

    private final byte[] bytes;
    private long readsLeft;

    ByteArrayStream(byte[] bytes) {
      this.bytes = bytes;
      this.readsLeft = (long) MAX_READS * (bytes.length + 4096);
    }

    private void countRead() throws IOException {
      if (--readsLeft < 0) {
        throw new IOException("the same bytes are read again and again");
      }
    }

    @Override
    public int read() throws IOException {
      countRead();
      bitOffset = 0;
      return streamPos < bytes.length ? bytes[(int) streamPos++] & 0xFF : -1;
    }

    @Override
    public int read(byte[] b, int off, int len) throws IOException {
      countRead();
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
