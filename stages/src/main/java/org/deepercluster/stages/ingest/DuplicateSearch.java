package org.deepercluster.stages.ingest;

import java.util.Arrays;

/**
 * Finds, for each of some images, the earliest one before it that it repeats.
 *
 * <p><i>Exact</i>: the same bytes, told by 128 bits of SHA-256. <i>Near</i>: perceptual hashes that
 * differ in at most {@link #MAX_DISTANCE} bits. Of two such hashes at least one of four bands of 16
 * bits is equal, so comparing within equal bands finds all pairs; but of more than {@link #WINDOW}
 * different hashes with an equal band each is compared with no more than the {@code WINDOW} that
 * follow it in order of value.
 */
final class DuplicateSearch {
  /** Most bits in which the hashes of near duplicates differ. */
  static final int MAX_DISTANCE = 3;

  /** Bands that a hash is cut into. */
  static final int BANDS = 4;

  /** Different hashes of one band that each is compared with, at most. */
  static final int WINDOW = 4096;

  /** Band number of what is compared by content. */
  static final int CONTENT = -1;

  private static final int BAND_BITS = 16;

  private DuplicateSearch() {}

  /** 16 bits of a perceptual hash. */
  static int band(long hash, int band) {
    return (int) (hash >>> (BAND_BITS * band)) & 0xFFFF;
  }

  /**
   * Exact duplicates.
   *
   * @param high first 64 bits of each image's content hash, in the order of the images
   * @param low the next 64 bits
   * @return for each image the index of the first one with the same content, or −1 if that is
   *     itself
   */
  static int[] exact(long[] high, long[] low) {
    Integer[] order = new Integer[high.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(
        order,
        (a, b) ->
            high[a] != high[b]
                ? Long.compare(high[a], high[b])
                : low[a] != low[b] ? Long.compare(low[a], low[b]) : Integer.compare(a, b));
    int[] first = new int[high.length];
    int run = 0;
    for (int i = 0; i < order.length; i++) {
      int begin = order[run];
      int at = order[i];
      if (high[at] != high[begin] || low[at] != low[begin]) {
        run = i;
      }
      first[at] = run == i ? -1 : order[run];
    }
    return first;
  }

  /**
   * Near duplicates by one band.
   *
   * @param hashes of the images, in their order
   * @param band 0 to 3
   * @return for each image the index of the earliest one before it that shares the band and differs
   *     in at most {@link #MAX_DISTANCE} bits, or −1
   */
  static int[] near(long[] hashes, int band) {
    Integer[] order = new Integer[hashes.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(
        order,
        (a, b) -> {
          int byBand = Integer.compare(band(hashes[a], band), band(hashes[b], band));
          if (byBand != 0) {
            return byBand;
          }
          int byHash = Long.compareUnsigned(hashes[a], hashes[b]);
          return byHash != 0 ? byHash : Integer.compare(a, b);
        });
    // different hashes, each with the first image that has it: the earliest of their run
    int[] starts = new int[order.length + 1];
    int count = 0;
    for (int i = 0; i < order.length; i++) {
      if (i == 0 || hashes[order[i]] != hashes[order[i - 1]]) {
        starts[count++] = i;
      }
    }
    starts[count] = order.length;
    int[] earliest = new int[count];
    for (int d = 0; d < count; d++) {
      earliest[d] = order[starts[d]];
    }
    for (int d = 0; d < count; d++) {
      long hash = hashes[order[starts[d]]];
      int key = band(hash, band);
      for (int e = d + 1; e < count && e - d <= WINDOW; e++) {
        long other = hashes[order[starts[e]]];
        if (band(other, band) != key) {
          break;
        }
        if (Long.bitCount(hash ^ other) <= MAX_DISTANCE) {
          earliest[d] = Math.min(earliest[d], order[starts[e]]);
          earliest[e] = Math.min(earliest[e], order[starts[d]]);
        }
      }
    }
    int[] first = new int[order.length];
    for (int d = 0; d < count; d++) {
      for (int i = starts[d]; i < starts[d + 1]; i++) {
        first[order[i]] = earliest[d] < order[i] ? earliest[d] : -1;
      }
    }
    return first;
  }
}
