package org.deepercluster.stages.image;

/** Some bytes are not an image that can be used; says why in one word and one sentence. */
public final class RejectedImageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why an image was rejected; {@link #word()} is what stands in the table of rejects. */
  public enum Cause {
    /** The file cannot be read, or its bytes contradict its format. */
    UNREADABLE("unreadable"),
    /** The file ends before the image does. */
    TRUNCATED("truncated"),
    /** The first bytes are those of no known image format. */
    NOT_AN_IMAGE("not-an-image"),
    /** More pixels or bytes than the limit. */
    TOO_LARGE("too-large"),
    /** A side shorter than the limit. */
    TOO_SMALL("too-small"),
    /** More than one picture, where that is not wanted. */
    ANIMATED("animated"),
    /** All pixels are of one colour. */
    UNIFORM("uniform"),
    /** An image, but of a format or variant that is not read here. */
    UNSUPPORTED("unsupported"),
    /** An archive's entry that is not a file of its own below the archive's root. */
    UNSAFE("unsafe");

    private final String word;

    Cause(String word) {
      this.word = word;
    }

    /** Lower-case word with hyphens. */
    public String word() {
      return word;
    }
  }

  private final Cause reason;
  private final String detail;
  private final ImageFormat format;

  /**
   * A rejection.
   *
   * @param reason why
   * @param detail one sentence with the values at fault
   */
  public RejectedImageException(Cause reason, String detail) {
    this(reason, detail, ImageFormat.NONE, null);
  }

  RejectedImageException(Cause reason, String detail, Throwable because) {
    this(reason, detail, ImageFormat.NONE, because);
  }

  private RejectedImageException(
      Cause reason, String detail, ImageFormat format, Throwable because) {
    super(reason.word() + ": " + detail, because);
    this.reason = reason;
    this.detail = detail;
    this.format = format;
  }

  /** The same, of a file that begins as {@code found}. */
  public RejectedImageException of(ImageFormat found) {
    return new RejectedImageException(reason, detail, found, this);
  }

  /** What the file begins as, as far as known. */
  public ImageFormat format() {
    return format;
  }

  /** Why, as a word of the list. */
  public Cause reason() {
    return reason;
  }

  /** Why, as a sentence. */
  public String detail() {
    return detail;
  }
}
