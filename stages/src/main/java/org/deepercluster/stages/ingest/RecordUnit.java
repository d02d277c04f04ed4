package org.deepercluster.stages.ingest;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.deepercluster.stages.image.EncodedImage;

/**
 * Records of equal length in a file, each some bytes of label and then three planes of 8-bit
 * pixels: red, green, blue.
 *
 * @param index position among the units
 * @param path the file
 * @param name of the file within the collection
 * @param from first record
 * @param size records
 * @param head bytes of each record before its pixels
 * @param side columns and rows of an image
 * @param byColumns whether a plane is stored column after column instead of row after row
 * @param labels class of each record, −1 for none; or null
 * @param classNames names of the classes
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record RecordUnit(
    int index,
    String path,
    String name,
    long from,
    int size,
    int head,
    int side,
    boolean byColumns,
    int[] labels,
    List<String> classNames)
    implements SourceUnit {

  private int recordBytes() {
    return head + 3 * side * side;
  }

  @Override
  public long bytes() {
    return (long) size * recordBytes();
  }

  @Override
  public String firstFile() {
    return path;
  }

  @Override
  public SourceImages open() throws IOException {
    return new Records(new BufferedInputStream(Storage.open(path, from * recordBytes()), 1 << 16));
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
      byte[] record = in.readNBytes(recordBytes());
      if (record.length < recordBytes()) {
        throw new IOException(
            path + ": is truncated: ends before image " + (from + next) + " does");
      }
      List<Label> classes = List.of();
      if (labels != null && labels[next] >= 0) {
        classes = List.of(new Label(labels[next], classNames.get(labels[next])));
      }
      String place = "#" + (from + next);
      next++;
      return SourceImage.accepted(
          InputDigest.imageId(name + place),
          path + place,
          classes,
          new EncodedImage("raw", side, side, 3, pixels(record)));
    }

    /** uint8[side][side][3]. */
    private byte[] pixels(byte[] record) {
      int plane = side * side;
      byte[] pixels = new byte[3 * plane];
      for (int c = 0; c < 3; c++) {
        for (int y = 0; y < side; y++) {
          for (int x = 0; x < side; x++) {
            int at = byColumns ? x * side + y : y * side + x;
            pixels[(y * side + x) * 3 + c] = record[head + c * plane + at];
          }
        }
      }
      return pixels;
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
