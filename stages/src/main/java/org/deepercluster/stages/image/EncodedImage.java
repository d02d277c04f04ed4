package org.deepercluster.stages.image;

import java.io.Serializable;
import java.util.Arrays;

/**
 * An image as it is stored: the bytes of its file, or bare pixels, with the sides and channels that
 * decoding gives.
 *
 * @param encoding {@code jpeg}, {@code png}, or {@code raw} (pixels as in {@link Image})
 * @param width columns of the decoded image, after its EXIF orientation
 * @param height rows of the decoded image, after its EXIF orientation
 * @param channels 1 or 3
 * @param bytes the file, or uint8[height · width · channels]
 */
@SuppressWarnings("ArrayRecordComponent") // equality is by content, below
public record EncodedImage(String encoding, int width, int height, int channels, byte[] bytes)
    implements Serializable {
  /** Checks the encoding's name. */
  public EncodedImage {
    if (!encoding.equals("jpeg") && !encoding.equals("png") && !encoding.equals("raw")) {
      throw new IllegalArgumentException(
          "encoding '" + encoding + "': must be one of jpeg, png, raw");
    }
  }

  /** As {@link #of(byte[], ImageRules)}, whatever its sides. */
  public static EncodedImage of(byte[] file) {
    return of(file, new ImageRules(1, ImageCodec.MAX_PIXELS));
  }

  /**
   * Takes the bytes of an image file after decoding them once, so that what gets in can be decoded
   * later.
   *
   * @throws RejectedImageException as {@link ImageCodec#decode}, or when the rules exclude it
   */
  public static EncodedImage of(byte[] file, ImageRules rules) {
    Image image = ImageCodec.decode(file, rules.maxPixels());
    if (Math.min(image.width(), image.height()) < rules.minSide()) {
      throw new RejectedImageException(
          RejectedImageException.Cause.TOO_SMALL,
          image.width()
              + "×"
              + image.height()
              + " pixels; each side must be at least "
              + rules.minSide());
    }
    return new EncodedImage(
        ImageFormat.of(file).word(), image.width(), image.height(), image.channels(), file);
  }

  /** Takes bare pixels. */
  public static EncodedImage raw(Image image) {
    return new EncodedImage("raw", image.width(), image.height(), image.channels(), image.pixels());
  }

  /**
   * The pixels.
   *
   * @throws RejectedImageException as {@link ImageCodec#decode}; for {@code raw}, unreadable when
   *     the number of bytes does not fit the sides
   */
  public Image decode() {
    if (!encoding.equals("raw")) {
      return ImageCodec.decode(bytes);
    }
    try {
      return new Image(width, height, channels, bytes);
    } catch (IllegalArgumentException e) {
      throw new RejectedImageException(RejectedImageException.Cause.UNREADABLE, e.getMessage(), e);
    }
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof EncodedImage that
        && encoding.equals(that.encoding)
        && width == that.width
        && height == that.height
        && channels == that.channels
        && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * (31 * width + height) + channels) + Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return "EncodedImage["
        + encoding
        + ", "
        + width
        + "×"
        + height
        + "×"
        + channels
        + ", "
        + bytes.length
        + " bytes]";
  }
}
