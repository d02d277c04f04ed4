package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClusterHealthTest {
  /** scipy.stats.entropy([5, 3, 0, 2]) = 1.0296530140645737. */
  @Test
  void entropyAndImbalance() {
    ClusterHealth health = ClusterHealth.of(new long[] {5, 3, 0, 2});
    assertThat(health.entropy()).isCloseTo(1.0296530140645737, within(1e-12));
    assertThat(health.normalisedEntropy())
        .isCloseTo(1.0296530140645737 / Math.log(4), within(1e-12));
    assertThat(health.largest()).isEqualTo(5);
    assertThat(health.smallest()).isZero();
    assertThat(health.empties()).isEqualTo(1);
    assertThat(health.rows()).isEqualTo(10);
    assertThat(health.imbalance()).isCloseTo(4 * 38 / 100.0, within(1e-12));
  }

  /** NumPy and SciPy, by health.py. */
  @Test
  void distributionOfTheSizes() throws IOException {
    List<Golden> cases = Golden.of("health.json").list("sizes");
    assertThat(cases).hasSize(4);
    for (Golden c : cases) {
      ClusterHealth health =
          ClusterHealth.of(Arrays.stream(c.ints("sizes")).mapToLong(s -> s).toArray());
      assertThat(health.entropy()).isCloseTo(c.real("entropy"), within(1e-9));
      assertThat(health.normalisedEntropy()).isCloseTo(c.real("normalised"), within(1e-9));
      assertThat(health.gini()).isCloseTo(c.real("gini"), within(1e-9));
      assertThat(health.quantiles().stream().mapToInt(Long::intValue).toArray())
          .as("at %s %%", ClusterHealth.LEVELS)
          .containsExactly(c.ints("quantiles"));
    }
  }

  @Test
  void numbersHaveStableNames() {
    ClusterHealth health = ClusterHealth.of(new long[] {5, 3, 0, 2});
    assertThat(health.largestShare()).isEqualTo(0.5);
    assertThat(health.numbers())
        .containsOnlyKeys(
            "empty",
            "entropy",
            "entropy_normalised",
            "gini",
            "imbalance",
            "largest",
            "largest_share",
            "size_p10",
            "size_p25",
            "size_p50",
            "size_p75",
            "size_p90",
            "smallest")
        .containsEntry("largest_share", 0.5)
        .containsEntry("size_p50", 2.0)
        .containsEntry("size_p90", 5.0);
  }

  @Test
  void extremes() {
    assertThat(ClusterHealth.of(new long[] {0, 0}).gini()).isZero();
    assertThat(ClusterHealth.of(new long[] {0, 0}).largestShare()).isZero();
    assertThat(ClusterHealth.of(new long[] {3}).gini()).isZero();
    assertThat(ClusterHealth.of(new long[] {3}).quantiles()).containsOnly(3L);
    assertThat(ClusterHealth.of(new long[] {4, 4}).normalisedEntropy()).isCloseTo(1, within(1e-12));
    assertThat(ClusterHealth.of(new long[] {4, 4}).imbalance()).isEqualTo(1);
    assertThat(ClusterHealth.of(new long[] {8, 0}).entropy()).isZero();
    assertThat(ClusterHealth.of(new long[] {8, 0}).imbalance()).isEqualTo(2);
    assertThat(ClusterHealth.of(new long[] {3}).normalisedEntropy()).isEqualTo(1);
    assertThat(ClusterHealth.of(new long[] {0, 0}).entropy()).isZero();
    assertThatThrownBy(() -> ClusterHealth.of(new long[0]))
        .hasMessage("cluster health needs at least one cluster, got none");
  }
}
