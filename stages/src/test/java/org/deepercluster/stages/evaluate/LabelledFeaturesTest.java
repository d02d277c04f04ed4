package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LabelledFeaturesTest {
  @Test
  void refusesFeaturesThatAreNotFinite() {
    float[] values = {1, 2, 3, 4, Float.NaN, 6};
    assertThatThrownBy(() -> new LabelledFeatures(values, 3, new int[] {0, 1}, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("feature 1 of row 1 is NaN; features must be finite");
  }

  @Test
  void refusesLabelsOutOfRange() {
    assertThatThrownBy(() -> new LabelledFeatures(new float[2], 1, new int[] {1, 2}, 2))
        .hasMessage("label 2 of row 1 is not in 0..1");
    assertThatThrownBy(() -> new LabelledFeatures(new float[2], 1, new int[] {-1, 0}, 2))
        .hasMessage("label -1 of row 0 is not in 0..1");
  }

  @Test
  void refusesSizesThatDoNotFit() {
    assertThatThrownBy(() -> new LabelledFeatures(new float[5], 3, new int[2], 2))
        .hasMessage("2 labels of 3 features each need 6 numbers, but there are 5");
    assertThatThrownBy(() -> new LabelledFeatures(new float[0], 0, new int[0], 2))
        .hasMessageContaining("at least one feature and one class are needed");
  }

  @Test
  void selectsRows() {
    LabelledFeatures f =
        new LabelledFeatures(new float[] {1, 2, 3, 4, 5, 6}, 2, new int[] {0, 1, 2}, 3);
    LabelledFeatures picked = f.rows(new int[] {2, 0});
    assertThat(picked.values()).containsExactly(5, 6, 1, 2);
    assertThat(picked.labels()).containsExactly(2, 0);
    assertThat(picked.classes()).isEqualTo(3);
  }

  @Test
  void resultsAreNamedByProtocolMetricAndLayer() {
    assertThat(
            Result.named(
                List.of(
                    Result.of(MetricNames.KNN, MetricNames.TOP1, 76.5),
                    Result.of(MetricNames.LINEAR, MetricNames.TOP1, "conv5", 84),
                    new Result(MetricNames.lowShot(10), MetricNames.TOP1, "conv5", 66, 1.5))))
        .containsExactly(
            Map.entry("knn/top1", 76.5),
            Map.entry("linear/top1/conv5", 84.0),
            Map.entry("lowshot10/top1/conv5", 66.0),
            Map.entry("lowshot10/top1_sd/conv5", 1.5));
  }
}
