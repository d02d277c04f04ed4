package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Sinkhorn-Knopp on the log-probabilities of H classifiers (Asano et al., ICLR 2020, section 3.1):
 * Q = diag(α)·P^λ·diag(β), whose rows (labels) sum to 1/K and columns (images) to 1/N. It
 * alternates α ← (1/K) ⊘ (P^λβ) and β ← (1/N) ⊘ (αᵀP^λ)ᵀ. An iteration is one pass over the data,
 * in which β follows from α row by row; only the K sums of the rows of Q, and α, travel.
 *
 * <p>The first α is not 1 but makes each label's largest entry 1. Then every label has at least 1/K
 * of an image from the first iteration on, and no sum is ever zero. The Q that the iterations lead
 * to does not depend on where they start.
 *
 * @param block H, K and λ
 * @param tolerance largest |K·Σ_i Q_yi − 1| at the end
 * @param maxIterations at most
 */
record Sinkhorn(SinkhornBlock block, double tolerance, int maxIterations) implements Serializable {
  /** What the configuration says of it. */
  static Sinkhorn of(ClusterConfig config) {
    SinkhornConfig s = config.sinkhorn();
    return new Sinkhorn(
        new SinkhornBlock(s.heads(), config.k(), s.lambda()), s.tolerance(), s.maxIterations());
  }

  /** Takes over what is larger in another block's {@link SinkhornPasses#largest}. */
  static void largest(double[] all, double[] next) {
    for (int i = 0; i < all.length; i++) {
      all[i] = Math.max(all[i], next[i]);
    }
  }

  /**
   * Where the iterations ended.
   *
   * @param logAlpha ln α, [H·K]
   * @param marginal K·Σ_i Q_yi with this α, [H·K]
   * @param traces of all iterations, by iteration and head
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Model(double[] logAlpha, double[] marginal, List<SinkhornTrace> traces)
      implements Serializable {}

  /**
   * Iterates until all heads hold to the tolerance.
   *
   * @param passes over the data
   * @param progress told after each iteration of a head
   * @throws IllegalArgumentException where there are fewer usable rows than labels
   */
  Model run(SinkhornPasses passes, Consumer<SinkhornTrace> progress) throws Exception {
    int heads = block.heads();
    int k = block.labels();
    double[] logAlpha = passes.largest();
    for (int i = 0; i < logAlpha.length; i++) {
      logAlpha[i] = -logAlpha[i];
    }
    if (Arrays.stream(logAlpha).anyMatch(Double::isInfinite)) {
      throw new IllegalArgumentException("no image has usable features");
    }
    double[] marginal = new double[logAlpha.length];
    boolean[] active = new boolean[heads];
    Arrays.fill(active, true);
    List<SinkhornTrace> traces = new ArrayList<>();
    for (int iteration = 0, left = heads; left > 0; iteration++) {
      SinkhornSums sums = passes.sums(logAlpha, active);
      double n = sums.images;
      if (n < k) {
        throw new IllegalArgumentException(
            "k = " + k + " is more than the " + (long) n + " images with usable features");
      }
      for (int h = 0; h < heads; h++) {
        if (!active[h]) {
          continue;
        }
        double error = 0;
        for (int i = h * k; i < (h + 1) * k; i++) {
          marginal[i] = k * sums.mass[i] / n;
          error = Math.max(error, Math.abs(marginal[i] - 1));
        }
        SinkhornTrace trace = new SinkhornTrace(h, iteration, sums.cost[h] / n, error);
        traces.add(trace);
        progress.accept(trace);
        if (error <= tolerance || iteration + 1 == maxIterations) {
          active[h] = false;
          left--;
          continue;
        }
        for (int i = h * k; i < (h + 1) * k; i++) {
          logAlpha[i] -= StrictMath.log(marginal[i]);
        }
      }
    }
    return new Model(logAlpha, marginal, traces);
  }
}
