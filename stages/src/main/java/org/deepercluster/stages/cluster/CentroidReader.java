package org.deepercluster.stages.cluster;

import java.io.Closeable;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The centroids that a unit compares its rows with, outside the heap: all at once where they are
 * few, kept for the thread's next unit; else tile by tile from their files.
 */
final class CentroidReader implements Closeable {
  /** Centroids that take up to this much room are held at once. */
  private static final int RESIDENT_BYTES = 64 << 20;

  /** Centroids that a thread holds: which file's, from which on, how many. */
  static final class Resident {
    private final String file;
    private final int from;
    private final int count;
    private final Map<Integer, Tile> tiles = new HashMap<>();

    private Resident(String file, int from, int count) {
      this.file = file;
      this.from = from;
      this.count = count;
    }

    void free() {
      tiles.values().forEach(t -> t.codes().close());
    }
  }

  /**
   * A tile of centroids as {@link Kernel} compares them. With v = {@code weight}·(the row's
   * scale)·(product of the codes) and r = {@code reach}·(error of the row's code), a score is at
   * least {@code lowest} − v − r and at most {@code highest} − v + r.
   *
   * @param ids the centroids
   * @param codes {@code count × dim} int8
   */
  record Tile(
      int[] ids, INDArray codes, float[] lowest, float[] weight, float[] reach, float[] highest) {
    int count() {
      return lowest.length;
    }
  }

  private final Centroids centroids;
  private final Workspace workspace;
  private final boolean resident;
  private final int from;
  private final RawFile[] files;
  private Tile tile;

  /**
   * Opens the centroids.
   *
   * @param from first centroid that will be asked for
   * @param count how many may be
   */
  CentroidReader(Centroids centroids, int from, int count, Workspace workspace) throws IOException {
    this.centroids = centroids;
    this.workspace = workspace;
    this.from = from;
    this.files = new RawFile[centroids.slices()];
    this.resident = (long) count * centroids.dim() * 5 <= RESIDENT_BYTES;
    if (resident) {
      String name = centroids.files().get(0);
      Resident held = workspace.resident;
      if (held == null || !held.file.equals(name) || held.from != from || held.count != count) {
        workspace.release();
        workspace.centroids.ensure((long) count * centroids.dim());
        read(from, count);
        workspace.resident = new Resident(name, from, count);
      }
    }
  }

  private RawFile file(int slice) throws IOException {
    if (files[slice] == null) {
      files[slice] = RawFile.open(centroids.files().get(slice));
    }
    return files[slice];
  }

  private void read(int first, int count) throws IOException {
    int dim = centroids.dim();
    int done = 0;
    while (done < count) {
      int slice = (first + done) / centroids.width();
      int within = (first + done) % centroids.width();
      int n = Math.min(count - done, centroids.size(slice) - within);
      file(slice)
          .read(Centroids.valuesAt(within, dim), workspace.centroids.bytes(done * dim, n * dim));
      done += n;
    }
  }

  /**
   * A tile of centroids, valid until the next one.
   *
   * @param first its first centroid
   * @param count at most {@link Kernel#COLUMNS}
   * @param length largest norm of a row that is compared
   */
  Tile tile(int first, int count, double length) throws IOException {
    if (!resident) {
      close(tile);
      tile = null;
      tile = load(IntStream.range(first, first + count).toArray(), length);
      return tile;
    }
    Tile held = workspace.resident.tiles.get(first);
    if (held == null) {
      held = load(IntStream.range(first, first + count).toArray(), length);
      workspace.resident.tiles.put(first, held);
    }
    return held;
  }

  /**
   * Any centroids as a tile; close its codes after use.
   *
   * @param ids increasing
   */
  Tile load(int[] ids, double length) throws IOException {
    int dim = centroids.dim();
    int count = ids.length;
    INDArray codes = Nd4j.createUninitialized(DataType.INT8, count, dim);
    float[] lowest = new float[count];
    float[] weight = new float[count];
    float[] reach = new float[count];
    float[] highest = new float[count];
    for (int at = 0; at < count; ) {
      int slice = ids[at] / centroids.width();
      int within = ids[at] % centroids.width();
      int size = centroids.size(slice);
      int n = 1;
      while (at + n < count && ids[at + n] == ids[at] + n && within + n < size) {
        n++;
      }
      RawFile file = file(slice);
      file.read(
          Centroids.codesAt(within, size, dim),
          Products.bytes(codes).limit((at + n) * dim).position(at * dim));
      float[] norm = file.floats(Centroids.normsAt(within, size, dim), n);
      float[] scale = file.floats(Centroids.scalesAt(within, size, dim), n);
      float[] error = file.floats(Centroids.errorsAt(within, size, dim), n);
      for (int i = 0; i < n; i++, at++) {
        double c = 2 * (Math.sqrt(norm[i]) + error[i]);
        double rounding = (dim + 16) * 0x1p-23 * (norm[i] + length * c + length * length);
        double h = 2 * length * error[i] + rounding;
        lowest[at] = (float) (norm[i] - h);
        weight[at] = 2 * scale[i];
        reach[at] = (float) (c * (1 + 0x1p-20));
        highest[at] = (float) (norm[i] + h);
      }
    }
    return new Tile(ids, codes, lowest, weight, reach, highest);
  }

  /** Copies one centroid. */
  void row(int id, float[] to) throws IOException {
    int dim = centroids.dim();
    if (resident) {
      workspace.centroids.get((id - from) * dim, to, dim);
    } else {
      int within = id % centroids.width();
      float[] row = file(id / centroids.width()).floats(Centroids.valuesAt(within, dim), dim);
      System.arraycopy(row, 0, to, 0, dim);
    }
  }

  private static void close(Tile tile) {
    if (tile != null) {
      tile.codes().close();
    }
  }

  @Override
  public void close() throws IOException {
    close(tile);
    for (RawFile f : files) {
      if (f != null) {
        f.close();
      }
    }
  }
}
