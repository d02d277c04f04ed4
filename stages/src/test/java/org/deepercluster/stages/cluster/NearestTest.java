package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.deepercluster.natives.NativeRuntime;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestTest {
  @BeforeAll
  static void oneThread() {
    NativeRuntime.setThreads(1);
  }

  @ParameterizedTest
  @CsvSource({"1, 5", "3, 7", "40, 16", "2100, 9"})
  void isThatOfEveryDistanceInFloat64(int count, int dim) {
    int rows = 700;
    float[] x = Golden.directions(rows, dim, 6, 2);
    float[] c = Golden.directions(count + 1, dim, 6, 3);
    int[] index = new int[rows];
    float[] distance = new float[rows];
    try (Nearest nearest = new Nearest(c, 1, count, dim)) {
      nearest.of(x, IntStream.range(0, rows).toArray(), index, distance);
    }
    for (int r = 0; r < rows; r++) {
      int best = -1;
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < count; i++) {
        double d = 0;
        for (int j = 0; j < dim; j++) {
          double v = (double) x[r * dim + j] - c[(i + 1) * dim + j];
          d += v * v;
        }
        if (d < least) {
          least = d;
          best = i;
        }
      }
      assertThat(index[r]).as("row %d", r).isEqualTo(best);
      assertThat(distance[r])
          .isCloseTo((float) least, org.assertj.core.api.Assertions.within(1e-6f));
    }
  }

  /** Centroids apart by less than float32 scores can tell, equal ones, and only some rows. */
  @Test
  void tellsCloseCentroidsApartAndTakesTheLowestOfEqualOnes() {
    int dim = 64;
    float[] x = Golden.directions(3, dim, 1, 4);
    float[] c = new float[4 * dim];
    for (int i = 0; i < 4; i++) {
      System.arraycopy(x, 0, c, i * dim, dim);
    }
    c[0] += 1e-6f;
    c[3 * dim] += 1e-7f;
    int[] index = {-1, -1, -1};
    float[] distance = {-1, -1, -1};
    try (Nearest nearest = new Nearest(c, 0, 4, dim)) {
      nearest.of(x, new int[] {0, 2}, index, distance);
    }
    assertThat(index[0]).isEqualTo(1);
    assertThat(distance[0]).isZero();
    assertThat(index[1]).as("not asked for").isEqualTo(-1);
    assertThat(distance[2]).isPositive();
    assertThat(index[2]).isBetween(0, 3);
  }
}
