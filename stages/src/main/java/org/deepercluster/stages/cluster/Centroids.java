package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Centroids of one level, in files: {@code groups} independent sets of {@code perGroup} each. Level
 * 1 is one group of m; level 2 is m groups of k/m, centroid {@code c·k/m + z} being sub-cluster z
 * of super-cluster c.
 *
 * <p>They are cut into slices of {@link #width} centroids, a file each, so that nobody has to hold
 * all of them. A file holds, little-endian: {@code n × dim} float32, then {@code n} float32, the
 * squared norms; and their {@link Codes}: {@code n} float32, the scales; {@code n} float32, the
 * errors; {@code n × dim} int8.
 */
final class Centroids implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Room that the sums of one slice may take: 8 bytes a value. */
  static final int SLICE_BYTES = 16 << 20;

  private final int groups;
  private final int perGroup;
  private final int dim;
  private final int width;
  private final ArrayList<String> files;

  /**
   * Describes centroids.
   *
   * @param files one per slice
   */
  Centroids(int groups, int perGroup, int dim, int width, List<String> files) {
    this.groups = groups;
    this.perGroup = perGroup;
    this.dim = dim;
    this.width = width;
    this.files = new ArrayList<>(files);
  }

  /** Checks the sizes and says how many centroids a slice has. */
  static int width(int groups, int perGroup, int dim) {
    if (groups < 1 || perGroup < 1 || dim < 1) {
      throw new IllegalArgumentException(
          "centroids: groups, perGroup and dim must be at least 1, got "
              + groups
              + ", "
              + perGroup
              + ", "
              + dim);
    }
    return Math.min(Math.multiplyExact(groups, perGroup), Math.max(1, SLICE_BYTES / 8 / dim));
  }

  /** Writes given centroids, row-major; small ones only. */
  static Centroids of(Scratch scratch, int groups, int perGroup, int dim, float[] values)
      throws IOException {
    int width = width(groups, perGroup, dim);
    int count = groups * perGroup;
    if (values.length != (long) count * dim) {
      throw new IllegalArgumentException(
          "centroids: "
              + groups
              + " × "
              + perGroup
              + " × "
              + dim
              + " values expected, got "
              + values.length);
    }
    List<String> files = new ArrayList<>();
    for (int from = 0; from < count; from += width) {
      int n = Math.min(width, count - from);
      float[] slice = Arrays.copyOfRange(values, from * dim, (from + n) * dim);
      files.add(write(scratch, slice, dim, from));
    }
    return new Centroids(groups, perGroup, dim, width, files);
  }

  /** Writes a slice and returns its path. */
  static String write(Scratch scratch, float[] values, int dim, int firstId) throws IOException {
    int n = values.length / dim;
    float[] norms = new float[n];
    float[] scales = new float[n];
    float[] errors = new float[n];
    byte[] codes = new byte[values.length];
    Codes code = new Codes(dim, Codes.CENTROID);
    for (int c = 0; c < n; c++) {
      double squares = 0;
      for (int j = c * dim; j < (c + 1) * dim; j++) {
        if (!Float.isFinite(values[j])) {
          throw new IllegalArgumentException(
              "centroid "
                  + (firstId + c)
                  + " is not finite: value "
                  + values[j]
                  + " at "
                  + (j - c * dim));
        }
        squares += (double) values[j] * values[j];
      }
      code.encode(values, c * dim);
      scales[c] = code.scale;
      errors[c] = code.error;
      System.arraycopy(code.values, 0, codes, c * dim, dim);
      norms[c] = (float) squares;
    }
    String path = scratch.fresh("centroids");
    try (WritableByteChannel out = RawFile.create(path)) {
      ByteBuffer b = RawFile.buffer(1 << 20);
      put(out, b, values);
      put(out, b, norms);
      put(out, b, scales);
      put(out, b, errors);
      RawFile.write(out, ByteBuffer.wrap(codes));
    }
    return path;
  }

  /** Where a slice's file has the values of its centroid {@code c}. */
  static long valuesAt(int c, int dim) {
    return (long) c * dim * 4;
  }

  static long normsAt(int c, int size, int dim) {
    return (long) size * dim * 4 + (long) c * 4;
  }

  static long scalesAt(int c, int size, int dim) {
    return (long) size * (dim + 1) * 4 + (long) c * 4;
  }

  static long errorsAt(int c, int size, int dim) {
    return (long) size * (dim + 2) * 4 + (long) c * 4;
  }

  static long codesAt(int c, int size, int dim) {
    return (long) size * (dim + 3) * 4 + (long) c * dim;
  }

  private static void put(WritableByteChannel out, ByteBuffer b, float[] values)
      throws IOException {
    for (int from = 0; from < values.length; from += b.capacity() / 4) {
      int n = Math.min(b.capacity() / 4, values.length - from);
      b.clear();
      b.asFloatBuffer().put(values, from, n);
      RawFile.write(out, b.limit(n * 4));
    }
  }

  /** Independent sets. */
  int groups() {
    return groups;
  }

  /** Centroids per set. */
  int perGroup() {
    return perGroup;
  }

  /** All centroids. */
  int count() {
    return groups * perGroup;
  }

  /** Dimension. */
  int dim() {
    return dim;
  }

  /** Centroids per slice; the last one may have fewer. */
  int width() {
    return width;
  }

  /** Number of slices. */
  int slices() {
    return files.size();
  }

  /** Centroids in slice {@code s}. */
  int size(int s) {
    return Math.min(width, count() - s * width);
  }

  /** Files, one per slice. */
  List<String> files() {
    return Collections.unmodifiableList(files);
  }

  /** Values of {@code n} centroids from {@code from} on, row-major; they should be few. */
  float[] values(int from, int n) throws IOException {
    float[] values = new float[Math.multiplyExact(n, dim)];
    int done = 0;
    while (done < n) {
      int s = (from + done) / width;
      int within = (from + done) % width;
      int some = Math.min(n - done, size(s) - within);
      try (RawFile file = RawFile.open(files.get(s))) {
        System.arraycopy(
            file.floats((long) within * dim * 4, some * dim), 0, values, done * dim, some * dim);
      }
      done += some;
    }
    return values;
  }
}
