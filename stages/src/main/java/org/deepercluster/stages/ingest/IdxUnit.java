package org.deepercluster.stages.ingest;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.zip.ZipException;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.ImageCodec;

/**
 * A range of records of an IDX file.
 *
 * @param index position among the units
 * @param path the file of images
 * @param gzip whether it is compressed
 * @param from first record
 * @param size records
 * @param width columns of an image
 * @param height rows of an image
 * @param labels one unsigned byte per record, or null
 * @param classNames names of the labels; empty without labels
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record IdxUnit(
    int index,
    String path,
    boolean gzip,
    long from,
    int size,
    int width,
    int height,
    byte[] labels,
    List<String> classNames)
    implements SourceUnit {
  static final long MAX_PIXELS = ImageCodec.MAX_PIXELS;
  private static final int HEADER = 16;

  @Override
  public long bytes() {
    return (long) size * width * height;
  }

  @Override
  public String firstFile() {
    return path;
  }

  @Override
  public SourceImages open() throws IOException {
    long skip = HEADER + from * width * height;
    InputStream in;
    if (gzip) {
      in = IdxReader.stream(path);
      try {
        skip(in, skip);
      } catch (EOFException e) {
        in.close();
        throw truncated(from, e);
      } catch (ZipException e) {
        in.close();
        throw IdxReader.damaged(path, e);
      }
    } else {
      in = new BufferedInputStream(Storage.open(path, skip), 1 << 16);
    }
    return new Records(in);
  }

  /** As {@link InputStream#skipNBytes}, which inflates 512 bytes at a time. */
  private static void skip(InputStream in, long bytes) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long left = bytes;
    while (left > 0) {
      int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
      if (n < 0) {
        throw new EOFException();
      }
      left -= n;
    }
  }

  private IOException truncated(long record, Throwable because) {
    return new IOException(path + ": is truncated: ends before image " + record + " does", because);
  }

  private final class Records implements SourceImages {
    private final InputStream in;
    private int next;

    Records(InputStream in) {
      this.in = in;
    }

    @Override
    public SourceImage next() throws IOException {
      if (next == size) {
        return null;
      }
      long record = from + next;
      byte[] pixels;
      try {
        pixels = in.readNBytes(width * height);
      } catch (EOFException e) {
        throw truncated(record, e);
      } catch (ZipException e) {
        throw IdxReader.damaged(path, e);
      }
      if (pixels.length < width * height) {
        throw truncated(record, null);
      }
      List<Label> classes = List.of();
      if (labels != null) {
        int c = labels[next] & 0xFF;
        classes = List.of(new Label(c, classNames.get(c)));
      }
      next++;
      return SourceImage.accepted(
          InputDigest.imageId(Storage.nameOf(path) + '#' + record),
          path + '#' + record,
          classes,
          new EncodedImage("raw", width, height, 1, pixels));
    }

    @Override
    public InputStream again() {
      return InputStream.nullInputStream(); // no record is ever rejected
    }

    @Override
    public long skipped() {
      return 0;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
