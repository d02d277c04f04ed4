package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.deepercluster.stages.image.RejectedImageException.Cause;

/**
 * What tars and zips hold, read from their directories alone. Nothing is ever unpacked to a disk:
 * an entry is a range of bytes. Entries that are not files of their own below the archive's root,
 * or whose bytes cannot be had, are there with the cause.
 */
final class Archives {
  private static final int MAX_NAME = 4096;

  /** APPNOTE 4.3.14 to 4.3.16: what ends a zip's directory. */
  private static final int END = 0x06054b50;

  private static final int END_BYTES = 22;
  private static final int MAX_COMMENT = 0xFFFF;
  private static final int LOCATOR64 = 0x07064b50;
  private static final int LOCATOR64_BYTES = 20;
  private static final int END64_BYTES = 56;

  private Archives() {}

  /**
   * An entry that is a file, or claims to be one.
   *
   * @param name path in the archive, with slashes
   * @param size bytes when unpacked
   * @param place where they are; null with a fault
   * @param fault why it must not be read, or null
   */
  record Entry(String name, long size, Place place, SourceImage.Rejection fault) {
    static Entry rejected(String name, long size, Cause cause, String detail) {
      return new Entry(name, size, null, SourceImage.Rejection.of(cause, detail));
    }
  }

  /** Entries in the order of the archive, and how many hidden ones were left out. */
  record Content(List<Entry> entries, long skipped) {}

  /**
   * Lists a tar.
   *
   * @throws IOException when it is none, or truncated
   */
  static Content tar(String path) throws IOException {
    try (SeekableByteChannel channel = Storage.seekable(path)) {
      return tar(path, path, channel, 0, channel.size());
    }
  }

  /**
   * Lists a tar within a file.
   *
   * @param where what it is called in messages
   * @param path the file
   * @param file that file, open
   * @param offset of the tar in it
   * @param length of the tar
   */
  static Content tar(String where, String path, SeekableByteChannel file, long offset, long length)
      throws IOException {
    List<TarArchiveEntry> found;
    try (TarFile tar =
        new TarFile(
            new Window(file, offset, length),
            TarConstants.DEFAULT_BLKSIZE,
            TarConstants.DEFAULT_RCDSIZE,
            UTF_8.name(),
            false)) {
      found = tar.getEntries();
    } catch (IOException | RuntimeException e) {
      throw new IOException(where + ": cannot be read as a tar, or is truncated: " + e, e);
    }
    long end = 0;
    Collector out = new Collector();
    for (TarArchiveEntry e : found) {
      String name = e.getName();
      long bytes = e.getSize();
      end = Math.max(end, e.getDataOffset() + (bytes + 511) / 512 * 512);
      if (end > length) {
        throw new IOException(where + ": is truncated: ends before its entry " + name + " does");
      }
      if (!e.isCheckSumOK()) {
        throw new IOException(
            where + ": is damaged: the checksum in the header of its entry " + name + " is wrong");
      }
      if (e.isDirectory()) {
        continue;
      }
      if (e.isSymbolicLink() || e.isLink()) {
        out.add(Entry.rejected(name, 0, Cause.UNSAFE, "the entry is a link to " + e.getLinkName()));
      } else if (e.isCharacterDevice() || e.isBlockDevice() || e.isFIFO()) {
        out.add(Entry.rejected(name, 0, Cause.UNSAFE, "the entry is a device or a pipe"));
      } else if (e.isSparse()) {
        out.add(Entry.rejected(name, bytes, Cause.UNSUPPORTED, "the entry is a sparse file"));
      } else {
        out.add(
            new Entry(name, bytes, new Place.Bytes(path, offset + e.getDataOffset(), bytes), null));
      }
    }
    requireEnd(where, file, offset, length, end);
    return out.content();
  }

  /**
   * An archive that was cut between two entries lacks the block of zeros that ends a tar. One with
   * more behind it is damaged, or several in one: what follows would be lost without a word.
   */
  private static void requireEnd(
      String where, SeekableByteChannel file, long offset, long length, long end)
      throws IOException {
    ByteBuffer block = ByteBuffer.allocate(1 << 14);
    Window rest = new Window(file, offset, length);
    rest.position(end);
    long zeros = 0;
    while (rest.read(block.clear()) >= 0) {
      for (int i = 0; i < block.position(); i++, zeros++) {
        if (block.get(i) != 0 && zeros >= 512) {
          throw new IOException(
              where
                  + ": is damaged: byte "
                  + (end + zeros)
                  + " lies behind the zeros that end a tar; several tars in one file are not read");
        }
        if (block.get(i) != 0) {
          throw noEnd(where);
        }
      }
    }
    if (zeros < 512) {
      throw noEnd(where);
    }
  }

  private static IOException noEnd(String where) {
    return new IOException(
        where + ": is truncated: no block of zeros, which ends a tar, follows its last entry");
  }

  /**
   * Lists a zip by its central directory, in code-point order of names.
   *
   * @throws IOException when it is none, or truncated
   */
  static Content zip(String path) throws IOException {
    List<ZipArchiveEntry> all;
    try (SeekableByteChannel channel = Storage.seekable(path)) {
      all = directory(path, channel);
    }
    all.sort((a, b) -> Storage.BY_CODE_POINT.compare(a.getName(), b.getName()));
    Collector out = new Collector();
    for (ZipArchiveEntry e : all) {
      if (!e.isDirectory()) {
        out.add(zipEntry(path, e));
      }
    }
    return out.content();
  }

