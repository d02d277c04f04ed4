package org.deepercluster.stages.cluster;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.deepercluster.natives.NativeRuntime;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Products of the {@link Codes} of some centroids with those of some rows. In oneDNN they are
 * products of 8-bit integers, which CPUs with instructions for them do four times as fast as those
 * of float32; elsewhere OpenBLAS multiplies them as float32. The results are whole numbers, and the
 * same either way below 2^24.
 */
final class Products implements AutoCloseable {
  /** Rows are filled up to a power of two, so that there are few shapes to prepare for. */
  private static final int FEWEST = 32;

  private static volatile Boolean oneDnn;

  private final int dim;
  private final boolean integers;
  private final INDArray rows;
  private final ByteBuffer rowBytes;
  private final INDArray room;
  private final FloatBuffer scores;
  private final Map<Integer, INDArray> inputs = new HashMap<>();
  private final Map<Long, INDArray> outputs = new HashMap<>();
  private FloatPointer a;
  private FloatPointer b;
  private int stride;

  /** For at most so many rows and centroids at once, in the way that is faster here. */
  Products(int rows, int columns, int dim) {
    this(rows, columns, dim, oneDnn());
  }

  /** For tests: in oneDNN, or in OpenBLAS. */
  Products(int rows, int columns, int dim, boolean integers) {
    this.dim = dim;
    this.integers = integers;
    this.rows = Nd4j.createUninitialized(DataType.INT8, rows, dim);
    this.rowBytes = bytes(this.rows);
    this.room = Nd4j.createUninitialized(DataType.FLOAT, (long) rows * columns);
    this.scores = room.data().asNioFloat();
    if (!integers) {
      a = new FloatPointer((long) columns * dim);
      b = new FloatPointer((long) rows * dim);
    }
  }

  private static boolean oneDnn() {
    if (oneDnn == null) {
      oneDnn = NativeRuntime.oneDnnActive();
    }
    return oneDnn;
  }

  /** The bytes of an array. */
  static ByteBuffer bytes(INDArray array) {
    return array.data().pointer().asByteBuffer();
  }

  /** The codes of some rows, to be filled. */
  ByteBuffer rows(int from, int count) {
    return rowBytes.duplicate().limit((from + count) * dim).position(from * dim);
  }

  int dim() {
    return dim;
  }

  /**
   * Multiplies each centroid with the first {@code n} rows.
   *
   * @param centroids int8, one a row, next to each other
   */
  void multiply(INDArray centroids, int n) {
    int columns = (int) centroids.size(0);
    stride = Math.max(FEWEST, Integer.highestOneBit(2 * n - 1));
    stride = (int) Math.min(rows.size(0), stride);
    if (!integers) {
      floats(centroids, columns, a);
      floats(rows, stride, b);
      openblas_nolapack.cblas_sgemm(
          openblas_nolapack.CblasRowMajor,
          openblas_nolapack.CblasNoTrans,
          openblas_nolapack.CblasTrans,
          columns,
          stride,
          dim,
          1f,
          a,
          dim,
          b,
          dim,
          0f,
          new FloatPointer(room.data().pointer()),
          stride);
      return;
    }
    INDArray x = inputs.computeIfAbsent(stride, s -> rows.get(NDArrayIndex.interval(0, s)));
    INDArray z =
        outputs.computeIfAbsent(
            (long) columns << 32 | stride,
            s ->
                room.get(NDArrayIndex.interval(0, (long) columns * stride))
                    .reshape('c', columns, stride));
    Nd4j.exec(
        DynamicCustomOp.builder("matmul")
            .addInputs(centroids, x)
            .addOutputs(z)
            .addIntegerArguments(0, 1)
            .build());
  }

  private void floats(INDArray codes, int count, FloatPointer to) {
    byte[] values = new byte[count * dim];
    float[] converted = new float[values.length];
    bytes(codes).get(0, values);
    for (int i = 0; i < values.length; i++) {
      converted[i] = values[i];
    }
    to.put(converted, 0, converted.length);
  }

  /** Products of one centroid of the tile with the first {@code n} rows. */
  void get(int centroid, float[] to, int n) {
    scores.get(centroid * stride, to, 0, n);
  }

  /** The product of a centroid of the tile with a row. */
  float get(int centroid, int row) {
    return scores.get(centroid * stride + row);
  }

  @Override
  public void close() {
    rows.close();
    room.close();
    if (a != null) {
      a.deallocate();
      b.deallocate();
    }
  }
}
