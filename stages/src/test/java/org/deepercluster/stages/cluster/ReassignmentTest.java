package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.deepercluster.stages.config.Seeds;
import org.junit.jupiter.api.Test;

class ReassignmentTest {
  /**
   * scikit-learn's NMI, SciPy's best matching and the greedy one by its definition, by health.py.
   */
  @Test
  void equalsTheReferences() throws IOException {
    List<Golden> cases = Golden.of("health.json").list("reassignments");
    assertThat(cases).hasSize(6);
    for (Golden c : cases) {
      Reassignment r = Reassignment.of(c.ints("before"), c.ints("after"));
      assertThat(r.nmi()).isCloseTo(c.real("nmi"), within(1e-9));
      assertThat(r.changed()).isCloseTo(c.real("changed"), within(1e-12));
      assertThat(r.changed()).as("at least").isGreaterThanOrEqualTo(c.real("leastChanged"));
      assertThat(1 - r.changed())
          .as("at least half of the best")
          .isGreaterThanOrEqualTo((1 - c.real("leastChanged")) / 2);
    }
  }

  @Test
  void otherNumbersForTheSameClustersChangeNothing() {
    SplittableRandom random = Seeds.random(3);
    int[] before = random.ints(1000, 0, 50).toArray();
    int[] renamed = Arrays.stream(before).map(c -> (c * 7 + 3) % 50).toArray();
    assertThat(Reassignment.of(before, renamed).changed()).isZero();
    assertThat(Reassignment.of(before, renamed).nmi()).isCloseTo(1, within(1e-12));
    renamed[17] = (renamed[17] + 1) % 50;
    assertThat(Reassignment.of(before, renamed).changed()).isEqualTo(0.001);
  }

  @Test
  void imagesWithoutAClusterAreLeftOut() {
    Reassignment r = Reassignment.of(new int[] {0, 0, -1, 1, 1}, new int[] {4, 4, 4, -1, 9});
    assertThat(r.changed()).isZero();
    assertThat(r.nmi()).isEqualTo(1);
    assertThat(Reassignment.of(new int[] {-1}, new int[] {2}).numbers())
        .containsEntry("changed", 0.0)
        .containsOnlyKeys("changed", "nmi_previous");
    assertThat(Reassignment.of(new int[0], new int[0]).changed()).isZero();
    assertThatThrownBy(() -> Reassignment.of(new int[2], new int[3]))
        .hasMessage("two clusterings of the same images expected, got 2 and 3 images");
  }
}
