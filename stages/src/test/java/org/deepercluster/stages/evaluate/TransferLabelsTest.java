package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Values are checked against PyTorch in {@link TransferGoldenTest}; here what lies at the edges.
 */
class TransferLabelsTest {
  @Test
  void ignoredClassesAddNothing() {
    var labels = new TransferLabels.Multi(new byte[] {1, -1, 0, 0, 0, 0}, 3);
    float[] gradient = new float[6];
    double loss = labels.loss(new float[] {0, 0, 7, 1, 2, 3}, new int[] {0, 1}, gradient);
    // Σ over the two classes of the first image of ln 2, mean over two images
    assertThat(loss).isCloseTo(Math.log(2), within(1e-12));
    assertThat(gradient).containsExactly(-0.25f, 0.25f, 0, 0, 0, 0);
  }

  @Test
  void hugeLogitsStayFinite() {
    var multi = new TransferLabels.Multi(new byte[] {1, 1, -1, -1}, 4);
    float[] gradient = new float[4];
    assertThat(multi.loss(new float[] {1e4f, -1e4f, 1e4f, -1e4f}, new int[] {0}, gradient))
        .isEqualTo(2e4);
    assertThat(gradient).containsExactly(-0f, -1, 1, 0);
    var single = new TransferLabels.Single(new int[] {1}, 2);
    float[] two = new float[2];
    assertThat(single.loss(new float[] {1e4f, -1e4f}, new int[] {0}, two)).isEqualTo(2e4);
    assertThat(two).containsExactly(1, -1);
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(() -> new TransferLabels.Single(new int[] {0, 3}, 3))
        .hasMessage("label 3 of image 1 is not in 0..2");
    assertThatThrownBy(() -> new TransferLabels.Multi(new byte[] {0, 1, 2, 0}, 2))
        .hasMessage("class 0 of image 1 must be 1 (present), -1 (absent) or 0 (ignored), is 2");
    assertThatThrownBy(() -> new TransferLabels.Multi(new byte[3], 2))
        .hasMessageContaining("3 states");
    var labels = new TransferLabels.Single(new int[] {0}, 2);
    assertThatThrownBy(() -> labels.loss(new float[3], new int[] {0}, new float[3]))
        .hasMessageContaining("got 3 and 3");
    assertThatThrownBy(() -> labels.loss(new float[0], new int[0], new float[0]))
        .hasMessageContaining("0 images");
  }

  @Test
  void ratesFollowTheirCourse() {
    LearningRates halved = LearningRates.steps(0.003, 0.5, 20_000);
    assertThat(halved.at(0)).isEqualTo(0.003);
    assertThat(halved.at(19_999)).isEqualTo(0.003);
    assertThat(halved.at(20_000)).isEqualTo(0.0015);
    assertThat(halved.at(149_999)).isEqualTo(0.003 / 128);
    LearningRates root = LearningRates.inverseRoot(0.01, 1e-2);
    assertThat(root.at(0)).isEqualTo(0.01);
    assertThat(root.at(30_000)).isEqualTo(0.005);
    assertThatThrownBy(() -> LearningRates.steps(1, 0.5, 0)).hasMessageContaining("every 0 steps");
  }

  @Test
  void clippingScalesAllGradientsByTheNormOfAllOfThem() {
    INDArray a = Nd4j.createFromArray(3f, 0f);
    INDArray b = Nd4j.createFromArray(0f, 4f).reshape(1, 2);
    FineTuner.clip(5.01, a, b);
    assertThat(a.toFloatVector()).containsExactly(3, 0);
    FineTuner.clip(1, a, b);
    assertThat((double) a.getFloat(0)).isCloseTo(0.6, within(1e-6));
    assertThat((double) b.getFloat(1)).isCloseTo(0.8, within(1e-6));
    FineTuner.clip(Double.POSITIVE_INFINITY, a, b);
    assertThat((double) a.getFloat(0)).isCloseTo(0.6, within(1e-6));
  }
}
