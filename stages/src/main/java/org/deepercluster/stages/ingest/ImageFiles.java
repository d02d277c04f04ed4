package org.deepercluster.stages.ingest;

import static org.deepercluster.stages.image.RejectedImageException.Cause.NOT_AN_IMAGE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.TOO_LARGE;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.ImageFormat;
import org.deepercluster.stages.image.ImageRules;
import org.deepercluster.stages.image.RejectedImageException;

/**
 * What becomes of a file, whatever collection it is in: an image, a rejected candidate, or nothing.
 *
 * <p>The first bytes decide: formats that are read are decoded; other image formats are rejected as
 * unsupported. Of the rest, files that are named like images are rejected as not being any, so that
 * a broken download does not disappear; all others are skipped.
 *
 * @param rules which images are used
 */
record ImageFiles(ImageRules rules) implements Serializable {
  /** Largest file that is read: 256 MiB. */
  static final int MAX_FILE_BYTES = 1 << 28;

  private static final Set<String> SUFFIXES =
      Set.of(
          "jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "dib", "tif", "tiff", "webp", "heic",
          "heif", "avif", "jp2", "jxl", "psd");

  /** True when the name ends like an image's. */
  static boolean isNamedLikeAnImage(String name) {
    int dot = name.lastIndexOf('.');
    return dot >= 0 && SUFFIXES.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
  }

  /**
   * False for a file to skip.
   *
   * @param head the file, or at least its first {@link ImageFormat#HEAD_BYTES} bytes
   * @param name its name, of which only the suffix counts
   */
  static boolean isCandidate(byte[] head, String name) {
    return ImageFormat.of(head) != ImageFormat.NONE || isNamedLikeAnImage(name);
  }

  /**
   * Reads a file as far as it must be.
   *
   * @param name its name, of which only the suffix counts
   * @param in its bytes from the first; not closed
   * @return null to skip it
   * @throws RejectedImageException for candidates that cannot be used
   * @throws IOException when {@code in} fails
   */
  EncodedImage read(String name, InputStream in) throws IOException {
    byte[] head = in.readNBytes(ImageFormat.HEAD_BYTES);
    if (!isCandidate(head, name)) {
      return null;
    }
    if (!ImageFormat.of(head).isRead()) {
      return of(head);
    }
    byte[] rest;
    try {
      rest = in.readNBytes(MAX_FILE_BYTES + 1 - head.length);
    } catch (RejectedImageException e) {
      throw e.of(ImageFormat.of(head));
    }
    if (head.length + rest.length > MAX_FILE_BYTES) {
      throw new RejectedImageException(
              TOO_LARGE, "the file has more than " + MAX_FILE_BYTES + " bytes (256 MiB)")
          .of(ImageFormat.of(head));
    }
    byte[] file = Arrays.copyOf(head, head.length + rest.length);
    System.arraycopy(rest, 0, file, head.length, rest.length);
    return of(file);
  }

  /**
   * A candidate's bytes as an image.
   *
   * @param file all its bytes
   * @throws RejectedImageException when it cannot be used
   */
  EncodedImage of(byte[] file) {
    if (file.length == 0) {
      throw new RejectedImageException(NOT_AN_IMAGE, "the file is empty");
    }
    try {
      return EncodedImage.of(file, rules);
    } catch (RejectedImageException e) {
      throw e.of(ImageFormat.of(file));
    }
  }
}
