package org.deepercluster.stages.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Walks over the draws of one worker's share of an epoch, batch by batch, in their order. Every
 * draw is in exactly one batch: the last batch is smaller where the batch size does not divide the
 * share, and a single draw that would be left over joins the batch before it, since batch
 * statistics of one image are no estimate. (A share of one draw is a batch of one.)
 *
 * <p>With {@code threads > 0} the next batches are made on other threads while the current one is
 * trained on; order and content stay the same. Close it to end those threads.
 */
public final class EpochBatches implements Iterator<Batch>, AutoCloseable {
  private final int[] superClass;
  private final int[] subClass;
  private final int batchSize;
  private final int inputSize;
  private final BatchSource source;
  private final int end;
  private final int ahead;
  private final ExecutorService workers;
  private final Deque<Future<Batch>> pending = new ArrayDeque<>();
  private int submitted;
  private int next;
  private boolean closed;

  private EpochBatches(
      int[] superClass,
      int[] subClass,
      int batchSize,
      int inputSize,
      BatchSource source,
      int first,
      int end,
      int threads) {
    this.superClass = superClass;
    this.subClass = subClass;
    this.batchSize = batchSize;
    this.inputSize = inputSize;
    this.source = source;
    this.next = first;
    this.submitted = first;
    this.end = end;
    this.ahead = 2 * threads;
    this.workers =
        threads == 0
            ? null
            : Executors.newFixedThreadPool(
                threads,
                task -> {
                  Thread thread = new Thread(task, "batches");
                  thread.setDaemon(true);
                  return thread;
                });
  }

  /**
   * Batches {@code [first, end)} of a share.
   *
   * @param superClass s of each draw of the share, in their order
   * @param subClass z of each draw within its super-class; with H heads [draws, H] row-major
   * @param batchSize images per batch of this worker
   * @param inputSize c · h · w, values per image
   * @param source makes the pixels
   * @param first first batch to give
   * @param end one past the last, at most {@link #count}
   * @param threads that make batches ahead; 0: each batch is made when it is asked for
   * @throws IllegalArgumentException when a number is out of range
   */
  public static EpochBatches open(
      int[] superClass,
      int[] subClass,
      int batchSize,
      int inputSize,
      BatchSource source,
      int first,
      int end,
      int threads) {
    if (superClass.length == 0
        ? subClass.length > 0
        : subClass.length == 0 || subClass.length % superClass.length != 0) {
      throw new IllegalArgumentException(
          superClass.length + " super-classes for " + subClass.length + " sub-classes");
    }
    int count = count(superClass.length, batchSize);
    if (first < 0 || first > end || end > count) {
      throw new IllegalArgumentException(
          "batches " + first + " to " + end + " of a share of " + count);
    }
    if (inputSize < 1 || threads < 0) {
      throw new IllegalArgumentException(
          "inputSize must be at least 1, threads at least 0, got " + inputSize + " and " + threads);
    }
    Objects.requireNonNull(source, "source");
    return new EpochBatches(
        superClass, subClass, batchSize, inputSize, source, first, end, threads);
  }

  /**
   * Number of batches of a share.
   *
   * @param draws in the share, at least 0
   * @param batchSize at least 1
   */
  public static int count(int draws, int batchSize) {
    if (draws < 0 || batchSize < 1) {
      throw new IllegalArgumentException(draws + " draws in batches of " + batchSize);
    }
    int rest = draws % batchSize;
    int full = draws / batchSize;
    return rest == 0 || (rest == 1 && full > 0) ? full : full + 1;
  }

  @Override
  public boolean hasNext() {
    return !closed && next < end;
  }

  /**
   * The next batch; waits for it where it is made ahead.
   *
   * @throws UncheckedIOException when an image could not be read, naming the batch; any other
   *     failure of the source comes as it is. After a failure there are no more batches
   */
  @Override
  public Batch next() {
    if (!hasNext()) {
      throw new NoSuchElementException("no batch after batch " + (end - 1));
    }
    boolean done = false;
    try {
      Batch batch = workers == null ? make(next) : take();
      next++;
      done = true;
      return batch;
    } finally {
      if (!done) {
        close();
      }
    }
  }

  private Batch take() {
    while (submitted < end && pending.size() < ahead) {
      int index = submitted++;
      pending.add(workers.submit(() -> make(index)));
    }
    try {
      Batch batch = pending.remove().get();
      if (submitted < end) {
        int index = submitted++;
        pending.add(workers.submit(() -> make(index)));
      }
      return batch;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for batch " + next, e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      if (e.getCause() instanceof Error failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  private Batch make(int index) {
    int from = index * batchSize;
    int to =
        index == count(superClass.length, batchSize) - 1 ? superClass.length : from + batchSize;
    float[] x = new float[Math.multiplyExact(to - from, inputSize)];
    try {
      source.fill(from, to, x);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "batch " + index + " (draws " + from + " to " + (to - 1) + "): " + e.getMessage(), e);
    }
    int heads = subClass.length / superClass.length;
    return new Batch(
        index,
        x,
        Arrays.copyOfRange(superClass, from, to),
        Arrays.copyOfRange(subClass, from * heads, to * heads));
  }

  /** Gives no more batches, and returns when no thread makes one any more. */
  @Override
  public void close() {
    closed = true;
    if (workers == null) {
      return;
    }
    pending.clear();
    workers.shutdownNow();
    boolean interrupted = false;
    while (true) {
      try {
        if (workers.awaitTermination(1, TimeUnit.MINUTES)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
