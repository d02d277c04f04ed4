package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.deepercluster.natives.NativeRuntime;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelTest {
  @TempDir static Path directory;

  @BeforeAll
  static void oneThread() {
    NativeRuntime.setThreads(1);
  }

  /** Numbers of rows whose vectors were asked for. */
  private static int check(float[] x, float[] c, int dim) throws Exception {
    int rows = x.length / dim;
    int count = c.length / dim;
    double largest = 0;
    int[] asked = new int[rows];
    try (Workspace w = new Workspace();
        CentroidReader reader =
            new CentroidReader(
                Centroids.of(Clusterings.scratch(directory), 1, count, dim, c), 0, count, w)) {
      for (int i = 0; i < rows; i++) {
        largest = Math.max(largest, squares(x, i, new float[dim], 0, dim));
      }
      Kernel kernel = loaded(w, x, dim, largest);
      kernel.nearest(
          rows,
          reader,
          0,
          count,
          i -> {
            asked[i] = 1;
            return Arrays.copyOfRange(x, i * dim, (i + 1) * dim);
          });
      for (int i = 0; i < rows; i++) {
        int best = -1;
        double least = Double.POSITIVE_INFINITY;
        double second = Double.POSITIVE_INFINITY;
        for (int j = 0; j < count; j++) {
          double d = squares(x, i, c, j, dim);
          if (d < least) {
            second = least;
            least = d;
            best = j;
          } else {
            second = Math.min(second, d);
          }
        }
        assertThat(kernel.index[i]).as("row %d", i).isEqualTo(best);
        assertThat(kernel.most[i]).isGreaterThanOrEqualTo(least);
        assertThat(kernel.least[i]).isLessThanOrEqualTo(second);
      }
    }
    return Arrays.stream(asked).sum();
  }

  private static Kernel loaded(Workspace w, float[] x, int dim, double largest) {
    Kernel kernel = new Kernel(w.products(0, dim), largest);
    Codes code = new Codes(dim, Codes.ROW);
    for (int i = 0; i < x.length / dim; i++) {
      code.encode(x, i * dim);
      kernel.codes(i, 1).put(code.values);
      kernel.scale[i] = code.scale;
      kernel.error[i] = code.error;
      kernel.norm[i] = (float) squares(x, i, new float[dim], 0, dim);
    }
    return kernel;
  }

  private static double squares(float[] x, int row, float[] c, int centroid, int dim) {
    return Kernel.distance(
        Arrays.copyOfRange(x, row * dim, (row + 1) * dim),
        Arrays.copyOfRange(c, centroid * dim, (centroid + 1) * dim),
        dim);
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 3", "512, 1, 8", "77, 20, 5", "512, 700, 64", "3, 1500, 16", "40, 90, 2500"})
  void isThatOfEveryDistanceInFloat64(int rows, int count, int dim) throws Exception {
    float[] x = Golden.directions(rows, dim, 9, 2);
    check(x, Golden.directions(count, dim, 9, 3), dim);
    float[] large = x.clone();
    float[] shrunk = Golden.directions(count, dim, 9, 4);
    for (int j = 0; j < x.length; j++) {
      large[j] *= j / dim % 2 == 0 ? 1000 : 1e-12f;
    }
    for (int j = 0; j < shrunk.length; j++) {
      shrunk[j] *= 0.4f;
    }
    check(x, shrunk, dim);
    check(large, shrunk, dim);
  }

  @Test
  void vectorsOfRowsWithOneCandidateAreNotRead() throws Exception {
    float[] c = new float[600 * 600];
    for (int i = 0; i < 600; i++) {
      c[i * 600 + i] = 1;
    }
    assertThat(check(Arrays.copyOf(c, 512 * 600), c, 600)).isZero();
  }

  /** More equal and nearly equal centroids than may wait. */
  @Test
  void lowestOfEqualOnesHoweverMany() throws Exception {
    int dim = 4;
    int count = 2600;
    float[] x = new float[512 * dim];
    float[] c = new float[count * dim];
    Arrays.fill(x, 0.5f);
    Arrays.fill(c, 0.5f);
    assertThat(check(x, c, dim)).isEqualTo(512);
    for (int i = 0; i < count; i++) {
      c[i * dim] += (i % 7 - 3) * 1e-7f;
    }
    check(x, c, dim);
    assertThat(check(new float[dim], new float[3 * dim], dim)).isEqualTo(1);
  }

  /** Also where the row's own centroid is among the others. */
  @Test
  void someOthersAgainstTheRowsOwnCentroid() throws Exception {
    int dim = 24;
    int count = 600;
    int rows = 300;
    float[] x = Golden.directions(rows, dim, 9, 2);
    float[] c = Golden.directions(count, dim, 9, 3);
    int[] others = IntStream.range(0, count).filter(j -> j % 5 == 1).toArray();
    try (Workspace w = new Workspace();
        CentroidReader reader =
            new CentroidReader(
                Centroids.of(Clusterings.scratch(directory), 1, count, dim, c), 0, count, w)) {
      Kernel kernel = loaded(w, x, dim, 1.0001);
      int[] own = new int[rows];
      float[] upper = new float[rows];
      for (int i = 0; i < rows; i++) {
        own[i] = i * 7 % count;
        upper[i] = (float) Math.sqrt(squares(x, i, c, own[i], dim)) * (1 + i % 3 * 0.1f) + 1e-6f;
      }
      CentroidReader.Tile tile = reader.load(others, Math.sqrt(1.0001));
      kernel.nearer(
          rows,
          reader,
          own,
          upper,
          List.of(tile),
          i -> Arrays.copyOfRange(x, i * dim, (i + 1) * dim));
      tile.codes().close();
      int kept = 0;
      for (int i = 0; i < rows; i++) {
        int best = own[i];
        double least = squares(x, i, c, own[i], dim);
        for (int j : others) {
          double d = squares(x, i, c, j, dim);
          if (d < least || (d == least && j < best)) {
            least = d;
            best = j;
          }
        }
        double second = best == own[i] ? Double.POSITIVE_INFINITY : squares(x, i, c, own[i], dim);
        for (int j : others) {
          second = j == best ? second : Math.min(second, squares(x, i, c, j, dim));
        }
        assertThat(kernel.index[i]).as("row %d", i).isEqualTo(best);
        assertThat(kernel.most[i]).isGreaterThanOrEqualTo(least);
        assertThat(kernel.least[i]).isLessThanOrEqualTo(second);
        kept += best == own[i] ? 1 : 0;
      }
      assertThat(kept).isBetween(1, rows - 1);
    }
  }
}
