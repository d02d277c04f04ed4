package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
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

  @Test
  void extremes() {
    assertThat(ClusterHealth.of(new long[] {4, 4}).normalisedEntropy()).isCloseTo(1, within(1e-12));
    assertThat(ClusterHealth.of(new long[] {4, 4}).imbalance()).isEqualTo(1);
    assertThat(ClusterHealth.of(new long[] {8, 0}).entropy()).isZero();
    assertThat(ClusterHealth.of(new long[] {8, 0}).imbalance()).isEqualTo(2);
    assertThat(ClusterHealth.of(new long[] {3}).normalisedEntropy()).isEqualTo(1);
    assertThat(ClusterHealth.of(new long[] {0, 0}).entropy()).isZero();
    assertThatThrownBy(() -> ClusterHealth.of(new long[0]))
        .hasMessage("cluster health needs at least one cluster, got none");
  }

  @Test
  void contingencyCountsPairsAndLeavesOutRejectedRows() {
    int[] a = {0, 0, 1, 2, -1, 2};
    int[] b = {5, 5, 3, 5, 5, -1};
    Contingency table = Contingency.of(a, b);
    assertThat(table.total()).isEqualTo(4);
    assertThat(table.count(0, 5)).isEqualTo(2);
    assertThat(table.count(1, 5)).isZero();
    assertThat(table.leftSizes()).containsExactly(2, 1, 1);
    assertThat(table.rightSizes()).containsExactly(1, 3);
    List<String> cells = new ArrayList<>();
    table
        .add(Contingency.of(new int[] {1}, new int[] {3}))
        .forEach((x, y, n) -> cells.add(x + " " + y + " " + n));
    assertThat(cells).containsExactly("0 5 2", "1 3 2", "2 5 1");
    assertThatThrownBy(() -> Contingency.of(a, new int[2]))
        .hasMessage("two labelings of the same rows expected, got 6 and 2");
  }
}
