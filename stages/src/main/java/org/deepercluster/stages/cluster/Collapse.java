package org.deepercluster.stages.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import org.deepercluster.stages.beam.StageException;

/** The alarm for clusterings that put almost all images into a few of their clusters. */
final class Collapse {
  /** Settings that change when there is an alarm and what follows, but no clustering. */
  static final List<String> SETTINGS = List.of("collapseThreshold", "onCollapse");

  private Collapse() {}

  /**
   * Looks for a collapse, and says in {@code clusters/collapsed} whether there is one, 1 or 0.
   *
   * @param health of each level or head, by its name
   * @param numbers gets the number
   * @return a warning for each that has collapsed
   * @throws StageException if there is one and the run shall end then
   */
  static List<String> check(
      ClusterConfig config, SortedMap<String, ClusterHealth> health, Map<String, Double> numbers)
      throws StageException {
    List<String> warnings = new ArrayList<>();
    health.forEach(
        (name, h) -> {
          if (h.normalisedEntropy() < config.collapseThreshold()) {
            warnings.add(
                String.format(
                    Locale.ROOT,
                    "clusters have collapsed: %s has a normalised entropy of %.4g, below"
                        + " clustering.collapseThreshold = %s; the largest of its %,d clusters has"
                        + " %,d of %,d images (%.1f %%)",
                    name,
                    h.normalisedEntropy(),
                    config.collapseThreshold(),
                    h.clusters(),
                    h.largest(),
                    h.rows(),
                    100 * h.largestShare()));
          }
        });
    numbers.put("clusters/collapsed", warnings.isEmpty() ? 0.0 : 1.0);
    if (config.onCollapse() == OnCollapse.FAIL && !warnings.isEmpty()) {
      throw new StageException(
          String.join("\n", warnings)
              + "\nclustering.onCollapse = fail ends the run; with onCollapse: warn or a lower"
              + " threshold the same command continues it");
    }
    return warnings;
  }
}
