package org.deepercluster.stages.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;

class SeedsSummaryTest {
  private static final List<Map<String, Double>> RUNS =
      List.of(
          Map.of(
              "eval/knn/top1", 78.0,
              "random/eval/knn/top1", 75.0,
              "eval/linear/top1/conv10", 86.0,
              "eval/linear/top1/conv2", 85.0,
              "eval/clusters/nmi", 0.50,
              "random/eval/clusters/nmi", 0.52,
              "eval/lowshot10/top1_sd/conv5", 1.0,
              "train/loss", 3.25),
          Map.of(
              "eval/knn/top1", 80.0,
              "random/eval/knn/top1", 77.0,
              "eval/linear/top1/conv10", 88.0,
              "eval/linear/top1/conv2", 85.0,
              "eval/clusters/nmi", 0.54,
              "random/eval/clusters/nmi", 0.52,
              "train/loss", 3.75),
          Map.of(
              "eval/knn/top1", 82.0,
              "random/eval/knn/top1", 76.0,
              "eval/linear/top1/conv10", 87.0,
              "eval/linear/top1/conv2", 85.0,
              "eval/clusters/nmi", 0.52,
              "random/eval/clusters/nmi", 0.52,
              "train/loss", 3.5));

  /**
   * By hand: k-NN 78, 80, 82 has sd 2; untrained 75, 77, 76 has sd 1; the differences 3, 3, 6 have
   * mean 4 and sd √3 = 1.73, which the paired differences give and the two sds alone would not.
   */
  @Test
  void tableForTheTerminal() {
    assertThat(SeedsSummary.of(RUNS).text().replace('\u00a0', ' '))
        .isEqualTo(
            String.join(
                "\n",
                "Measure                                           Trained       Untrained       Difference",
                "k-NN, top-1 accuracy                         80.0 % ± 2.0    76.0 % ± 1.0       +4.0 ± 1.7",
                "Linear classifier, top-1 accuracy, conv2     85.0 % ± 0.0               –                –",
                "Linear classifier, top-1 accuracy, conv10    87.0 % ± 1.0               –                –",
                "Clusters against labels, NMI                0.520 ± 0.020   0.520 ± 0.000   ±0.000 ± 0.020",
                "train/loss                                   3.500 ± 0.25",
                "Mean ± standard deviation over 3 runs; differences are taken within each seed,"
                    + " accuracies' in percentage points.",
                ""));
  }

  @Test
  void statsAreByName() {
    Map<String, SeedsSummary.Stat> stats = SeedsSummary.of(RUNS).stats();
    assertThat(stats.get("eval/knn/top1").mean()).isEqualTo(80.0, within(1e-9));
    assertThat(stats.get("eval/knn/top1").sd()).isEqualTo(2.0, within(1e-9));
    assertThat(stats.get("eval/lowshot10/top1_sd/conv5").n()).isEqualTo(1);
    assertThat(SeedsSummary.of(RUNS).runs()).isEqualTo(3);
  }

  @Test
  void oneRunHasNoSpread() {
    String text = SeedsSummary.of(RUNS.subList(0, 1)).text().replace('\u00a0', ' ');
    assertThat(text)
        .contains("78.0 %")
        .contains("+3.0\n")
        .contains("One run")
        .doesNotContain(" ± ");
  }

  @Test
  void missingValuesAreCounted() {
    Map<String, Double> failed = Map.of("eval/knn/top1", Double.NaN);
    String text = SeedsSummary.of(List.of(RUNS.get(0), RUNS.get(1), failed)).text();
    assertThat(text.lines().findFirst().orElseThrow()).endsWith("Runs");
    assertThat(text.replace('\u00a0', ' ')).containsPattern("k-NN.* 79\\.0 % ± 1\\.4 .* 2\n");
  }

  @Test
  void markdownAndHtmlHoldTheSame() throws Exception {
    Map<String, Double> evil = Map.of("eval/knn/top1/<b>|&", 50.0);
    SeedsSummary summary = SeedsSummary.of(List.of(evil, evil));
    assertThat(summary.markdown().replace('\u00a0', ' '))
        .startsWith("| Measure | Trained | Untrained | Difference |\n|---|--:|--:|--:|\n")
        .contains("| k-NN, top-1 accuracy, <b>\\|& | 50.0 % ± 0.0 | – | – |");
    String html = "<div>" + summary.html() + "</div>";
    assertThat(html).contains("&lt;b&gt;|&amp;");
    var table =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new ByteArrayInputStream(html.getBytes(StandardCharsets.UTF_8)))
            .getElementsByTagName("td");
    assertThat(table.getLength()).isEqualTo(3);
  }

  @Test
  void noRunIsAFault() {
    assertThatThrownBy(() -> SeedsSummary.of(List.of())).hasMessageContaining("at least one run");
  }
}
