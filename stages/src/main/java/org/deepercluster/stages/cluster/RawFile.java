package org.deepercluster.stages.cluster;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.fs.ResourceId;

/**
 * A file of bare little-endian numbers, read at any place: intermediate results of a clustering,
 * which nothing else reads. On a local disk bytes go straight between the page cache and memory
 * outside the heap; elsewhere short reads share one window of the file.
 */
final class RawFile implements Closeable {
  private static final int WINDOW = 4 << 20;

  private final String path;
  private final SeekableByteChannel channel;
  private ByteBuffer window;
  private long windowAt;

  private RawFile(String path, SeekableByteChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  static RawFile open(String path) throws IOException {
    ResourceId id = FileSystems.matchNewResource(path, false);
    if ("file".equals(id.getScheme())) {
      return new RawFile(path, FileChannel.open(Path.of(id.toString()), StandardOpenOption.READ));
    }
    if (FileSystems.open(id) instanceof SeekableByteChannel seekable) {
      return new RawFile(path, seekable);
    }
    throw new IOException(path + ": this file system cannot seek, which clustering needs");
  }

  /** A channel to a new file, whose folders are made. */
  static WritableByteChannel create(String path) throws IOException {
    ResourceId id = FileSystems.matchNewResource(path, false);
    if ("file".equals(id.getScheme())) {
      Path file = Path.of(id.toString());
      java.nio.file.Files.createDirectories(file.getParent());
      return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }
    return FileSystems.create(id, "application/octet-stream");
  }

  static void write(WritableByteChannel to, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }

  /** A buffer in the order of these files. */
  static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Fills the buffer's remaining room with the bytes from {@code at} on. */
  void read(long at, ByteBuffer to) throws IOException {
    if (channel instanceof FileChannel file) {
      long from = at;
      while (to.hasRemaining()) {
        int n = file.read(to, from);
        if (n < 0) {
          throw new EOFException(path + " ends before byte " + (from + to.remaining()));
        }
        from += n;
      }
    } else if (to.remaining() >= WINDOW) {
      readFully(at, to);
    } else {
      windowed(at, to);
    }
  }

  private void windowed(long at, ByteBuffer to) throws IOException {
    int n = to.remaining();
    if (window == null || at < windowAt || at + n > windowAt + window.limit()) {
      if (window == null) {
        window = ByteBuffer.allocate(WINDOW);
      }
      window.clear().limit((int) Math.min(WINDOW, channel.size() - at));
      windowAt = at;
      readFully(at, window);
      window.flip();
      if (window.limit() < n) {
        throw new EOFException(path + " ends before byte " + (at + n));
      }
    }
    to.put(window.duplicate().position((int) (at - windowAt)).limit((int) (at - windowAt) + n));
  }

  private void readFully(long at, ByteBuffer to) throws IOException {
    channel.position(at);
    while (to.hasRemaining()) {
      if (channel.read(to) < 0) {
        throw new EOFException(path + " ends with " + to.remaining() + " bytes left to read");
      }
    }
  }

  int[] ints(long at, int n) throws IOException {
    int[] values = new int[n];
    bytes(at, n * 4).asIntBuffer().get(values);
    return values;
  }

  float[] floats(long at, int n) throws IOException {
    float[] values = new float[n];
    bytes(at, n * 4).asFloatBuffer().get(values);
    return values;
  }

  long[] longs(long at, int n) throws IOException {
    long[] values = new long[n];
    bytes(at, Math.multiplyExact(n, 8)).asLongBuffer().get(values);
    return values;
  }

  private ByteBuffer bytes(long at, int n) throws IOException {
    ByteBuffer b = buffer(n);
    read(at, b);
    return b.flip();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
