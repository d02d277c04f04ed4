package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class TransferMetricsTest {
  @Test
  void topOneAndTopFive() {
    int k = 7;
    TransferMetrics metrics =
        new TransferMetrics(new TransferLabels.Single(new int[] {0, 5, 6, 2}, k));
    metrics.add(0, new double[] {9, 9, 1, 1, 1, 1, 1}, 0); // first of equals
    metrics.add(1, new double[] {9, 8, 7, 6, 1, 5, 0}, 0); // fifth
    metrics.add(2, new double[] {1, 1, 1, 1, 1, 1, 1}, 0); // last of equals
    metrics.add(3, new double[] {0, 0, 0, 1, 9, 8, 7, 6, 5, 4}, 2); // 0, 1, 9, ...: first
    List<Result> results = metrics.results("p", "");
    assertThat(results).extracting(Result::name).containsExactly("p/top1", "p/top5");
    assertThat(results).extracting(Result::value).containsExactly(50.0, 75.0);
  }

  @Test
  void noTopFiveOfFewClasses() {
    TransferMetrics metrics = new TransferMetrics(new TransferLabels.Single(new int[] {1}, 5));
    metrics.add(0, new double[] {0, 1, 0, 0, 0}, 0);
    assertThat(metrics.results("p", "conv1")).containsExactly(Result.of("p", "top1", "conv1", 100));
  }

  /** Two classes worked out by hand; nobody shows the third. */
  @Test
  void meanAveragePrecisionLeavesDifficultOnesOut() {
    byte[] state = {
      1, -1, -1, //
      0, 1, -1, //
      -1, 1, -1, //
      1, -1, 0
    };
    TransferMetrics metrics = new TransferMetrics(new TransferLabels.Multi(state, 3));
    // class 0 ranks its images 1 (difficult), 0 (yes), 2 (no), 3 (yes): AP = (1 + 2/3) / 2
    // class 1 ranks 0 (no), 1 (yes), 2 (yes), 3 (no): AP = (1/2 + 2/3) / 2
    metrics.add(0, new double[] {3, 4, 0}, 0);
    metrics.add(1, new double[] {4, 3, 0}, 0);
    metrics.add(2, new double[] {2, 2, 0}, 0);
    metrics.add(3, new double[] {1, 1, 0}, 0);
    List<Result> results = metrics.results("p", "");
    assertThat(results)
        .extracting(Result::metric)
        .containsExactly("map", "map_11point", "map_interpolated");
    assertThat(results.get(0).value())
        .isCloseTo(100 * ((1 + 2.0 / 3) / 2 + (1.0 / 2 + 2.0 / 3) / 2) / 2, within(1e-9));
    // the largest precision at a recall of at least r: 1 up to 1/2 and 2/3 from there; 2/3
    // everywhere
    assertThat(results.get(1).value())
        .isCloseTo(100 * ((6 + 5 * 2.0 / 3) / 11 + 2.0 / 3) / 2, within(1e-9));
    assertThat(results.get(2).value())
        .isCloseTo(100 * ((1 + 2.0 / 3) / 2 + 2.0 / 3) / 2, within(1e-9));
  }

  @Test
  void refusesToMeasureNothing() {
    assertThatThrownBy(
            () -> new TransferMetrics(new TransferLabels.Single(new int[0], 2)).results("p", ""))
        .hasMessageContaining("no labelled images to test on");
    TransferMetrics metrics = new TransferMetrics(new TransferLabels.Multi(new byte[] {-1, 0}, 2));
    metrics.add(0, new double[] {1, 2}, 0);
    assertThatThrownBy(() -> metrics.results("p", ""))
        .hasMessage("average precision needs test images that show some class, but none does");
  }
}
