package org.deepercluster.stages.train;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Copies between arrays of the numeric library and the heap. */
final class Floats {
  private Floats() {}

  /**
   * The values in row-major order.
   *
   * @param array float32, any shape, order and stride; at most 2³¹ − 9 values
   */
  static float[] copy(INDArray array) {
    float[] values = new float[Math.toIntExact(array.length())];
    if (values.length > 0) {
      array.dup('c').data().asNioFloat().get(values);
    }
    return values;
  }
}
