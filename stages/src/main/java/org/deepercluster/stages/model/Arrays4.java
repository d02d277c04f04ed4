package org.deepercluster.stages.model;

import java.nio.FloatBuffer;
import java.util.concurrent.CompletableFuture;
import org.bytedeco.javacpp.FloatPointer;
import org.deepercluster.natives.NativeRuntime;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Memory of NCHW float arrays: reused buffers, host views of them, and loops over channels. */
final class Arrays4 {
  private Arrays4() {}

  /**
   * A buffer that grows to the largest array asked of it and is then reused, so that a training
   * step allocates nothing off the heap.
   */
  static final class Slot implements AutoCloseable {
    private INDArray memory;
    private INDArray view;
    private INDArray[] slices;

    /** An array of {@code shape}, order c, with undefined content; the earlier one is void. */
    INDArray get(long... shape) {
      long length = 1;
      for (long s : shape) {
        length *= s;
      }
      if (view != null && java.util.Arrays.equals(view.shape(), shape)) {
        return view;
      }
      if (memory == null || memory.length() < length) {
        close();
        memory = Nd4j.createUninitialized(DataType.FLOAT, length);
      }
      INDArray flat =
          memory.length() == length ? memory : memory.get(NDArrayIndex.interval(0, length));
      view = flat.reshape('c', shape);
      slices = null;
      return view;
    }

    /** The array that was last asked for. */
    INDArray view() {
      return view;
    }

    /** {@link Arrays4#slices} of it. */
    INDArray[] slices(int size) {
      if (slices == null || slices[0].size(0) != Math.min(size, view.size(0))) {
        slices = Arrays4.slices(view, size);
      }
      return slices;
    }

    @Override
    public void close() {
      if (memory != null && memory.closeable()) {
        memory.close();
      }
      memory = null;
      view = null;
      slices = null;
    }
  }

  /** Host views of a contiguous [b, ...] array, one per image. */
  static FloatBuffer[] images(INDArray x) {
    int b = (int) x.size(0);
    long stride = x.length() / b;
    FloatPointer base = (FloatPointer) x.data().addressPointer();
    long start = base.position();
    FloatBuffer[] images = new FloatBuffer[b];
    for (int n = 0; n < b; n++) {
      long at = start + n * stride;
      images[n] = new FloatPointer(base).position(at).limit(at + stride).asBuffer();
    }
    return images;
  }

  /** {@code x} itself if it is contiguous in order c, else a copy that is. */
  static INDArray contiguous(INDArray x) {
    return x.ordering() == 'c' && !x.isView() && x.elementWiseStride() == 1 ? x : x.dup('c');
  }

  /** What is done for element {@code i} by the thread numbered {@code lane}. */
  interface Body {
    void accept(int lane, int i);
  }

  /**
   * Runs {@code body} for 0 ≤ i &lt; n, in contiguous parts that run at the same time, each on a
   * thread of its own with single-threaded native calls. The bodies must be independent of each
   * other, so that the result does not depend on {@code threads}.
   */
  static void each(int n, int threads, Body body) {
    int lanes = Math.max(1, Math.min(threads, n));
    CompletableFuture<?>[] others = new CompletableFuture<?>[lanes - 1];
    for (int lane = 1; lane < lanes; lane++) {
      Runnable part = part(n, lanes, lane, body);
      others[lane - 1] = CompletableFuture.runAsync(part);
    }
    part(n, lanes, 0, body).run();
    CompletableFuture.allOf(others).join();
  }

  private static Runnable part(int n, int lanes, int lane, Body body) {
    int from = (int) ((long) n * lane / lanes);
    int to = (int) ((long) n * (lane + 1) / lanes);
    return () ->
        NativeRuntime.singleThreaded(
            () -> {
              for (int i = from; i < to; i++) {
                body.accept(lane, i);
              }
            });
  }

  /** Views of x [b, ...] along its first axis, of {@code size} each (the last may be smaller). */
  static INDArray[] slices(INDArray x, int size) {
    int b = (int) x.size(0);
    INDArray[] slices = new INDArray[(b + size - 1) / size];
    if (slices.length == 1) {
      slices[0] = x;
      return slices;
    }
    INDArray flat = x.reshape(x.length());
    long row = x.length() / b;
    for (int s = 0; s < slices.length; s++) {
      long from = (long) s * size;
      long to = Math.min(b, from + size);
      long[] shape = x.shape().clone();
      shape[0] = to - from;
      slices[s] = flat.get(NDArrayIndex.interval(from * row, to * row)).reshape('c', shape);
    }
    return slices;
  }
}
