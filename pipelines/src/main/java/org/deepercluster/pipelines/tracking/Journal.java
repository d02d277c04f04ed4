package org.deepercluster.pipelines.tracking;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Closeable;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Append-only file of JSON lines, {@code journal.jsonl} in a folder of its own, with the copies of
 * the artifacts beside it under {@code artifacts/}.
 *
 * <p>A line is appended in one write, so that a killed process loses nothing; {@link #force} makes
 * it outlast a power cut too. A line without its end (the disk was full) is removed when the
 * journal is opened again. One process at a time: {@code journal.lock} is held while it is open.
 */
final class Journal implements Closeable {
  static final String FILE = "journal.jsonl";
  private static final Logger LOG = LoggerFactory.getLogger(Journal.class);
  private static final int READ_BYTES = 1 << 20;

  /** An entry and the offset of the byte after it; the entry is null where a line is damaged. */
  record Line(Entry entry, long end) {}

  private final Path dir;
  private final FileChannel lockChannel;
  private final FileLock lock;
  // plain files: a channel would be closed by the interruption of a thread that uses it
  private final FileOutputStream out;
  private final RandomAccessFile in;
  private final ObjectMapper json = new ObjectMapper();
  private volatile long size;

  private Journal(Path dir, FileChannel lockChannel, FileLock lock) throws IOException {
    this.dir = dir;
    this.lockChannel = lockChannel;
    this.lock = lock;
    File file = dir.resolve(FILE).toFile();
    this.in = new RandomAccessFile(file, "rw");
    this.size = completeLength(in);
    if (size < in.length()) {
      in.setLength(size);
    }
    this.out = new FileOutputStream(file, true);
  }

  static Journal open(Path dir) {
    try {
      Files.createDirectories(dir);
      FileChannel lockChannel =
          FileChannel.open(
              dir.resolve("journal.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = null;
      try {
        lock = lockChannel.tryLock();
      } catch (OverlappingFileLockException e) {
        LOG.debug("held by this process", e);
      }
      if (lock == null) {
        lockChannel.close();
        throw new TrackingException(
            "the journal " + dir + " is in use by a run that is going on; wait until it has ended");
      }
      return new Journal(dir, lockChannel, lock);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot open the journal " + dir, e);
    }
  }

  Path dir() {
    return dir;
  }

  /** Bytes of complete lines. */
  long size() {
    return size;
  }

  synchronized void append(Entry entry) {
    try {
      byte[] line = (json.writeValueAsString(entry) + "\n").getBytes(StandardCharsets.UTF_8);
      out.write(line);
      size += line.length;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the journal " + dir, e);
    }
  }

  void force() {
    try {
      out.getFD().sync();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the journal " + dir, e);
    }
  }

  /** The next lines from an offset that is the start of a line; empty at the end. */
  List<Line> read(long offset) {
    try {
      int wanted = READ_BYTES;
      while (true) {
        long available = size - offset;
        if (available <= 0) {
          return List.of();
        }
        byte[] buffer = new byte[(int) Math.min(available, wanted)];
        synchronized (in) {
          in.seek(offset);
          in.readFully(buffer);
        }
        List<Line> lines = split(buffer, offset);
        if (!lines.isEmpty()) {
          return lines;
        }
        wanted = Math.multiplyExact(wanted, 2); // one line longer than the buffer
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the journal " + dir, e);
    }
  }

  private List<Line> split(byte[] bytes, long offset) {
    List<Line> lines = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        String text = new String(bytes, start, i - start, StandardCharsets.UTF_8);
        start = i + 1;
        lines.add(new Line(parse(text, offset + start), offset + start));
      }
    }
    return lines;
  }

  private Entry parse(String text, long end) {
    try {
      return json.readValue(text, Entry.class);
    } catch (JsonProcessingException e) {
      LOG.warn(
          "{}: the line that ends at byte {} is damaged and left out: {}",
          dir.resolve(FILE),
          end,
          e.getOriginalMessage());
      return null;
    }
  }

  private static long completeLength(RandomAccessFile file) throws IOException {
    long end = file.length();
    while (end > 0) {
      file.seek(end - 1);
      if (file.read() == '\n') {
        break;
      }
      end--;
    }
    return end;
  }

  @Override
  public synchronized void close() {
    try {
      out.getFD().sync();
      out.close();
      in.close();
      lock.release();
      lockChannel.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot close the journal " + dir, e);
    }
  }
}
