package org.deepercluster.stages.ingest;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * MNIST's IDX files, plain or in gzip (told apart by their first bytes): a big-endian header of a
 * magic number, 0x00000803 for images and 0x00000801 for labels, and one 32-bit size per dimension;
 * then one unsigned byte per value.
 *
 * <p>An image's id is that of {@code <file name>#<index>}. Classes take their names from the lines
 * of {@code classes.txt} beside the file of labels, or else are called by their number. A unit of a
 * gzip file inflates everything before it, so a collection of many gigabytes is better unpacked.
 */
final class IdxReader implements CollectionReader {
  private static final int IMAGES_MAGIC = 0x803;
  private static final int LABELS_MAGIC = 0x801;
  private static final String CLASSES_FILE = "classes.txt";

  /** Deflate makes at most 258 bytes of 2 bits. */
  private static final int MAX_GZIP_RATIO = 1032;

  private final DataConfig config;
  private final List<String> classNames;

  IdxReader(DataConfig config, List<String> classNames) {
    this.config = config;
    this.classNames = List.copyOf(classNames);
  }

  @Override
  public Listing list() throws IOException {
    String path = config.path();
    Storage.Entry file = Storage.stat(path);
    Header header = header(path, IMAGES_MAGIC, 3);
    long count = header.sizes[0];
    long rows = header.sizes[1];
    long columns = header.sizes[2];
    if (count < 1) {
      throw new IOException(path + ": holds no images; at least 1 is needed");
    }
    if (rows < config.minSide()
        || columns < config.minSide()
        || rows > IdxUnit.MAX_PIXELS / columns) {
      throw new IOException(
          path
              + ": images of "
              + columns
              + "×"
              + rows
              + " pixels; sides must be at least "
              + config.minSide()
              + ", their product at most "
              + IdxUnit.MAX_PIXELS);
    }
    long length = header.bytes + count * rows * columns;
    if (!header.gzip) {
      checkLength(path, file.size(), length);
    } else if (length / MAX_GZIP_RATIO > file.size()) {
      throw new IOException(
          path
              + ": its header says "
              + length
              + " bytes, which are more than "
              + file.size()
              + " bytes of gzip can hold");
    }

    boolean labelled = config.labels() != null;
    Storage.Entry labelFile = labelled ? Storage.stat(config.labels()) : null;
    long allBytes = file.size() + (labelled ? labelFile.size() : 0);
    boolean content = InputDigest.byContent(2, allBytes);
    InputDigest.Builder digest = new InputDigest.Builder(content);
    digest.file(
        file.name(), file.size(), file.modifiedMillis(), content ? check(path, length) : null);

    byte[] labels = null;
    List<String> names = List.of();
    if (labelled) {
      Header labelHeader = labelHeader(config.labels(), count);
      byte[] labelSha = content ? check(config.labels(), labelHeader.bytes + count) : null;
      labels = labels(config.labels(), labelHeader.bytes, (int) count);
      names = names(labels);
      digest.file(labelFile.name(), labelFile.size(), labelFile.modifiedMillis(), labelSha);
    }
    names.forEach(digest::add);

    long used = config.limit() == null ? count : Math.min(count, config.limit());
    List<SourceUnit> units = new ArrayList<>();
    for (long from = 0; from < used; from += config.blockImages()) {
      int size = (int) Math.min(config.blockImages(), used - from);
      byte[] part =
          labels == null ? null : Arrays.copyOfRange(labels, (int) from, (int) from + size);
      units.add(
          new IdxUnit(
              units.size(), path, header.gzip, from, size, (int) columns, (int) rows, part, names));
    }
    return new Listing(units, names, used, 0, digest.build());
  }

  private Header labelHeader(String path, long images) throws IOException {
    Header header = header(path, LABELS_MAGIC, 1);
    if (header.sizes[0] != images) {
      throw new IOException(
          path
              + ": holds "
              + header.sizes[0]
              + " labels, but "
              + config.path()
              + " holds "
              + images
              + " images; one label per image is needed");
    }
    if (images > Integer.MAX_VALUE - 8) {
      throw new IOException(path + ": " + images + " labels; at most 2³¹ − 9 are read");
    }
    return header;
  }

  private static byte[] labels(String path, int from, int images) throws IOException {
    try (InputStream in = stream(path)) {
      in.skipNBytes(from);
      byte[] labels = in.readNBytes(images);
      if (labels.length < images) {
        throw shorter(path, from + labels.length, from + (long) images);
      }
      return labels;
    } catch (EOFException | ZipException e) {
      throw damaged(path, e);
    }
  }

