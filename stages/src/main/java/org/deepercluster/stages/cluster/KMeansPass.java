package org.deepercluster.stages.cluster;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One pass of k-means over a block: the nearest centroid of every row, a pure function of block,
 * super-clusters and centroids.
 *
 * <p>‖x − c‖² = ‖x‖² + ‖c‖² − 2·c·x: tiles of rows meet tiles of centroids in one matrix product,
 * whose column-major result holds each row's scores contiguously for the argmin of ‖c‖² − 2·c·x
 * (float32). On level 2 the rows are first grouped by super-cluster, so that each meets only the
 * centroids of its own. The lowest index wins ties; bit-equal centroids always tie. The distance to
 * the centroid found is then computed directly, in float64.
 *
 * <p>Not for use by several threads at once; several passes over the same centroids may run side by
 * side.
 */
public final class KMeansPass implements AutoCloseable {
  /** Rows per matrix product. */
  static final int ROWS = 512;

  /** Centroids per matrix product. */
  static final int COLUMNS = 1024;

  private final Centroids centroids;
  private final float[] norms;
  private final int[] first;
  private final INDArray[][] tiles;

  /** Prepares the centroids: copies them off the heap, tile by tile. */
  public KMeansPass(Centroids centroids) {
    this.centroids = centroids;
    int dim = centroids.dim();
    int perGroup = centroids.perGroup();
    this.norms = new float[centroids.count()];
    this.first = firstOfEquals(centroids);
    this.tiles = new INDArray[centroids.groups()][(perGroup + COLUMNS - 1) / COLUMNS];
    float[] values = centroids.values();
    for (int c = 0; c < norms.length; c++) {
      double squares = 0;
      for (int j = c * dim; j < (c + 1) * dim; j++) {
        squares += (double) values[j] * values[j];
      }
      norms[c] = (float) squares;
    }
    for (int g = 0; g < tiles.length; g++) {
      for (int t = 0; t < tiles[g].length; t++) {
        int from = g * perGroup + t * COLUMNS;
        int n = Math.min(COLUMNS, perGroup - t * COLUMNS);
        tiles[g][t] = Gemm.floats(Arrays.copyOfRange(values, from * dim, (from + n) * dim), n, dim);
      }
    }
  }

  /** For each centroid the lowest index, within its group, of one with the same values. */
  private static int[] firstOfEquals(Centroids centroids) {
    int[] first = new int[centroids.count()];
    for (int g = 0; g < centroids.groups(); g++) {
      Map<Row, Integer> seen = new HashMap<>();
      for (int z = 0; z < centroids.perGroup(); z++) {
        int c = g * centroids.perGroup() + z;
        Integer earlier = seen.putIfAbsent(new Row(centroids, c), c);
        first[c] = earlier == null ? c : earlier;
      }
    }
    return first;
  }

  /** A centroid as a key of its values; 0 and -0 are the same. */
  private record Row(Centroids centroids, int index) {
    @Override
    public boolean equals(Object other) {
      if (!(other instanceof Row row)) {
        return false;
      }
      int dim = centroids.dim();
      for (int j = 0; j < dim; j++) {
        if (centroids.values()[index * dim + j] != row.centroids.values()[row.index * dim + j]) {
          return false;
        }
      }
      return true;
    }

    @Override
    public int hashCode() {
      int dim = centroids.dim();
      int h = 1;
      for (int j = index * dim; j < (index + 1) * dim; j++) {
        h = 31 * h + Float.floatToIntBits(centroids.values()[j] + 0f);
      }
      return h;
    }
  }

  /**
   * Assigns a block's rows.
   *
   * @param block rows of the centroids' dimension
   * @param superCluster group of each row, -1 for none; null means group 0 for all
   */
  public BlockAssignment assign(Block block, int[] superCluster) {
    if (block.dim() != centroids.dim()) {
      throw new IllegalArgumentException(
          "block "
              + block.id()
              + " has dimension "
              + block.dim()
              + ", the centroids "
              + centroids.dim());
    }
    if (superCluster == null ? centroids.groups() > 1 : superCluster.length != block.rows()) {
      throw new IllegalArgumentException(
          "block "
              + block.id()
              + ": one super-cluster for each of "
              + block.rows()
              + " rows expected, got "
              + (superCluster == null ? "none" : String.valueOf(superCluster.length)));
    }
    int[] nearest = new int[block.rows()];
    float[] distance = new float[block.rows()];
    Arrays.fill(nearest, -1);
    Arrays.fill(distance, Float.NaN);
    int[] start = new int[centroids.groups() + 1];
    int[] rows = group(block, superCluster, start);
    try (Tile tile = new Tile(centroids.dim())) {
      for (int g = 0; g < centroids.groups(); g++) {
        for (int from = start[g]; from < start[g + 1]; from += ROWS) {
          int n = Math.min(ROWS, start[g + 1] - from);
          tile.nearest(block, rows, from, n, g, nearest);
          for (int i = from; i < from + n; i++) {
            distance[rows[i]] = distance(block, rows[i], nearest[rows[i]]);
          }
        }
      }
    }
    return new BlockAssignment(nearest, distance);
  }

  /**
   * Assigns a block's rows and sums them up.
   *
   * @param block rows of the centroids' dimension
   * @param superCluster group of each row, -1 for none; null means group 0 for all
   */
  public Partial partial(Block block, int[] superCluster) {
    return Partial.of(block, assign(block, superCluster), centroids.count());
  }

