package org.deepercluster.stages.ingest;

import java.io.Serializable;
import java.util.List;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.ImageFormat;
import org.deepercluster.stages.image.RejectedImageException;

/**
 * One candidate of a collection: an image that decodes, or the reason why it is rejected.
 *
 * @param id 32 hexadecimal digits that depend on the name within the collection alone
 * @param uri where it is, for people
 * @param labels its classes; empty without any
 * @param image the image, or null when rejected
 * @param rejection the reason, or null when accepted
 */
public record SourceImage(
    String id, String uri, List<Label> labels, EncodedImage image, Rejection rejection)
    implements Serializable {
  /**
   * A row of the table of rejects.
   *
   * @param cause word of {@link RejectedImageException.Cause}
   * @param detail one sentence
   * @param format {@link ImageFormat#word} of what the file begins as, or {@code none}
   */
  public record Rejection(String cause, String detail, String format) implements Serializable {
    static Rejection of(RejectedImageException e) {
      return new Rejection(e.reason().word(), e.detail(), e.format().word());
    }

    /** Without a look at the bytes. */
    static Rejection of(RejectedImageException.Cause cause, String detail) {
      return new Rejection(cause.word(), detail, ImageFormat.NONE.word());
    }
  }

  /** Checks that there is either an image or a reason. */
  public SourceImage {
    labels = List.copyOf(labels);
    if ((image == null) == (rejection == null)) {
      throw new IllegalArgumentException(uri + ": needs either an image or a rejection");
    }
  }

  static SourceImage accepted(String id, String uri, List<Label> labels, EncodedImage image) {
    return new SourceImage(id, uri, labels, image, null);
  }

  static SourceImage rejected(String id, String uri, List<Label> labels, RejectedImageException e) {
    return new SourceImage(id, uri, labels, null, Rejection.of(e));
  }
}
