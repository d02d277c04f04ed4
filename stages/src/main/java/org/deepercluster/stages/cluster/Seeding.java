package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;
import org.deepercluster.stages.config.Seeds;

/**
 * Random distinct rows to start k-means from: in each group the {@code perGroup} usable rows with
 * the smallest hash of (seed, row index). That is a uniform draw without replacement which depends
 * on nothing but seed, rows and groups; blocks may be merged in any order.
 */
public final class Seeding implements Serializable {
  private static final long serialVersionUID = 1L;

  private final int perGroup;
  private final TreeMap<Long, Long>[] smallest;

  /** Of no rows. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  public Seeding(int groups, int perGroup) {
    this.perGroup = perGroup;
    this.smallest = new TreeMap[groups];
    for (int g = 0; g < groups; g++) {
      smallest[g] = new TreeMap<>();
    }
  }

  /**
   * Of one block.
   *
   * @param block whitened rows; those with NaN or infinity are passed over
   * @param superCluster group of each row, -1 for none; null means group 0 for all
   * @param groups number of groups
   * @param perGroup rows wanted in each
   * @param seed the level's seed
   */
  public static Seeding of(Block block, int[] superCluster, int groups, int perGroup, long seed) {
    Seeding seeding = new Seeding(groups, perGroup);
    for (int r = 0; r < block.rows(); r++) {
      int g = superCluster == null ? 0 : superCluster[r];
      if (g >= 0 && block.usable(r)) {
        // The hash is a bijection of the row index, so two rows never share one.
        seeding.offer(g, Seeds.of(seed, block.firstRow() + r), block.firstRow() + r);
      }
    }
    return seeding;
  }

  private void offer(int group, long hash, long row) {
    TreeMap<Long, Long> kept = smallest[group];
    if (kept.size() < perGroup) {
      kept.put(hash, row);
    } else if (hash < kept.lastKey()) {
      kept.put(hash, row);
      kept.pollLastEntry();
    }
  }

  /** Adds other rows; returns this. */
  public Seeding add(Seeding other) {
    for (int g = 0; g < smallest.length; g++) {
      for (Map.Entry<Long, Long> entry : other.smallest[g].entrySet()) {
        offer(g, entry.getKey(), entry.getValue());
      }
    }
    return this;
  }

  /** The rows drawn in a group, in the order of their hash; fewer than wanted if it has fewer. */
  public long[] rows(int group) {
    return smallest[group].values().stream().mapToLong(Long::longValue).toArray();
  }
}
