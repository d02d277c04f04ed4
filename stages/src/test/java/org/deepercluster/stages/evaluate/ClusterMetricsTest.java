package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.deepercluster.stages.cluster.ClusterMetrics;
import org.deepercluster.stages.config.Seeds;
import org.junit.jupiter.api.Test;

class ClusterMetricsTest {
  /** scikit-learn 1.9.1; noisy, random and skewed clusters and every degenerate case. */
  @Test
  void equalsScikitLearn() {
    JsonNode cases = Golden.values().get("clusters");
    assertThat(cases).hasSize(14);
    for (JsonNode c : cases) {
      ClusterMetrics m =
          ClusterMetrics.of(Golden.ints(c.get("labels")), Golden.ints(c.get("assignments")));
      String text = c.get("assignments").size() + " items: " + m;
      assertThat(m.nmiGeometric()).as(text).isCloseTo(number(c, "nmiGeometric"), within(1e-9));
      assertThat(m.nmiArithmetic()).as(text).isCloseTo(number(c, "nmiArithmetic"), within(1e-9));
      assertThat(m.ami()).as(text).isCloseTo(number(c, "ami"), within(1e-9));
      assertThat(m.ari()).as(text).isCloseTo(number(c, "ari"), within(1e-9));
      assertThat(m.purity()).as(text).isCloseTo(number(c, "purity"), within(1e-12));
      assertThat(m.entropy()).as(text).isCloseTo(number(c, "entropy"), within(1e-9));
      assertThat(m.clusters()).as(text).isEqualTo(c.get("clusters").intValue());
      assertThat(m.largest()).as(text).isEqualTo(c.get("largest").intValue());
      assertThat(m.smallest()).as(text).isEqualTo(c.get("smallest").intValue());
    }
  }

  @Test
  void isSymmetricAndDoesNotDependOnTheNumbersOfTheGroups() {
    SplittableRandom random = Seeds.random(5);
    int[] labels = random.ints(400, 0, 7).toArray();
    int[] assignments = random.ints(400, 0, 19).toArray();
    ClusterMetrics m = ClusterMetrics.of(labels, assignments);
    ClusterMetrics swapped = ClusterMetrics.of(assignments, labels);
    assertThat(swapped.nmiGeometric()).isCloseTo(m.nmiGeometric(), within(1e-12));
    assertThat(swapped.nmiArithmetic()).isCloseTo(m.nmiArithmetic(), within(1e-12));
    assertThat(swapped.ami()).isCloseTo(m.ami(), within(1e-12));
    assertThat(swapped.ari()).isCloseTo(m.ari(), within(1e-12));

    int[] renamed = Arrays.stream(assignments).map(x -> 1_000_000_007 * (x + 1)).toArray();
    ClusterMetrics r = ClusterMetrics.of(labels, renamed);
    assertThat(r.ami()).isCloseTo(m.ami(), within(1e-12));
    assertThat(r.purity()).isEqualTo(m.purity());
    assertThat(r.largest()).isEqualTo(m.largest());
  }

  @Test
  void randomClustersOfManyItemsHaveNoAdjustedAgreement() {
    SplittableRandom random = Seeds.random(6);
    ClusterMetrics m =
        ClusterMetrics.of(
            random.ints(100_000, 0, 10).toArray(), random.ints(100_000, 0, 64).toArray());
    assertThat(m.ami()).isCloseTo(0, within(1e-3));
    assertThat(m.ari()).isCloseTo(0, within(1e-3));
    assertThat(m.nmiGeometric()).isBetween(1e-4, 1e-2);
    assertThat(m.entropy()).isCloseTo(Math.log(64), within(1e-3));
  }

  @Test
  void refusesDifferentLengths() {
    assertThatThrownBy(() -> ClusterMetrics.of(new int[3], new int[4]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "as many labels as assignments are needed,"
                + " but there are 3 labels and 4 assignments");
  }

  @Test
  void resultsCarryTheStableNames() {
    ClusterMetrics m = ClusterMetrics.of(new int[] {0, 0, 1, 1}, new int[] {0, 0, 1, 2});
    Map<String, Double> named = Result.named(Result.of(m));
    assertThat(named)
        .containsEntry("clusters/nmi", m.nmiGeometric())
        .containsEntry("clusters/nmi_arithmetic", m.nmiArithmetic())
        .containsEntry("clusters/ami", m.ami())
        .containsEntry("clusters/ari", m.ari())
        .containsEntry("clusters/purity", 1.0)
        .containsEntry("clusters/entropy", m.entropy())
        .containsEntry("clusters/count", 3.0)
        .containsEntry("clusters/largest", 2.0)
        .containsEntry("clusters/smallest", 1.0)
        .hasSize(9);
  }

  private static double number(JsonNode node, String name) {
    return node.get(name).doubleValue();
  }
}