  /** Usable rows, group after group, in row order within each; {@code start} gets the bounds. */
  private int[] group(Block block, int[] superCluster, int[] start) {
    int[] group = new int[block.rows()];
    for (int r = 0; r < group.length; r++) {
      group[r] = block.usable(r) ? (superCluster == null ? 0 : superCluster[r]) : -1;
      if (group[r] >= centroids.groups()) {
        throw new IllegalArgumentException(
            "row "
                + (block.firstRow() + r)
                + ": super-cluster must be below "
                + centroids.groups()
                + ", got "
                + group[r]);
      }
      if (group[r] >= 0) {
        start[group[r] + 1]++;
      }
    }
    for (int g = 0; g < centroids.groups(); g++) {
      start[g + 1] += start[g];
    }
    int[] next = start.clone();
    int[] rows = new int[start[centroids.groups()]];
    for (int r = 0; r < group.length; r++) {
      if (group[r] >= 0) {
        rows[next[group[r]]++] = r;
      }
    }
    return rows;
  }

  private float distance(Block block, int row, int centroid) {
    int dim = centroids.dim();
    float[] x = block.data();
    float[] c = centroids.values();
    int a = row * dim;
    int b = centroid * dim;
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int j = 0;
    for (; j + 3 < dim; j += 4) {
      double d0 = (double) x[a + j] - c[b + j];
      double d1 = (double) x[a + j + 1] - c[b + j + 1];
      double d2 = (double) x[a + j + 2] - c[b + j + 2];
      double d3 = (double) x[a + j + 3] - c[b + j + 3];
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
    }
    for (; j < dim; j++) {
      double d = (double) x[a + j] - c[b + j];
      s0 += d * d;
    }
    return (float) ((s0 + s1) + (s2 + s3));
  }

  @Override
  public void close() {
    for (INDArray[] group : tiles) {
      for (INDArray tile : group) {
        tile.close();
      }
    }
  }

  /** Scratch for one block; arrays off the heap are made anew only where its shape changes. */
  private final class Tile implements AutoCloseable {
    private final int dim;
    private float[] x = new float[0];
    private final float[] scores = new float[ROWS * Math.min(COLUMNS, centroids.perGroup())];
    private final float[] best = new float[ROWS];
    private final int[] index = new int[ROWS];
    private INDArray points;
    private INDArray room;

    Tile(int dim) {
      this.dim = dim;
    }

    void nearest(Block block, int[] rows, int from, int n, int group, int[] nearest) {
      if (x.length != n * dim) {
        x = new float[n * dim];
      }
      for (int i = 0; i < n; i++) {
        System.arraycopy(block.data(), rows[from + i] * dim, x, i * dim, dim);
      }
      Arrays.fill(best, 0, n, Float.POSITIVE_INFINITY);
      int base = group * centroids.perGroup();
      if (points == null || points.size(0) != n) {
        closePoints();
        points = Gemm.floats(x, n, dim);
      } else {
        Gemm.write(x, points);
      }
      for (INDArray c : tiles[group]) {
        int columns = (int) c.size(0);
        Gemm.timesTransposed(c, points, room(columns, n), -2.0);
        Gemm.read(room, scores, columns * n);
        for (int i = 0; i < n; i++) {
          argmin(i, columns, base);
        }
        base += columns;
      }
      for (int i = 0; i < n; i++) {
        nearest[rows[from + i]] = first[index[i]];
      }
    }

    private INDArray room(int columns, int n) {
      if (room == null || room.size(0) != columns || room.size(1) != n) {
        closeRoom();
        room = Gemm.room(DataType.FLOAT, columns, n);
      }
      return room;
    }

    /** Four running minima keep the processor's pipelines full; ties go to the lowest index. */
    private void argmin(int row, int columns, int base) {
      float[] v = scores;
      float[] c = norms;
      int at = row * columns;
      int shift = base - at;
      int end = at + columns;
      float b0 = Float.POSITIVE_INFINITY;
      float b1 = Float.POSITIVE_INFINITY;
      float b2 = Float.POSITIVE_INFINITY;
      float b3 = Float.POSITIVE_INFINITY;
      int i0 = at;
      int i1 = at;
      int i2 = at;
      int i3 = at;
      int j = at;
      for (; j < end - 3; j += 4) {
        float v0 = v[j] + c[j + shift];
        float v1 = v[j + 1] + c[j + shift + 1];
        float v2 = v[j + 2] + c[j + shift + 2];
        float v3 = v[j + 3] + c[j + shift + 3];
        if (v0 < b0) {
          b0 = v0;
          i0 = j;
        }
        if (v1 < b1) {
          b1 = v1;
          i1 = j + 1;
        }
        if (v2 < b2) {
          b2 = v2;
          i2 = j + 2;
        }
        if (v3 < b3) {
          b3 = v3;
          i3 = j + 3;
        }
      }
      for (; j < end; j++) {
        float v0 = v[j] + c[j + shift];
        if (v0 < b0) {
          b0 = v0;
          i0 = j;
        }
      }
      if (b1 < b0 || (b1 == b0 && i1 < i0)) {
        b0 = b1;
        i0 = i1;
      }
      if (b2 < b0 || (b2 == b0 && i2 < i0)) {
        b0 = b2;
        i0 = i2;
      }
      if (b3 < b0 || (b3 == b0 && i3 < i0)) {
        b0 = b3;
        i0 = i3;
      }
      if (b0 < best[row]) {
        best[row] = b0;
        index[row] = i0 + shift;
      }
    }

    private void closeRoom() {
      if (room != null) {
        room.close();
      }
    }

    private void closePoints() {
      if (points != null) {
        points.close();
      }
    }

    @Override
    public void close() {
      closeRoom();
      closePoints();
    }
  }
}
