package org.deepercluster.stages.ingest;

import static org.deepercluster.stages.image.RejectedImageException.Cause.TOO_LARGE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNREADABLE;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.time.Duration;
import java.util.zip.CRC32;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;
import org.deepercluster.stages.image.RejectedImageException;

/**
 * Opens places. The archive that was read last stays open, so that its entries are read one after
 * the other as they lie. Used by one thread.
 */
final class PlaceReader implements Closeable {
  private static final int LOCAL_HEADER = 0x04034b50;
  private static final int LOCAL_HEADER_BYTES = 30;

  private String path;
  private SeekableByteChannel channel;
  private WebReader web;

  /**
   * Opens a place; only one at a time.
   *
   * @throws RejectedImageException if what is there cannot be used, at once or while it is read
   * @throws IOException if the storage fails
   */
  InputStream open(Place place) throws IOException {
    if (place instanceof Place.Bytes b) {
      return new Stored(channel(b.path()), b.offset(), b.length());
    }
    if (place instanceof Place.ZipEntry z) {
      return zipEntry(z);
    }
    if (place instanceof Place.Web w) {
      if (web == null) {
        web = new WebReader(Duration.ofSeconds(60), Duration.ofSeconds(1));
      }
      return web.get(w.address());
    }
    return file(((Place.WholeFile) place).path());
  }

  private static InputStream file(String path) throws IOException {
    try {
      return Storage.open(path, 0);
    } catch (IOException e) {
      if (FolderUnit.isFaultOfFile(path, e)) {
        throw new RejectedImageException(UNREADABLE, "the file cannot be read: " + e);
      }
      throw e;
    }
  }

  private InputStream zipEntry(Place.ZipEntry z) throws IOException {
    if (z.size() > ImageFiles.MAX_FILE_BYTES) {
      throw new RejectedImageException(
          TOO_LARGE,
          "the entry has "
              + z.size()
              + " bytes; at most "
              + ImageFiles.MAX_FILE_BYTES
              + " (256 MiB) are read");
    }
    SeekableByteChannel file = channel(z.path());
    ByteBuffer header = ByteBuffer.allocate(LOCAL_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    file.position(z.header() < 0 ? file.size() : z.header()); // more than 2^63 − 1
    while (header.hasRemaining() && file.read(header) >= 0) {
      // goes on
    }
    if (header.hasRemaining() || header.getInt(0) != LOCAL_HEADER) {
      throw new RejectedImageException(
          UNREADABLE,
          "there is no entry at byte "
              + Long.toUnsignedString(z.header())
              + ", where the directory says so");
    }
    // The two lengths may differ from those in the central directory.
    long data =
        z.header() + LOCAL_HEADER_BYTES + u16(header.getShort(26)) + u16(header.getShort(28));
    InputStream stored = new Stored(file, data, z.compressed());
    return new ZipStream(stored, z);
  }

  private static int u16(short value) {
    return value & 0xFFFF;
  }

  private SeekableByteChannel channel(String of) throws IOException {
    if (!of.equals(path)) {
      close();
      channel = Storage.seekable(of);
      path = of;
    }
    return channel;
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
      channel = null;
      path = null;
    }
  }

  /** Bytes of a file, all of them or an exception. */
  private static final class Stored extends InputStream {
    private final InputStream in;
    private long left;

    Stored(SeekableByteChannel file, long offset, long length) {
      this.in = new Window(file, offset, length).stream();
      this.left = length;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] b, int from, int length) throws IOException {
      int n = in.read(b, from, length);
      if (n < 0 && left > 0) {
        throw new RejectedImageException(
            RejectedImageException.Cause.TRUNCATED,
            "the archive ends " + left + " bytes before the entry does");
      }
      left -= Math.max(0, n);
      return n;
    }
  }

  /** An entry's bytes, checked against what the directory says of them. */
  private static final class ZipStream extends InputStream {
    private final Place.ZipEntry entry;
    private final InputStream in;
    private final CRC32 crc = new CRC32();
    private long left;
    private Inflater inflater;

    ZipStream(InputStream stored, Place.ZipEntry entry) {
      this.entry = entry;
      this.left = entry.size();
      if (entry.method() == java.util.zip.ZipEntry.DEFLATED) {
        inflater = new Inflater(true);
        in = new InflaterInputStream(stored, inflater, 1 << 14);
      } else {
        in = stored;
      }
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] b, int from, int length) throws IOException {
      int n;
      try {
        n = in.read(b, from, length);
      } catch (ZipException | EOFException e) {
        throw new RejectedImageException(
            UNREADABLE, "the deflated data is damaged: " + e.getMessage());
      }
      left -= Math.max(0, n);
      if (left < 0) {
        throw new RejectedImageException(
            UNREADABLE,
            "the entry holds more than the " + entry.size() + " bytes that the directory says");
      }
      if (n > 0) {
        crc.update(b, from, n);
      } else if (n < 0 && (left != 0 || crc.getValue() != entry.crc())) {
        throw new RejectedImageException(
            UNREADABLE,
            left != 0
                ? "the entry ends " + left + " bytes before the size in the directory"
                : String.format(
                    "the entry has CRC-32 %08x, the directory says %08x",
                    crc.getValue(), entry.crc()));
      }
      return n;
    }

    @Override
    public void close() throws IOException {
      in.close();
      if (inflater != null) {
        inflater.end();
      }
    }
  }
}
