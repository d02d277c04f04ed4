package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.SortedSet;
import java.util.TreeSet;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;

/** SeLa: labels by Sinkhorn-Knopp (Asano et al., ICLR 2020), and when they are updated. */
public record SinkhornConfig(
    @Key(
            doc = "Heads: each tells k labels of its own; the loss is their mean.",
            symbol = "H",
            def = "10",
            min = 1,
            max = 1000)
        int heads,
    @Key(
            doc =
                "Weight of the log-probabilities against the entropy of Q: the larger, the nearer"
                    + " Q is to labels, and the more iterations it takes.",
            symbol = "λ",
            def = "25",
            min = 0,
            aboveMin = true,
            max = 1000)
        double lambda,
    @Key(
            doc =
                "Iterations end when every label's share of the images is within this part of 1/k.",
            def = "0.01",
            min = 1e-12,
            max = 1)
        double tolerance,
    @Key(
            doc =
                "Iterations at most; labels are then taken as they are, and the error is reported.",
            def = "2000",
            min = 1,
            max = 1_000_000)
        int maxIterations,
    @Key(
            doc =
                "Epochs before which labels are updated: `quadratic` (denser at the start), or a"
                    + " list that begins with 0, such as `0, 1, 2, 4, 8`.",
            def = "quadratic")
        String updates,
    @Key(
            doc =
                "Updates of `quadratic`: n of them, the i-th before epoch ⌊epochs·(i/n)²⌋; those of"
                    + " one epoch are one. Left out: 100.",
            symbol = "n",
            def = Key.NONE,
            min = 1,
            max = 100_000)
        Integer updateCount,
    @Key(
            doc =
                "Also turn the images by quarter turns and tell the rotation, with one more head.",
            def = "false")
        boolean rotation)
    implements Serializable {
  private static final String QUADRATIC = "quadratic";
  private static final int PUBLISHED_UPDATES = 100;

  /** Fills in {@code updateCount} for the named schedule, and checks. */
  public SinkhornConfig {
    Schema.check(
        SinkhornConfig.class,
        heads,
        lambda,
        tolerance,
        maxIterations,
        updates,
        updateCount,
        rotation);
    if (updates.equals(QUADRATIC)) {
      updateCount = updateCount == null ? (Integer) PUBLISHED_UPDATES : updateCount;
    } else {
      listed(updates);
      Schema.require(
          updateCount == null,
          "must be left out where updates is a list, got " + updateCount,
          "updateCount",
          "updates");
    }
  }

  private static TreeSet<Integer> listed(String updates) {
    TreeSet<Integer> epochs = new TreeSet<>();
    boolean fine = true;
    for (String word : updates.split(",", -1)) {
      String epoch = word.strip();
      fine &=
          epoch.matches("[0-9]{1,6}")
              && (epochs.isEmpty() ? 0 : epochs.last() + 1) <= Integer.parseInt(epoch)
              && (!epochs.isEmpty() || Integer.parseInt(epoch) == 0);
      if (fine) {
        epochs.add(Integer.parseInt(epoch));
      }
    }
    Schema.require(
        fine,
        "must be quadratic, or a list of increasing epochs that begins with 0 (0, 1, 2, 4), got "
            + updates,
        "updates");
    return epochs;
  }

  /**
   * Epochs, from 0, before which labels are updated.
   *
   * @param epochs of the training; a list may name later ones, which are kept
   */
  public SortedSet<Integer> updateEpochs(int epochs) {
    if (!updates.equals(QUADRATIC)) {
      return listed(updates);
    }
    TreeSet<Integer> at = new TreeSet<>();
    long n = updateCount;
    for (long i = 0; i < n; i++) {
      at.add((int) (epochs * i * i / (n * n)));
    }
    return at;
  }
}
