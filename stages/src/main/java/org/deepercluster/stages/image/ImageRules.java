package org.deepercluster.stages.image;

import java.io.Serializable;

/**
 * Which images of a collection are used.
 *
 * @param decodeTruncated use what is there of a file that ends early
 * @param minSide shortest side in pixels, at least 1
 * @param maxPixels most pixels, checked by the header before anything is decoded
 * @param rejectAnimated reject animations; else their first picture is used
 * @param rejectUniform reject images whose pixels are all of one colour
 */
public record ImageRules(
    boolean decodeTruncated,
    int minSide,
    long maxPixels,
    boolean rejectAnimated,
    boolean rejectUniform)
    implements Serializable {
  /** Takes every image that decodes as a whole. */
  public static final ImageRules ANY =
      new ImageRules(false, 1, ImageCodec.MAX_PIXELS, false, false);
}
