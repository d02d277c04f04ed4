package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.deepercluster.natives.NativeRuntime;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class ProductsTest {
  @BeforeAll
  static void oneThread() {
    NativeRuntime.setThreads(1);
  }

  /** Also where all values are as large as can be and of one sign, which 16 bits barely hold. */
  @ParameterizedTest
  @CsvSource({
    "true, 1, 1, 1",
    "true, 512, 512, 256",
    "true, 100, 33, 257",
    "true, 7, 512, 1000",
    "false, 512, 512, 256",
    "false, 100, 33, 257"
  })
  void areExact(boolean integers, int columns, int rows, int dim) {
    try (Products products = new Products(512, 512, dim, integers);
        INDArray c = Nd4j.createUninitialized(DataType.INT8, columns, dim)) {
      for (int sign : new int[] {0, -1, 1}) {
        SplittableRandom random = new SplittableRandom(1);
        byte[] a = new byte[columns * dim];
        byte[] b = new byte[rows * dim];
        for (int i = 0; i < a.length; i++) {
          a[i] = (byte) (sign == 0 ? random.nextInt(255) - 127 : sign * Codes.CENTROID);
        }
        for (int i = 0; i < b.length; i++) {
          b[i] = (byte) (sign == 0 ? random.nextInt(127) - 63 : Codes.ROW);
        }
        Products.bytes(c).put(a);
        products.rows(0, rows).put(b);
        products.multiply(c, rows);
        float[] found = new float[rows];
        for (int j = 0; j < columns; j++) {
          products.get(j, found, rows);
          for (int i = 0; i < rows; i++) {
            int expected = 0;
            for (int d = 0; d < dim; d++) {
              expected += a[j * dim + d] * b[i * dim + d];
            }
            assertThat(found[i]).isEqualTo(expected);
            assertThat(products.get(j, i)).isEqualTo(expected);
          }
        }
      }
    }
  }

  @Test
  void codesSayHowFarTheyAreFromTheVector() {
    for (int largest : new int[] {Codes.ROW, Codes.CENTROID}) {
      SplittableRandom random = new SplittableRandom(2);
      int dim = 37;
      Codes code = new Codes(dim, largest);
      for (float size : new float[] {1e-38f, 1e-20f, 1, 1 << 20}) {
        float[] x = new float[2 * dim];
        for (int j = 0; j < x.length; j++) {
          x[j] = size * (float) (random.nextDouble() * 2 - 1);
        }
        code.encode(x, dim);
        double squares = 0;
        double norm = 0;
        for (int j = 0; j < dim; j++) {
          assertThat((int) code.values[j]).isBetween(-largest, largest);
          double rest = x[dim + j] - (double) code.scale * code.values[j];
          squares += rest * rest;
          norm += (double) x[dim + j] * x[dim + j];
        }
        assertThat((double) code.error).isGreaterThanOrEqualTo(Math.sqrt(squares));
        assertThat((double) code.error)
            .isCloseTo(Math.sqrt(squares), within(1e-6 * Math.sqrt(squares) + 1e-44));
        if (size > 1e-30) {
          assertThat(code.error).isLessThan((float) (Math.sqrt(norm) / largest));
        }
      }
    }
  }

  @Test
  void codeOfZeroIsZero() {
    Codes code = new Codes(3, Codes.ROW);
    code.encode(new float[3], 0);
    assertThat(code.values).containsExactly(0, 0, 0);
    assertThat(code.scale).isZero();
    assertThat(code.error).isLessThanOrEqualTo(Float.MIN_VALUE);
  }
}
