package org.deepercluster.stages.cluster;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Passes within this process, over blocks that can be gone through again and again. */
final class InMemoryPasses implements Passes {
  private final Iterable<Block> blocks;
  private final int dim;
  private final int rows;
  private final Map<Integer, BlockAssignment> level1 = new TreeMap<>();
  private final Map<Integer, BlockAssignment> level2 = new TreeMap<>();

  /**
   * Looks through the blocks once.
   *
   * @throws IllegalArgumentException if there is no row, dimensions differ, or blocks leave gaps
   */
  InMemoryPasses(Iterable<Block> blocks) {
    this.blocks = blocks;
    TreeMap<Integer, Block> shapes = new TreeMap<>();
    for (Block block : blocks) {
      Block shape = new Block(block.id(), block.firstRow(), 0, block.dim(), new float[0]);
      if (shapes.put(block.id(), shape) != null) {
        throw new IllegalArgumentException("two blocks have the id " + block.id());
      }
      level1.put(block.id(), new BlockAssignment(new int[block.rows()], new float[block.rows()]));
    }
    if (shapes.isEmpty()) {
      throw new IllegalArgumentException("k-means needs at least one block of rows, got none");
    }
    this.dim = shapes.firstEntry().getValue().dim();
    long next = 0;
    for (Block shape : shapes.values()) {
      if (shape.dim() != dim) {
        throw new IllegalArgumentException(
            "block " + shape.id() + " has dimension " + shape.dim() + ", the first one " + dim);
      }
      if (shape.firstRow() != next) {
        throw new IllegalArgumentException(
            "block " + shape.id() + " must start at row " + next + ", got " + shape.firstRow());
      }
      next += level1.get(shape.id()).rows();
    }
    this.rows = Math.toIntExact(next);
  }

  @Override
  public int dim() {
    return dim;
  }

  /** Rows in all. */
  int rows() {
    return rows;
  }

  @Override
  public Seeding seeds(int groups, int perGroup, long seed) {
    Seeding all = new Seeding(groups, perGroup);
    for (Block block : blocks) {
      all.add(Seeding.of(block, groups == 1 ? null : superClusters(block), groups, perGroup, seed));
    }
    return all;
  }

  @Override
  public float[] rows(long[] wanted) {
    Map<Long, Integer> place = new HashMap<>();
    for (int i = 0; i < wanted.length; i++) {
      place.put(wanted[i], i);
    }
    float[] found = new float[Math.multiplyExact(wanted.length, dim)];
    for (Block block : blocks) {
      for (int r = 0; r < block.rows(); r++) {
        Integer at = place.get(block.firstRow() + r);
        if (at != null) {
          System.arraycopy(block.data(), r * dim, found, at * dim, dim);
        }
      }
    }
    return found;
  }

  @Override
  public Partial partial(int level, Centroids centroids) {
    Partial all = new Partial(centroids.count(), dim);
    try (KMeansPass pass = new KMeansPass(centroids)) {
      for (Block block : blocks) {
        all.add(pass.partial(block, level == 1 ? null : superClusters(block)));
      }
    }
    return all;
  }

  @Override
  public Tally assign(int level, Centroids centroids) {
    Tally all = new Tally(centroids.count());
    try (KMeansPass pass = new KMeansPass(centroids)) {
      for (Block block : blocks) {
        BlockAssignment found = pass.assign(block, level == 1 ? null : superClusters(block));
        (level == 1 ? level1 : level2).put(block.id(), found);
        all.add(Tally.of(found, centroids.count()));
      }
    }
    return all;
  }

  private int[] superClusters(Block block) {
    return level1.get(block.id()).centroid();
  }

  /** The assignment of all rows, in row order. */
  Clustering clustering(HierarchicalKMeans.Model model) {
    int[] superCluster = new int[rows];
    int[] subCluster = new int[rows];
    float[] distance = new float[rows];
    long[] rejected = new long[rows];
    int rejects = 0;
    int at = 0;
    int perGroup = model.subCentroids().perGroup();
    for (Map.Entry<Integer, BlockAssignment> entry : level1.entrySet()) {
      BlockAssignment sub = level2.get(entry.getKey());
      for (int r = 0; r < sub.rows(); r++, at++) {
        superCluster[at] = entry.getValue().centroid()[r];
        subCluster[at] = sub.centroid()[r] < 0 ? -1 : sub.centroid()[r] % perGroup;
        distance[at] = sub.distance()[r];
        if (sub.centroid()[r] < 0) {
          rejected[rejects++] = at;
        }
      }
    }
    return new Clustering(
        model, superCluster, subCluster, distance, Arrays.copyOf(rejected, rejects));
  }
}
