package org.deepercluster.stages.cluster;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The few matrix products of this package, on ND4J; called with fixed tile sizes only. */
final class Gemm {
  private Gemm() {}

  /** {@code rows × cols} float32, copied from row-major {@code data}; close after use. */
  static INDArray floats(float[] data, int rows, int cols) {
    return write(data, Nd4j.createUninitialized(DataType.FLOAT, rows, cols));
  }

  /** {@code rows × cols} float64, copied from row-major {@code data}; close after use. */
  static INDArray doubles(double[] data, int rows, int cols) {
    return write(data, Nd4j.createUninitialized(DataType.DOUBLE, rows, cols));
  }

  /** Overwrites the array, which is of the data's size, and returns it. */
  static INDArray write(float[] data, INDArray to) {
    if (Nd4j.getEnvironment().isCPU()) {
      // One copy; setData would go value by value here.
      to.data().asNioFloat().put(data);
    } else {
      to.data().setData(data);
    }
    return to;
  }

  /** Overwrites the array, which is of the data's size, and returns it. */
  static INDArray write(double[] data, INDArray to) {
    if (Nd4j.getEnvironment().isCPU()) {
      to.data().asNioDouble().put(data);
    } else {
      to.data().setData(data);
    }
    return to;
  }

  /** Room for a {@code rows × cols} product, column-major; close after use. */
  static INDArray room(DataType type, int rows, int cols) {
    return Nd4j.createUninitialized(type, new long[] {rows, cols}, 'f');
  }

  /**
   * {@code out = alpha · a · bᵀ}.
   *
   * @param a {@code p × d}
   * @param b {@code q × d}
   * @param out {@code p × q}, column-major: what belongs to one row of {@code b} is contiguous
   */
  static void timesTransposed(INDArray a, INDArray b, INDArray out, double alpha) {
    Nd4j.gemm(a, b, out, false, true, alpha, 0.0);
  }

  /** {@code out = aᵀ · a + beta · out}, with {@code a} of {@code p × d} and out {@code d × d}. */
  static void addGram(INDArray a, INDArray out, double beta) {
    Nd4j.gemm(a, a, out, true, false, 1.0, beta);
  }

  /** Copies the array's values in memory order. */
  static void read(INDArray from, float[] to, int count) {
    from.data().asNioFloat().get(to, 0, count);
  }

  /** Copies the array's values in memory order. */
  static void read(INDArray from, double[] to, int count) {
    from.data().asNioDouble().get(to, 0, count);
  }
}
