package org.deepercluster.stages.image;

import static org.deepercluster.stages.image.RejectedImageException.Cause.TOO_SMALL;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNIFORM;

/**
 * An image that has passed the rules, and what was seen of it on the way: it is decoded once, JPEGs
 * at the scale that suffices, so that it can be decoded later.
 *
 * @param encoded the image as it is stored
 * @param small the image, at a reduced scale if it is a large JPEG
 */
public record Checked(EncodedImage encoded, Image small) {
  /** Sides of {@link #small} are at least so long, unless those of the image are shorter. */
  public static final int SMALL_SIDE = 64;

  /**
   * Checks a file.
   *
   * @throws RejectedImageException as {@link ImageCodec#decode}, or when a rule excludes it
   */
  public static Checked of(byte[] file, ImageRules rules) {
    ImageCodec.Reduced reduced = ImageCodec.reduced(file, SMALL_SIDE, rules);
    if (Math.min(reduced.width(), reduced.height()) < rules.minSide()) {
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
    return new Checked(
        new EncodedImage(
            ImageFormat.of(file).word(), reduced.width(), reduced.height(), small.channels(), file),
        small);
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
}
