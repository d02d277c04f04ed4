package org.deepercluster.pipelines.experiment;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** The head of an IDX file: its kind and how many elements it holds. */
final class IdxHeader {
  /** Unsigned bytes in 3 dimensions: images. */
  static final int IMAGES = 0x0803;

  /** Unsigned bytes in 1 dimension: labels. */
  static final int LABELS = 0x0801;

  private IdxHeader() {}

  /**
   * Reads the number of elements, from a plain or gzip file.
   *
   * @param magic {@link #IMAGES} or {@link #LABELS}
   * @throws IOException if the file cannot be read or is of another kind
   */
  static long count(Path file, int magic) throws IOException {
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file))) {
      raw.mark(2);
      boolean gzip = raw.read() == 0x1F && raw.read() == 0x8B;
      raw.reset();
      try (DataInputStream in = new DataInputStream(gzip ? new GZIPInputStream(raw) : raw)) {
        int found = in.readInt();
        if (found != magic) {
          throw new IOException(
              String.format("starts with %08x, where %08x is expected", found, magic));
        }
        return Integer.toUnsignedLong(in.readInt());
      }
    } catch (EOFException e) {
      throw new IOException("is shorter than the head of an IDX file", e);
    }
  }
}