  private static List<ZipArchiveEntry> directory(String path, SeekableByteChannel channel)
      throws IOException {
    try (ZipFile zip =
        ZipFile.builder()
            .setSeekableByteChannel(channel)
            .setCharset(UTF_8)
            .setIgnoreLocalFileHeader(true)
            .get()) {
      List<ZipArchiveEntry> all = Collections.list(zip.getEntries());
      requireCount(channel, all.size());
      return all;
    } catch (IOException | RuntimeException e) {
      throw new IOException(
          path
              + ": cannot be read as a zip, or is truncated: "
              + (e.getCause() == null ? e : e.getCause()),
          e);
    }
  }

  /**
   * Checks that as many entries were found as the end of the directory states: a damaged directory
   * is read up to the fault, and what follows would be lost without a word.
   */
  private static void requireCount(SeekableByteChannel zip, int found) throws IOException {
    long from = Math.max(0, zip.size() - END_BYTES - MAX_COMMENT - LOCATOR64_BYTES);
    ByteBuffer tail = read(zip, from, (int) (zip.size() - from));
    int end = tail.limit() - END_BYTES;
    while (end >= 0 && tail.getInt(end) != END) {
      end--;
    }
    long stated = end < 0 ? -1 : tail.getShort(end + 10) & 0xFFFF;
    long count = found & 0xFFFF; // zips of more entries without zip64 have the rest
    int locator = end - LOCATOR64_BYTES;
    if (stated == 0xFFFF && locator >= 0 && tail.getInt(locator) == LOCATOR64) {
      ByteBuffer end64 = read(zip, tail.getLong(locator + 8), END64_BYTES);
      stated = end64.limit() < END64_BYTES ? -1 : end64.getLong(32);
      count = found;
    }
    if (stated != count) {
      throw new IOException(
          "the directory has "
              + found
              + " entries, its end states "
              + Long.toUnsignedString(stated));
    }
  }

  /** Bytes of a file, fewer where it ends. */
  private static ByteBuffer read(SeekableByteChannel file, long from, int length)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    file.position(from);
    while (bytes.hasRemaining() && file.read(bytes) >= 0) {
      // goes on
    }
    return bytes.flip();
  }

  private static Entry zipEntry(String path, ZipArchiveEntry e) {
    String name = e.getName();
    if (e.isUnixSymlink()) {
      return Entry.rejected(name, 0, Cause.UNSAFE, "the entry is a link");
    }
    int kind = e.getUnixMode() & 0170000;
    if (kind != 0 && kind != 0100000) {
      return Entry.rejected(name, 0, Cause.UNSAFE, "the entry is a device or a pipe");
    }
    if (e.getGeneralPurposeBit().usesEncryption()) {
      return Entry.rejected(name, e.getSize(), Cause.UNSUPPORTED, "the entry is encrypted");
    }
    if (e.getMethod() != java.util.zip.ZipEntry.STORED
        && e.getMethod() != java.util.zip.ZipEntry.DEFLATED) {
      return Entry.rejected(
          name,
          e.getSize(),
          Cause.UNSUPPORTED,
          "the entry is compressed by method "
              + e.getMethod()
              + "; 0 (stored) and 8 (deflated) are read");
    }
    return new Entry(
        name,
        e.getSize(),
        new Place.ZipEntry(
            path,
            e.getLocalHeaderOffset(),
            e.getCompressedSize(),
            e.getSize(),
            e.getMethod(),
            e.getCrc()),
        null);
  }

  /** Checks names. */
  private static final class Collector {
    private final List<Entry> entries = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private long skipped;

    void add(Entry e) {
      String name = e.name();
      while (name.startsWith("./")) {
        name = name.substring(2);
      }
      String fault = fault(name);
      if (fault == null && isHidden(name)) {
        skipped++;
        return;
      }
      if (fault == null && !names.add(name)) {
        fault = "an entry before it has the same name";
      }
      entries.add(
          fault != null && e.fault() == null
              ? Entry.rejected(printable(name), e.size(), Cause.UNSAFE, fault)
              : new Entry(printable(name), e.size(), e.place(), e.fault()));
    }

    Content content() {
      return new Content(entries, skipped);
    }

    private static String fault(String name) {
      if (name.isEmpty() || name.length() > MAX_NAME || name.chars().anyMatch(c -> c < ' ')) {
        return "the entry's name is empty, has control characters or more than "
            + MAX_NAME
            + " characters";
      }
      if (name.startsWith("/") || name.startsWith("\\") || name.matches("[A-Za-z]:.*")) {
        return "the entry's name is absolute";
      }
      if (("/" + name.replace('\\', '/') + "/").contains("/../")) {
        return "the entry's name leads out of the archive";
      }
      return null;
    }

    private static boolean isHidden(String name) {
      return name.startsWith(".") || name.contains("/.") || name.startsWith("__MACOSX/");
    }

    private static String printable(String name) {
      String cut = name.length() > MAX_NAME ? name.substring(0, MAX_NAME) : name;
      return cut.replaceAll("\\p{Cntrl}", "\uFFFD");
    }
  }
}
