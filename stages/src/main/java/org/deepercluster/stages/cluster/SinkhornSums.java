package org.deepercluster.stages.cluster;

import java.io.Serializable;

/**
 * What blocks add to an iteration's sums. Blocks are added in their order; so the sums do not
 * depend on who worked on which.
 */
final class SinkhornSums implements Serializable {
  private static final long serialVersionUID = 1;

  /** Usable rows. */
  long images;

  /** N·Σ_i Q_yi over the rows, [H·K]; zero for heads that are done. */
  final double[] mass;

  /** −N·Σ_i Σ_y Q_yi log p(y|x_i), [H], in nats; zero for heads that are done. */
  final double[] cost;

  /** Nothing yet. */
  SinkhornSums(int heads, int labels) {
    mass = new double[heads * labels];
    cost = new double[heads];
  }

  /** Adds those of the next block. */
  void add(SinkhornSums next) {
    images += next.images;
    for (int i = 0; i < mass.length; i++) {
      mass[i] += next.mass[i];
    }
    for (int h = 0; h < cost.length; h++) {
      cost[h] += next.cost[h];
    }
  }
}
