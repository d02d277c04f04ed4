package org.deepercluster.stages.cluster;

import java.io.Closeable;
import java.io.IOException;
import org.bytedeco.javacpp.FloatPointer;

/**
 * The centroids that a unit compares its rows with, outside the heap: all at once where they are
 * few, kept for the thread's next unit; else tile by tile from their files.
 */
final class CentroidReader implements Closeable, Kernel.Tiles {
  /** Centroids that take up to this much room are held at once. */
  private static final int RESIDENT_BYTES = 64 << 20;

  /** What {@link Workspace#centroids} holds: which file's centroids, from which on, how many. */
  record Range(String file, int from, int count, float[] norms) {}

  private final Centroids centroids;
  private final Workspace workspace;
  private final boolean resident;
  private final int from;
  private final RawFile[] files;

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
    this.resident = (long) count * centroids.dim() * 4 <= RESIDENT_BYTES;
    if (resident) {
      String name = centroids.files().get(0);
      Range held = workspace.resident;
      if (held == null
          || !held.file().equals(name)
          || held.from() != from
          || held.count() != count) {
        workspace.resident = null;
        workspace.centroids.ensure((long) count * centroids.dim());
        float[] norms = new float[count];
        read(from, count, workspace.centroids, norms);
        workspace.resident = new Range(name, from, count, norms);
      }
    } else {
      workspace.tile.ensure((long) Kernel.COLUMNS * centroids.dim());
    }
  }

  private RawFile file(int slice) throws IOException {
    if (files[slice] == null) {
      files[slice] = RawFile.open(centroids.files().get(slice));
    }
    return files[slice];
  }

  private void read(int first, int count, Workspace.Room to, float[] norms) throws IOException {
    int dim = centroids.dim();
    int done = 0;
    while (done < count) {
      int s = (first + done) / centroids.width();
      int within = (first + done) % centroids.width();
      int n = Math.min(count - done, centroids.size(s) - within);
      file(s).read((long) within * dim * 4, to.bytes(done * dim, n * dim));
      System.arraycopy(
          file(s).floats(((long) centroids.size(s) * dim + within) * 4, n), 0, norms, done, n);
      done += n;
    }
  }

  /**
   * A tile of centroids, row-major; valid until the next one.
   *
   * @param first its first centroid
   * @param count at most {@link Kernel#COLUMNS}
   * @param norms gets their squared norms
   */
  @Override
  public FloatPointer tile(int first, int count, float[] norms) throws IOException {
    if (resident) {
      System.arraycopy(workspace.resident.norms(), first - from, norms, 0, count);
      return workspace.centroids.at((long) (first - from) * centroids.dim());
    }
    read(first, count, workspace.tile, norms);
    return workspace.tile.at(0);
  }

  /** Copies one centroid and returns its squared norm. */
  float row(int id, float[] to) throws IOException {
    int dim = centroids.dim();
    if (resident) {
      workspace.centroids.get((id - from) * dim, to, dim);
      return workspace.resident.norms()[id - from];
    } else {
      int s = id / centroids.width();
      float[] row = file(s).floats((long) (id % centroids.width()) * dim * 4, dim);
      System.arraycopy(row, 0, to, 0, dim);
      double squares = 0;
      for (float v : row) {
        squares += (double) v * v;
      }
      return (float) squares;
    }
  }

  @Override
  public void close() throws IOException {
    for (RawFile f : files) {
      if (f != null) {
        f.close();
      }
    }
  }
}
