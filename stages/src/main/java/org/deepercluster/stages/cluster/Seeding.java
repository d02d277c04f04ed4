package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.PriorityQueue;
import org.deepercluster.stages.config.Seeds;

/**
 * Random distinct rows to start k-means from: in each group the {@code perGroup} usable rows with
 * the smallest hash of (seed, row index). That is a uniform draw without replacement which depends
 * on nothing but seed, rows and groups; chunks may be merged in any order.
 */
final class Seeding {
  /**
   * Where a drawn row is.
   *
   * @param hash that it was drawn by
   * @param row index in the collection
   * @param file the row's file
   * @param at its place in the file
   */
  record Draw(long hash, long row, RowFile file, int at) implements Serializable, Comparable<Draw> {
    @Override
    public int compareTo(Draw o) {
      int byHash = Long.compare(hash, o.hash);
      return byHash != 0 ? byHash : Long.compare(row, o.row);
    }
  }

  /**
   * Rows of a chunk with small hashes.
   *
   * @param group of each, increasing
   */
  record Found(int[] group, Draw[] draws) implements Serializable {}

  private final int perGroup;
  private final PriorityQueue<Draw>[] smallest;

  /** Of no rows. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  Seeding(int groups, int perGroup) {
    this.perGroup = perGroup;
    this.smallest = new PriorityQueue[groups];
    for (int g = 0; g < groups; g++) {
      smallest[g] = new PriorityQueue<>(java.util.Comparator.reverseOrder());
    }
  }

  /**
   * Of one chunk.
   *
   * @param limits of each group: rows whose hash is above are left out
   */
  static Found of(Chunk chunk, long seed, long[] limits) throws IOException {
    java.util.ArrayList<Draw> draws = new java.util.ArrayList<>();
    java.util.ArrayList<Integer> groups = new java.util.ArrayList<>();
    for (Chunk.Piece p : chunk.pieces()) {
      try (RawFile file = RawFile.open(p.file().path())) {
        float[] norms = file.floats(p.file().normsAt(p.from()), p.rows());
        int[] places = file.ints(p.file().placesAt(p.from()), p.rows());
        for (int i = 0; i < norms.length; i++) {
          long row = p.file().firstRow() + places[i];
          long hash = Seeds.of(seed, row);
          if (hash <= limits[p.group()] && !Float.isNaN(norms[i])) {
            draws.add(new Draw(hash, row, p.file(), p.from() + i));
            groups.add(p.group());
          }
        }
      }
    }
    return new Found(
        groups.stream().mapToInt(Integer::intValue).toArray(), draws.toArray(new Draw[0]));
  }

  /**
   * A hash below which {@code perGroup} of {@code rows} rows most likely are, and not many more: so
   * that chunks need not send all their rows.
   */
  static long limit(int perGroup, long rows) {
    double wanted = (perGroup + 8 * Math.sqrt(perGroup) + 64) / Math.max(1, rows);
    return wanted >= 1 ? Long.MAX_VALUE : (long) (Long.MIN_VALUE + wanted * 0x1p64);
  }

  /** Adds other rows; returns this. */
  Seeding add(Found found) {
    for (int i = 0; i < found.group().length; i++) {
      // The hash is a bijection of the row index, so two rows never share one.
      PriorityQueue<Draw> kept = smallest[found.group()[i]];
      if (kept.size() < perGroup) {
        kept.add(found.draws()[i]);
      } else if (found.draws()[i].compareTo(kept.peek()) < 0) {
        kept.poll();
        kept.add(found.draws()[i]);
      }
    }
    return this;
  }

  /** The rows drawn in a group, in the order of their hash; fewer than wanted if it has fewer. */
  Draw[] rows(int group) {
    Draw[] rows = smallest[group].toArray(new Draw[0]);
    Arrays.sort(rows);
    return rows;
  }
}
