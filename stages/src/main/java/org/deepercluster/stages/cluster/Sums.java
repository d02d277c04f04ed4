package org.deepercluster.stages.cluster;

import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;

/**
 * What one unit changes in the clusters' sums and counts: each row that changed its cluster is
 * added to the new one and taken from the old one.
 *
 * <p>The sums are 64-bit integers in units of 2^-36, which holds every float32 of magnitude 2^-12
 * and above exactly, and sums up to 2^27 (so 1.3·10^8 rows of norm 1). Adding integers is exact:
 * they may be added in any order and taken away again, by any number of workers, and give the same
 * bits.
 *
 * <p>Only clusters that were touched take room, and not more than {@link #ROOM_BYTES}: when it is
 * full, all of it goes to the file, ordered by cluster, and it starts anew. An entry of the file is
 * an int32 (the cluster), an int64 (rows) and {@code dim} int64, little-endian.
 */
final class Sums implements Closeable {
  /** Fixed point: one unit is 2^-36. */
  static final double UNIT = 0x1p36;

  private static final int ROOM_BYTES = 64 << 20;

  /**
   * Entries of one slice of the clusters, next to each other in a file.
   *
   * @param slice of the centroids
   * @param at byte where they begin
   * @param entries how many
   */
  record Run(int slice, long at, int entries) implements Serializable {}

  /**
   * A unit's file.
   *
   * @param path null where nothing changed
   * @param runs of its entries
   */
  record Partial(String path, ArrayList<Run> runs) implements Serializable {}

  private final Scratch scratch;
  private final int dim;
  private final int width;
  private final int base;
  private final int[] place;
  private final int[] ids;
  private final long[] counts;
  private final long[] sums;
  private int used;
  private String path;
  private WritableByteChannel out;
  private long written;
  private final ArrayList<Run> runs = new ArrayList<>();

  /**
   * Of no rows.
   *
   * @param from first cluster that rows may belong to
   * @param span how many clusters
   * @param width clusters per slice
   */
  Sums(Scratch scratch, int dim, int from, int span, int width) {
    this.scratch = scratch;
    this.dim = dim;
    this.base = from;
    this.width = width;
    int capacity = Math.min(span, Math.max(2, ROOM_BYTES / 8 / dim));
    this.place = new int[span];
    Arrays.fill(place, -1);
    this.ids = new int[capacity];
    this.counts = new long[capacity];
    this.sums = new long[capacity * dim];
  }

  /** Size of an entry in bytes. */
  static int entryBytes(int dim) {
    return 12 + 8 * dim;
  }

  /** Moves a row from one cluster to another; −1 stands for none. */
  void move(float[] x, int from, int to) throws IOException {
    if (from >= 0) {
      int at = slot(from);
      counts[at]--;
      for (int j = 0, s = at * dim; j < dim; j++, s++) {
        sums[s] = sum(sums[s], -(long) (x[j] * UNIT));
      }
    }
    if (to >= 0) {
      int at = slot(to);
      counts[at]++;
      for (int j = 0, s = at * dim; j < dim; j++, s++) {
        sums[s] = sum(sums[s], (long) (x[j] * UNIT));
      }
    }
  }

  private int slot(int id) throws IOException {
    int at = place[id - base];
    if (at < 0) {
      if (used == ids.length) {
        flush();
      }
      at = used++;
      place[id - base] = at;
      ids[at] = id;
    }
    return at;
  }

  /** a + b, with a clear error where the fixed-point range ends. */
  static long sum(long a, long b) {
    long s = a + b;
    if (((a ^ s) & (b ^ s)) < 0) {
      throw new IllegalArgumentException(
          "k-means sums exceed ±2^27: its input must be whitened rows of norm 1");
    }
    return s;
  }

  private void flush() throws IOException {
    if (used == 0) {
      return;
    }
    if (out == null) {
      path = scratch.fresh("partial");
      out = RawFile.create(path);
    }
    int[] order = Arrays.copyOf(ids, used);
    Arrays.sort(order);
    int entry = entryBytes(dim);
    ByteBuffer b = RawFile.buffer(Math.max(1 << 20, entry));
    int slice = -1;
    for (int id : order) {
      int at = place[id - base];
      if (id / width != slice) {
        slice = id / width;
        runs.add(new Run(slice, written, 0));
      }
      Run r = runs.get(runs.size() - 1);
      runs.set(runs.size() - 1, new Run(slice, r.at(), r.entries() + 1));
      if (b.remaining() < entry) {
        RawFile.write(out, b.flip());
        b.clear();
      }
      b.putInt(id).putLong(counts[at]);
      b.asLongBuffer().put(sums, at * dim, dim);
      b.position(b.position() + 8 * dim);
      written += entry;
      place[id - base] = -1;
    }
    RawFile.write(out, b.flip());
    Arrays.fill(counts, 0, used, 0);
    Arrays.fill(sums, 0, used * dim, 0);
    used = 0;
  }

  /** Completes the file. */
  Partial finish() throws IOException {
    flush();
    return new Partial(path, runs);
  }

  @Override
  public void close() throws IOException {
    if (out != null) {
      out.close();
    }
  }
}