  private List<String> names(byte[] labels) throws IOException {
    int classes = 0;
    for (byte label : labels) {
      classes = Math.max(classes, (label & 0xFF) + 1);
    }
    String file = Storage.folderOf(config.labels()) + CLASSES_FILE;
    return Classes.numbered(config.labels(), classes, file, classNames).names();
  }

  /** SHA-256 of the stored bytes, after checking that what they hold has the right length. */
  private static byte[] check(String path, long expected) throws IOException {
    MessageDigest sha = InputDigest.newSha256();
    try (InputStream raw =
            new DigestInputStream(new BufferedInputStream(Storage.open(path, 0), 1 << 16), sha);
        InputStream in = inflate(raw)) {
      checkLength(path, in.transferTo(OutputStream.nullOutputStream()), expected);
      raw.transferTo(OutputStream.nullOutputStream());
    } catch (EOFException | ZipException e) {
      throw damaged(path, e);
    }
    return sha.digest();
  }

  /** What a gzip stream says, with the file. */
  static IOException damaged(String path, IOException e) {
    return new IOException(
        e instanceof EOFException
            ? path + ": is truncated: the gzip data ends early"
            : path + ": the gzip data is damaged: " + e.getMessage(),
        e);
  }

  private static void checkLength(String path, long actual, long expected) throws IOException {
    if (actual < expected) {
      throw shorter(path, actual, expected);
    }
    if (actual > expected) {
      throw new IOException(
          path
              + ": has "
              + actual
              + " bytes, its header says "
              + expected
              + "; is it another file?");
    }
  }

  static IOException shorter(String path, long actual, long expected) {
    return new IOException(
        path + ": is truncated: has " + actual + " bytes, its header says " + expected);
  }

  /** Opens a file, inflated if it is in gzip. */
  static InputStream stream(String path) throws IOException {
    InputStream raw = new BufferedInputStream(Storage.open(path, 0), 1 << 16);
    try {
      return inflate(raw);
    } catch (EOFException | ZipException e) {
      raw.close();
      throw damaged(path, e);
    } catch (IOException e) {
      raw.close();
      throw e;
    }
  }

  private static InputStream inflate(InputStream raw) throws IOException {
    if (!raw.markSupported()) {
      throw new IllegalArgumentException("needs a stream that can be reset");
    }
    raw.mark(2);
    boolean gzip = raw.read() == 0x1F && raw.read() == 0x8B;
    raw.reset();
    return gzip ? new GZIPInputStream(raw, 1 << 16) : raw;
  }

  private static Header header(String path, int magic, int dimensions) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    boolean gzip;
    try (InputStream in = stream(path)) {
      gzip = in instanceof GZIPInputStream;
      head.write(in.readNBytes(4 + 4 * dimensions));
    } catch (FileNotFoundException e) {
      throw e;
    } catch (EOFException e) {
      throw new IOException(path + ": is truncated: ends in its header", e);
    } catch (ZipException e) {
      throw damaged(path, e);
    }
    byte[] b = head.toByteArray();
    long found = b.length >= 4 ? u32(b, 0) : -1;
    if (b.length >= 4 && found != magic) {
      String hint =
          found == LABELS_MAGIC
              ? " (this is a file of labels)"
              : found == IMAGES_MAGIC ? " (this is a file of images)" : "";
      throw new IOException(
          String.format(
              "%s: not an IDX file of %s: magic number 0x%08x%s, must be 0x%08x",
              path, magic == IMAGES_MAGIC ? "images" : "labels", found, hint, magic));
    }
    if (b.length < 4 + 4 * dimensions) {
      throw new IOException(
          path
              + ": is truncated: ends in its header, after "
              + b.length
              + " of "
              + (4 + 4 * dimensions)
              + " bytes");
    }
    long[] sizes = new long[dimensions];
    for (int i = 0; i < dimensions; i++) {
      sizes[i] = u32(b, 4 + 4 * i);
    }
    return new Header(gzip, b.length, sizes);
  }

  private static long u32(byte[] b, int i) {
    return (b[i] & 0xFFL) << 24
        | (b[i + 1] & 0xFF) << 16
        | (b[i + 2] & 0xFF) << 8
        | (b[i + 3] & 0xFF);
  }

  private static final class Header {
    final boolean gzip;
    final int bytes;
    final long[] sizes;

    Header(boolean gzip, int bytes, long[] sizes) {
      this.gzip = gzip;
      this.bytes = bytes;
      this.sizes = sizes;
    }
  }
}
