package org.deepercluster.stages.image;

/** Something about a JPEG file is wrong or unusual: a decoder that says what has to read it. */
final class FaultyJpegException extends Exception {
  private static final long serialVersionUID = 1;

  FaultyJpegException() {
    super(null, null, false, false);
  }
}
