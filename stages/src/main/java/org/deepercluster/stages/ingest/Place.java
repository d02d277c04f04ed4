package org.deepercluster.stages.ingest;

import java.io.Serializable;

/** Where the bytes of an image lie, so that any worker can read them on their own. */
sealed interface Place extends Serializable {
  /** A file. */
  record WholeFile(String path) implements Place {}

  /**
   * Bytes of a file, stored as they are: an entry of a tar.
   *
   * @param offset of the first
   * @param length how many
   */
  record Bytes(String path, long offset, long length) implements Place {}

  /**
   * An entry of a zip.
   *
   * @param header offset of its local header
   * @param compressed bytes in the file
   * @param size bytes when inflated
   * @param method 0 stored, 8 deflated
   * @param crc CRC-32 of the inflated bytes
   */
  record ZipEntry(String path, long header, long compressed, long size, int method, long crc)
      implements Place {}

  /** What a web server answers. */
  record Web(String address) implements Place {}
}
