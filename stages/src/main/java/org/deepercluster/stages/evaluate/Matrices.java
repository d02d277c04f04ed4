package org.deepercluster.stages.evaluate;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Dense matrices between Java arrays and ND4J. Each is off-heap until it is closed. */
final class Matrices {
  private Matrices() {}

  /** Copy of row-major {@code values}, rows × columns, float32. */
  static INDArray of(float[] values, int rows, int columns) {
    return Nd4j.create(values, new long[] {rows, columns}, 'c');
  }

  /** Copy of {@code n} rows of row-major {@code values} from row {@code from}, float32. */
  static INDArray rows(float[] values, int from, int n, int columns) {
    return from == 0 && values.length == n * columns
        ? of(values, n, columns)
        : of(Arrays.copyOfRange(values, from * columns, (from + n) * columns), n, columns);
  }

  /** Copy of row-major {@code values}, rows × columns, float64. */
  static INDArray of(double[] values, int rows, int columns) {
    return Nd4j.create(values, new long[] {rows, columns}, 'c');
  }

  /** Zeros in column-major order, float32: what a product is written to. */
  static INDArray columnMajor(int rows, int columns) {
    return Nd4j.create(DataType.FLOAT, new long[] {rows, columns}, 'f');
  }

  /** Zeros in column-major order, float64. */
  static INDArray columnMajorDouble(int rows, int columns) {
    return Nd4j.create(DataType.DOUBLE, new long[] {rows, columns}, 'f');
  }

  /**
   * Column-major {@code c = a·b}, either factor transposed first where asked; {@code c}'s values
   * are then those of the row-major transpose.
   */
  static void gemm(INDArray a, INDArray b, INDArray c, boolean transposeA, boolean transposeB) {
    Nd4j.gemm(a, b, c, transposeA, transposeB, 1.0, 0.0);
  }

  /** Copy of the numbers in the order in which they lie in memory. */
  static float[] values(INDArray x) {
    return x.data().asFloat();
  }

  /** Copy of the numbers in the order in which they lie in memory. */
  static double[] doubleValues(INDArray x) {
    return x.data().asDouble();
  }
}
