package org.deepercluster.stages.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class NumbersTest {

  @Test
  void accuraciesHaveOneDecimal() {
    assertThat(Numbers.percent(0.7943)).isEqualTo("79.4\u00a0%");
    assertThat(Numbers.percent(1)).isEqualTo("100.0\u00a0%");
    assertThat(Numbers.percent(Double.NaN)).isEqualTo("–");
  }

  @Test
  void differencesCarryTheirSign() {
    assertThat(Numbers.signed(3.21, 1)).isEqualTo("+3.2");
    assertThat(Numbers.signed(-3.21, 1)).isEqualTo("−3.2");
    assertThat(Numbers.signed(-0.01, 1)).isEqualTo("±0.0");
    assertThat(Numbers.signed(Double.NaN, 1)).isEqualTo("–");
  }

  @Test
  void otherNumbers() {
    assertThat(Numbers.count(95_920_149)).isEqualTo("95,920,149");
    assertThat(Numbers.count(1, "image")).isEqualTo("1 image");
    assertThat(Numbers.significant(0.04567, 2)).isEqualTo("0.046");
    assertThat(Numbers.significant(12_345.6, 3)).isEqualTo("12346");
    assertThat(Numbers.significant(1.2e-9, 2)).isEqualTo("1.2e−09");
    assertThat(Numbers.fixed(-0.04, 1)).isEqualTo("0.0");
    assertThat(Numbers.brief(0.05)).isEqualTo("0.05");
    assertThat(Numbers.brief(400)).isEqualTo("400");
    assertThat(Numbers.brief(2)).isEqualTo("2");
  }

  @Test
  void durations() {
    assertThat(Stream.of(0.44, 9.96, 59.6, 253.0, 3600.0, 90_000.0).map(Numbers::duration))
        .containsExactlyElementsOf(
            List.of(
                "0.4\u00a0s",
                "10\u00a0s",
                "1\u00a0min 00\u00a0s",
                "4\u00a0min 13\u00a0s",
                "1\u00a0h 00\u00a0min",
                "25\u00a0h 00\u00a0min"));
    assertThat(Numbers.duration(Double.NaN)).isEqualTo("–");
  }

  @Test
  void layersAreOrderedByNumber() {
    assertThat(Stream.of("conv10", "fc1", "conv2", "conv1", "").sorted(Evaluation::natural))
        .containsExactly("", "conv1", "conv2", "conv10", "fc1");
  }
}
