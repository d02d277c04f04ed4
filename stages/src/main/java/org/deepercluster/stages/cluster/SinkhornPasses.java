package org.deepercluster.stages.cluster;

/** Passes over all blocks of log P, which may lie in memory or in files. */
interface SinkhornPasses {
  /**
   * The largest log Q_yi·N over the images at α = 1, for each label.
   *
   * @return [H·K]; −∞ where no row is usable
   */
  double[] largest() throws Exception;

  /**
   * One iteration's sums over all blocks, added in their order.
   *
   * @param logAlpha ln α_y, [H·K]
   * @param active which heads are not done, [H]
   */
  SinkhornSums sums(double[] logAlpha, boolean[] active) throws Exception;
}
