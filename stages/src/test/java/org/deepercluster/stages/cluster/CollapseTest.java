package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.config.Schema;
import org.junit.jupiter.api.Test;

class CollapseTest {
  private static final TreeMap<String, ClusterHealth> HEALTH =
      new TreeMap<>(
          Map.of(
              "level 1", ClusterHealth.of(new long[] {60, 40}),
              "level 2", ClusterHealth.of(new long[] {95, 1, 2, 2})));

  private static ClusterConfig config(double threshold, OnCollapse onCollapse) {
    return Configs.of(
        "algorithm",
        ClusterAlgorithm.KMEANS,
        "collapseThreshold",
        threshold,
        "onCollapse",
        onCollapse);
  }

  private static List<String> check(
      double threshold, OnCollapse onCollapse, Map<String, Double> numbers) throws StageException {
    return Collapse.check(config(threshold, onCollapse), HEALTH, numbers);
  }

  @Test
  void warnsOfWhatIsBelowTheThreshold() throws StageException {
    TreeMap<String, Double> numbers = new TreeMap<>();
    assertThat(check(0.5, OnCollapse.WARN, numbers))
        .containsExactly(
            "clusters have collapsed: level 2 has a normalised entropy of 0.1812, below"
                + " clustering.collapseThreshold = 0.5; the largest of its 4 clusters has 95 of 100"
                + " images (95.0 %)");
    assertThat(numbers).containsExactly(Map.entry("clusters/collapsed", 1.0));
    assertThat(check(0.98, OnCollapse.WARN, numbers)).as("both levels").hasSize(2);
  }

  @Test
  void saysNothingOfWhatIsNot() throws StageException {
    TreeMap<String, Double> numbers = new TreeMap<>();
    assertThat(check(0.1, OnCollapse.FAIL, numbers)).isEmpty();
    assertThat(numbers).containsExactly(Map.entry("clusters/collapsed", 0.0));
    assertThat(check(0, OnCollapse.FAIL, numbers)).as("0 is never").isEmpty();
    TreeMap<String, ClusterHealth> worst =
        new TreeMap<>(Map.of("level 1", ClusterHealth.of(new long[] {9, 0, 0})));
    assertThat(Collapse.check(config(0, OnCollapse.FAIL), worst, numbers)).isEmpty();
  }

  @Test
  void endsTheRunIfTold() {
    assertThatThrownBy(() -> check(0.5, OnCollapse.FAIL, new TreeMap<>()))
        .isInstanceOf(StageException.class)
        .hasMessageStartingWith("clusters have collapsed: level 2")
        .hasMessageEndingWith(
            "clustering.onCollapse = fail ends the run; with onCollapse: warn or a lower threshold"
                + " the same command continues it");
  }

  @Test
  void settingsDoNotChangeTheClustering() {
    assertThat(new ClusterStage(config(0.5, OnCollapse.FAIL), 0, 1).settings())
        .isEqualTo(new ClusterStage(config(0.1, OnCollapse.WARN), 0, 1).settings())
        .doesNotContainKeys("collapseThreshold", "onCollapse");
    assertThat(Schema.of(ClusterConfig.class).settings().stream())
        .filteredOn(s -> Collapse.SETTINGS.contains(s.path()))
        .hasSize(2)
        .noneMatch(s -> s.key().affectsResult());
  }
}
