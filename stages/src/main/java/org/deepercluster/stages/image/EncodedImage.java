package org.deepercluster.stages.image;

import static org.deepercluster.stages.image.RejectedImageException.Cause.TOO_SMALL;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNIFORM;

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
 * @param perceptualHash {@link PerceptualHash} of it, or null where it has none or nobody asked; no
 *     part of equality
 */
@SuppressWarnings("ArrayRecordComponent") // equality is by content, below
public record EncodedImage(
    String encoding, int width, int height, int channels, byte[] bytes, Long perceptualHash)
    implements Serializable {
  /** What has been let in is decoded again: what is there of it, and however large it is. */
  private static final ImageRules STORED = new ImageRules(true, 1, Long.MAX_VALUE, false, false);

  /** Sides of what is decoded for checks are at least so long, unless the image's are shorter. */
  private static final int SMALL_SIDE = 2 * PerceptualHash.SIDE;

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

  /** As {@link #of(byte[], ImageRules)} with {@link ImageRules#ANY}. */
  public static EncodedImage of(byte[] file) {
    return of(file, ImageRules.ANY);
  }

  /**
   * Takes the bytes of an image file after decoding them once, JPEGs at the scale that suffices, so
   * that what gets in can be decoded later.
   *
   * @throws RejectedImageException as {@link ImageCodec#decode}, or when a rule excludes it
   */
  public static EncodedImage of(byte[] file, ImageRules rules) {
    ImageCodec.Reduced reduced = ImageCodec.coarse(file, SMALL_SIDE, rules);
    int shorter = Math.min(reduced.width(), reduced.height());
    if (shorter < rules.minSide()) {
      throw new RejectedImageException(
          TOO_SMALL,
          reduced.width()
              + "×"
              + reduced.height()
              + " pixels; each side must be at least "
              + rules.minSide());
    }
    Image small = reduced.image();
    if (rules.rejectUniform()
        && isUniform(small)
        && (reduced.scale() == 1 || isUniform(ImageCodec.decode(file, rules)))) {
      throw new RejectedImageException(UNIFORM, "all pixels are of one colour");
    }
    return new EncodedImage(
        ImageFormat.of(file).word(),
        reduced.width(),
        reduced.height(),
        small.channels(),
        file,
        PerceptualHash.of(small));
  }

  private static boolean isUniform(Image image) {
    byte[] pixels = image.pixels();
    for (int i = image.channels(); i < pixels.length; i++) {
      if (pixels[i] != pixels[i - image.channels()]) {
        return false;
      }
    }
    return true;
  }

  /** An image whose perceptual hash nobody asked for. */
  public EncodedImage(String encoding, int width, int height, int channels, byte[] bytes) {
    this(encoding, width, height, channels, bytes, null);
  }

  /** Takes bare pixels. */
  public static EncodedImage raw(Image image) {
    return new EncodedImage(
        "raw",
        image.width(),
        image.height(),
        image.channels(),
        image.pixels(),
        PerceptualHash.of(image));
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
