package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.deepercluster.stages.config.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SinkhornConfigTest {
  private static SinkhornConfig updates(String updates, Integer count) {
    return new SinkhornConfig(2, 25, 0.1, 10, updates, count, false);
  }

  @Test
  void defaultsAreThePublishedOnes() {
    SinkhornConfig c = (SinkhornConfig) Schema.of(SinkhornConfig.class).defaults();
    assertThat(c.heads()).isEqualTo(10);
    assertThat(c.lambda()).isEqualTo(25);
    assertThat(c.updateCount()).isEqualTo(100);
    assertThat(c.rotation()).isFalse();
  }

  @Test
  void aListOfEpochsIsTakenAsItIs() {
    assertThat(updates("0, 1,4 ,  9", null).updateEpochs(10)).containsExactly(0, 1, 4, 9);
    assertThat(updates("0", null).updateEpochs(10)).containsExactly(0);
    assertThat(updates("0", null).updateCount()).isNull();
  }

  @Test
  void theNamedScheduleIsDenserAtTheStart() {
    assertThat(updates("quadratic", 8).updateEpochs(24)).containsExactly(0, 1, 3, 6, 9, 13, 18);
    assertThat(updates("quadratic", 1).updateEpochs(24)).containsExactly(0);
    assertThat(updates("quadratic", null).updateEpochs(3)).containsExactly(0, 1, 2);
    assertThat(updates("quadratic", 100_000).updateEpochs(100_000).last()).isEqualTo(99_998);
    assertThat(updates("quadratic", 100).updateEpochs(400)).hasSizeBetween(90, 100).contains(0, 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1, 2", "0, 0", "0, 2, 1", "0,", "0; 1", "cubic", "0, -1", "0, 9999999"})
  void refusesOtherLists(String list) {
    assertThatThrownBy(() -> updates(list, null))
        .hasMessage(
            "updates must be quadratic, or a list of increasing epochs that begins with 0 (0, 1, 2,"
                + " 4), got "
                + list);
  }

  @Test
  void refusesACountBesideAList() {
    assertThatThrownBy(() -> updates("0, 1", 5))
        .hasMessage("updateCount must be left out where updates is a list, got 5");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 25, 0.1, 1, heads must be a whole number from 1 to 1000",
    "1, 0, 0.1, 1, lambda must be a number above 0 and at most 1000",
    "1, 25, 0, 1, tolerance must be a number from",
    "1, 25, 0.1, 0, maxIterations must be a whole number from 1",
  })
  void refusesNumbersOutOfRange(
      int heads, double lambda, double tolerance, int iterations, String message) {
    assertThatThrownBy(
            () -> new SinkhornConfig(heads, lambda, tolerance, iterations, "0", null, false))
        .hasMessageContaining(message);
  }

  @Test
  void eachAlgorithmFillsInItsOwnSettingsAndRefusesThoseOfTheOther() {
    ClusterConfig open = new ClusterConfig(null, 1, 8, null, null, null, null, null, 256);
    ClusterConfig kmeans = open.orFor(ClusterAlgorithm.KMEANS);
    assertThat(kmeans.reassignEvery()).isEqualTo(3);
    assertThat(kmeans.pcaDim()).isEqualTo(4096);
    assertThat(kmeans.iterations()).isEqualTo(10);
    assertThat(kmeans.sinkhorn()).isNull();
    ClusterConfig sinkhorn = open.orFor(ClusterAlgorithm.SINKHORN);
    assertThat(sinkhorn.sinkhorn().heads()).isEqualTo(10);
    assertThat(sinkhorn.pcaDim()).isNull();
    assertThat(sinkhorn.orFor(ClusterAlgorithm.KMEANS)).isSameAs(sinkhorn);

    assertThatThrownBy(
            () -> new ClusterConfig(ClusterAlgorithm.SINKHORN, 1, 8, 2, 64, 100L, 5, null, 256))
        .hasMessage(
            """
            reassignEvery must be left out: algorithm sinkhorn has no use for it
            pcaDim must be left out: algorithm sinkhorn has no use for it
            pcaSample must be left out: algorithm sinkhorn has no use for it
            iterations must be left out: algorithm sinkhorn has no use for it"""
                .stripIndent());
    assertThatThrownBy(
            () ->
                new ClusterConfig(
                    ClusterAlgorithm.KMEANS, 1, 8, null, null, null, null, updates("0", null), 1))
        .hasMessage("sinkhorn must be left out: algorithm kmeans has no use for it");
    assertThatThrownBy(
            () ->
                new ClusterConfig(ClusterAlgorithm.SINKHORN, 2, 8, null, null, null, null, null, 1))
        .hasMessage("m must be 1 for algorithm sinkhorn, got 2");
  }
}
