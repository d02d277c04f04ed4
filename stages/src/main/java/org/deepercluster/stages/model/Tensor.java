package org.deepercluster.stages.model;

import java.util.Arrays;

/**
 * A named array's shape and values, as weights travel in files.
 *
 * @param shape sizes, outermost first; empty for a scalar; a size of 0 is allowed. PyTorch's
 *     layouts: convolution [out, in, kh, kw], linear [out, in]
 * @param data values, float32, row-major, as many as the product of {@code shape}. Neither array is
 *     copied: whoever makes a tensor hands them over
 */
@SuppressWarnings("ArrayRecordComponent") // equality is by content, below
public record Tensor(int[] shape, float[] data) {
  /**
   * Checks that shape and data agree.
   *
   * @throws IllegalArgumentException when a size is negative or the product is not the data's
   *     length
   */
  public Tensor {
    long size = size(shape);
    if (size != data.length) {
      throw new IllegalArgumentException(
          "tensor of shape "
              + Arrays.toString(shape)
              + " needs "
              + size
              + " values, got "
              + data.length);
    }
  }

  /** The one-dimensional tensor that holds {@code data}. */
  public static Tensor vector(float... data) {
    return new Tensor(new int[] {data.length}, data);
  }

  /** The scalar {@code value}. */
  public static Tensor scalar(float value) {
    return new Tensor(new int[0], new float[] {value});
  }

  /** Number of values in an array of {@code shape}. */
  static long size(int[] shape) {
    long size = 1;
    for (int n : shape) {
      if (n < 0) {
        throw new IllegalArgumentException("negative size in the shape " + Arrays.toString(shape));
      }
      size = Math.multiplyExact(size, (long) n);
    }
    return size;
  }

  /** Same shape and the same bits of every value (NaN equals NaN). */
  @Override
  public boolean equals(Object other) {
    return other instanceof Tensor t
        && Arrays.equals(shape, t.shape)
        && Arrays.equals(data, t.data);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(shape) + Arrays.hashCode(data);
  }

  @Override
  public String toString() {
    return "Tensor" + Arrays.toString(shape);
  }
}
