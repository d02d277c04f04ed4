package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/**
 * Contingency table of two labelings of the same rows, sparse: only pairs that occur take room.
 * Rows with a negative label in either are left out. Counts add exactly, in any order.
 */
public final class Contingency implements Serializable {
  private static final long serialVersionUID = 1L;

  private final TreeMap<Long, Long> cells = new TreeMap<>();
  private final TreeMap<Integer, Long> left = new TreeMap<>();
  private final TreeMap<Integer, Long> right = new TreeMap<>();
  private long total;

  /**
   * Counts the pairs of two labelings.
   *
   * @param a labels of the rows
   * @param b other labels of the same rows
   */
  public static Contingency of(int[] a, int[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException(
          "two labelings of the same rows expected, got " + a.length + " and " + b.length);
    }
    Contingency table = new Contingency();
    for (int i = 0; i < a.length; i++) {
      if (a[i] >= 0 && b[i] >= 0) {
        table.count(a[i], b[i], 1);
      }
    }
    return table;
  }

  private void count(int a, int b, long n) {
    cells.merge((long) a << 32 | b, n, Long::sum);
    left.merge(a, n, Long::sum);
    right.merge(b, n, Long::sum);
    total += n;
  }

  /** Adds the pairs of other rows; returns this. */
  public Contingency add(Contingency other) {
    other.forEach(this::count);
    return this;
  }

  /** Receives one pair of labels and how many rows have it. */
  @FunctionalInterface
  public interface CellConsumer {
    /** One pair with at least one row. */
    void accept(int a, int b, long count);
  }

  /** Goes through the pairs that occur, by increasing (a, b). */
  public void forEach(CellConsumer consumer) {
    for (Map.Entry<Long, Long> cell : cells.entrySet()) {
      consumer.accept((int) (cell.getKey() >> 32), (int) (long) cell.getKey(), cell.getValue());
    }
  }

  /** Rows with both labels {@code a} and {@code b}. */
  public long count(int a, int b) {
    return cells.getOrDefault((long) a << 32 | b, 0L);
  }

  /** Sizes of the first labeling's classes that occur, by increasing label. */
  public long[] leftSizes() {
    return left.values().stream().mapToLong(Long::longValue).toArray();
  }

  /** Sizes of the second labeling's classes that occur, by increasing label. */
  public long[] rightSizes() {
    return right.values().stream().mapToLong(Long::longValue).toArray();
  }

  /** Rows counted. */
  public long total() {
    return total;
  }
}
