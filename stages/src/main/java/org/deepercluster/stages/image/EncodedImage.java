package org.deepercluster.stages.image;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * An image as it is stored: the bytes of its file, or bare pixels, with the sides and channels that
 * decoding gives.
 *
 * @param encoding {@link ImageFormat#word} of a format that is read, or {@code raw} (pixels as in
 *     {@link Image})
 * @param width columns of the decoded image, after its EXIF orientation
 * @param height rows of the decoded image, after its EXIF orientation
 * @param channels 1 or 3
 * @param bytes the file, or uint8[height · width · channels]
 */
@SuppressWarnings("ArrayRecordComponent") // equality is by content, below
public record EncodedImage(String encoding, int width, int height, int channels, byte[] bytes)
    implements Serializable {
  /** What has been let in is decoded again: what is there of it, and however large it is. */
  private static final ImageRules STORED = new ImageRules(true, 1, Long.MAX_VALUE, false, false);

  private static final List<String> ENCODINGS =
      Stream.concat(
              Arrays.stream(ImageFormat.values())
                  .filter(ImageFormat::isRead)
                  .map(ImageFormat::word),
              Stream.of("raw"))
          .toList();

  /** Checks the encoding's name. */
  public EncodedImage {
    if (!ENCODINGS.contains(encoding)) {
      throw new IllegalArgumentException(
          "encoding '" + encoding + "': must be one of " + String.join(", ", ENCODINGS));
    }
  }

  /** The image of {@link Checked#of} with {@link ImageRules#ANY}. */
  public static EncodedImage of(byte[] file) {
    return Checked.of(file, ImageRules.ANY).encoded();
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
    return decode(Integer.MAX_VALUE).image();
  }

  /**
   * The pixels at the smallest scale that leaves both sides at least {@code side} pixels long.
   *
   * @throws RejectedImageException as {@link #decode()}
   */
  public ImageCodec.Reduced decode(int side) {
    return encoding.equals("raw")
        ? new ImageCodec.Reduced(raw(), width, height, 1)
        : ImageCodec.reduced(bytes, side, STORED);
  }

  private Image raw() {
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
