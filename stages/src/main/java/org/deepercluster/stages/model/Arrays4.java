package org.deepercluster.stages.model;

import java.nio.FloatBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;
import org.bytedeco.javacpp.FloatPointer;
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
      return view;
    }

    /** The array that was last asked for. */
    INDArray view() {
      return view;
    }

    @Override
    public void close() {
      if (memory != null && memory.closeable()) {
        memory.close();
      }
      memory = null;
      view = null;
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

  /**
   * Runs {@code body} for 0 ≤ i &lt; n, in {@code threads} contiguous slices at the same time. The
   * bodies must be independent of each other, so that the result is too.
   */
  static void each(int n, int threads, IntConsumer body) {
    int slices = Math.max(1, Math.min(threads, n));
    CompletableFuture<?>[] others = new CompletableFuture<?>[slices - 1];
    for (int s = 1; s < slices; s++) {
      int from = (int) ((long) n * s / slices);
      int to = (int) ((long) n * (s + 1) / slices);
      others[s - 1] =
          CompletableFuture.runAsync(
              () -> {
                for (int i = from; i < to; i++) {
                  body.accept(i);
                }
              });
    }
    for (int i = 0; i < n / slices; i++) {
      body.accept(i);
    }
    CompletableFuture.allOf(others).join();
  }
}
