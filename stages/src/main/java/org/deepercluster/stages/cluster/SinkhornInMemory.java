package org.deepercluster.stages.cluster;

import java.util.Arrays;
import java.util.List;

/** Passes within this process, over blocks of log P in memory. */
record SinkhornInMemory(SinkhornBlock block, List<Block> blocks) implements SinkhornPasses {
  @Override
  public double[] largest() {
    double[] largest = new double[block.heads() * block.labels()];
    Arrays.fill(largest, Double.NEGATIVE_INFINITY);
    for (Block b : blocks) {
      Sinkhorn.largest(largest, block.largest(b));
    }
    return largest;
  }

  @Override
  public SinkhornSums sums(double[] logAlpha, boolean[] active) {
    SinkhornSums all = new SinkhornSums(block.heads(), block.labels());
    for (Block b : blocks) {
      all.add(block.sums(b, logAlpha, active));
    }
    return all;
  }
}
