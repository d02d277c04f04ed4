package org.deepercluster.stages.cluster;

import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.List;

/**
 * Whitened rows of some neighbouring files of the features, as k-means reads them again and again.
 * Layout, little-endian: {@code rows × dim} float32; {@code rows} float32, the squared norm of each
 * row, NaN for a row that holds a NaN or an infinity and so belongs to no cluster; {@code rows}
 * int32, each row's place counted from {@code firstRow}. A file next to it has the rows' {@link
 * Codes}: {@code rows × dim} int8; {@code rows} float32, the scales; {@code rows} float32, the
 * errors.
 *
 * @param path the file
 * @param rows number of rows
 * @param dim dimension of each
 * @param firstRow index in the collection that the places are counted from
 * @param squares Σ ‖x‖² over the usable rows
 * @param largest largest ‖x‖² of a usable row
 */
record RowFile(String path, int rows, int dim, long firstRow, double squares, double largest)
    implements Serializable {

  /** Largest magnitude that k-means accepts; whitened rows of norm 1 stay within ±1. */
  static final float LARGEST = 1 << 20;

  /** The file of the codes. */
  String codes() {
    return path + ".codes";
  }

  /** Both files. */
  List<String> paths() {
    return List.of(path, codes());
  }

  long at(int row) {
    return (long) row * dim * 4;
  }

  long normsAt(int row) {
    return (long) rows * dim * 4 + (long) row * 4;
  }

  long placesAt(int row) {
    return (long) rows * (dim + 1) * 4 + (long) row * 4;
  }

  long codesAt(int row) {
    return (long) row * dim;
  }

  long scalesAt(int row) {
    return (long) rows * dim + (long) row * 4;
  }

  long errorsAt(int row) {
    return (long) rows * (dim + 4) + (long) row * 4;
  }

  /** Writes a file, row after row. */
  static final class Writer implements Closeable {
    private final String path;
    private final int dim;
    private final long firstRow;
    private final WritableByteChannel channel;
    private final WritableByteChannel codeChannel;
    private final ByteBuffer buffer;
    private final ByteBuffer codeBuffer;
    private final Codes code;
    private float[] norms = new float[1024];
    private int[] places = new int[1024];
    private float[] scales = new float[1024];
    private float[] errors = new float[1024];
    private int rows;
    private double squares;
    private double largest;

    Writer(String path, int dim, long firstRow) throws IOException {
      this.path = path;
      this.dim = dim;
      this.firstRow = firstRow;
      this.channel = RawFile.create(path);
      this.codeChannel = RawFile.create(path + ".codes");
      this.buffer = RawFile.buffer(Math.max(1 << 20, dim * 4));
      this.codeBuffer = RawFile.buffer(buffer.capacity() / 4);
      this.code = new Codes(dim, Codes.ROW);
    }

    /**
     * Appends rows that follow each other in the collection.
     *
     * @param place of the first, counted from {@code firstRow}
     * @param x rows, row-major
     * @throws IllegalArgumentException if a value is finite but beyond ±{@value #LARGEST}:
     *     fixed-point sums and float32 squares would not hold it
     */
    void append(int place, float[] x) throws IOException {
      for (int from = 0; from < x.length; from += dim) {
        append(place + from / dim, x, from);
      }
    }

    /** Appends one row. */
    void append(int place, float[] x, int from) throws IOException {
      double s0 = 0;
      double s1 = 0;
      boolean beyond = false;
      for (int j = from; j < from + dim; j++) {
        double v = x[j];
        beyond |= !(Math.abs(v) <= LARGEST);
        if ((j & 1) == 0) {
          s0 += v * v;
        } else {
          s1 += v * v;
        }
      }
      double norm = s0 + s1;
      if (beyond) {
        if (Moments.finite(x, from, dim)) {
          throw new IllegalArgumentException(
              "row "
                  + (firstRow + place)
                  + " holds values beyond ±"
                  + LARGEST
                  + ": k-means takes whitened rows of norm 1");
        }
        norm = Double.NaN;
      } else {
        squares += norm;
        largest = Math.max(largest, norm);
      }
      if (rows == norms.length) {
        norms = Arrays.copyOf(norms, 2 * rows);
        places = Arrays.copyOf(places, 2 * rows);
        scales = Arrays.copyOf(scales, 2 * rows);
        errors = Arrays.copyOf(errors, 2 * rows);
      }
      code.encode(x, from);
      norms[rows] = (float) norm;
      places[rows] = place;
      scales[rows] = code.scale;
      errors[rows] = code.error;
      rows++;
      if (buffer.remaining() < dim * 4) {
        flush();
      }
      codeBuffer.put(code.values);
      buffer.asFloatBuffer().put(x, from, dim);
      buffer.position(buffer.position() + dim * 4);
    }

    private void flush() throws IOException {
      RawFile.write(channel, buffer.flip());
      buffer.clear();
      RawFile.write(codeChannel, codeBuffer.flip());
      codeBuffer.clear();
    }

    /** Completes the file. */
    RowFile finish() throws IOException {
      flush();
      ByteBuffer tail = RawFile.buffer(Math.multiplyExact(rows, 8));
      tail.asFloatBuffer().put(norms, 0, rows);
      tail.position(rows * 4);
      tail.asIntBuffer().put(places, 0, rows);
      RawFile.write(channel, tail.rewind());
      tail.rewind();
      tail.asFloatBuffer().put(scales, 0, rows).put(errors, 0, rows);
      RawFile.write(codeChannel, tail.rewind());
      return new RowFile(path, rows, dim, firstRow, squares, largest);
    }

    @Override
    public void close() throws IOException {
      channel.close();
      codeChannel.close();
    }
  }
}
