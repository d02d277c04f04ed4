package org.deepercluster.stages.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class FeaturePoolingTest {
  /**
   * The paper's windows for VGG-16 at 224 × 224, conv1-2, 3-4, 5-7, 8-10, 11-13; then vgg-small.
   */
  @ParameterizedTest
  @CsvSource({
    "64, 224, 18, 9216",
    "128, 112, 14, 8192",
    "256, 56, 9, 9216",
    "512, 28, 6, 8192",
    "512, 14, 3, 8192",
    "16, 28, 2, 3136",
    "32, 14, 1, 6272",
    "64, 7, 1, 3136",
  })
  void windowKeepsTheDimensionBelowTenThousand(int channels, int size, int window, int dim) {
    FeaturePooling pooling = FeaturePooling.of(channels, size, size);
    assertThat(pooling.window()).isEqualTo(window);
    assertThat(pooling.dim()).isEqualTo(dim);
  }

  @Test
  void averagesWholeWindowsAndLeavesTheRestOut() {
    FeaturePooling pooling = new FeaturePooling(2, 3, 5, 2);
    float[] activations = new float[2 * 2 * 3 * 5];
    for (int i = 0; i < activations.length; i++) {
      activations[i] = i;
    }
    assertThat(pooling.dim()).isEqualTo(4);
    assertThat(pooling.pool(activations, 2)).containsExactly(3, 5, 18, 20, 33, 35, 48, 50);

    try (INDArray batch = Nd4j.create(activations, new long[] {2, 2, 3, 5}, 'c')) {
      assertThat(pooling.pool(batch)).isEqualTo(pooling.pool(activations, 2));
      assertThat(pooling.pool(batch.dup('f'))).isEqualTo(pooling.pool(activations, 2));
    }
  }

  @Test
  void readsTheRowsOfAView() {
    float[] counting = new float[48];
    for (int i = 0; i < counting.length; i++) {
      counting[i] = i;
    }
    try (INDArray all = Nd4j.create(counting, new long[] {3, 4, 2, 2}, 'c')) {
      FeaturePooling pooling = FeaturePooling.of(4, 2, 2);
      assertThat(pooling.window()).isEqualTo(1);
      float[] last = pooling.pool(all.slice(2).reshape(1, 4, 2, 2));
      assertThat(last).isEqualTo(Arrays.copyOfRange(counting, 32, 48));
    }
  }

  @Test
  void refusesOtherShapes() {
    FeaturePooling pooling = FeaturePooling.of(16, 28, 28);
    assertThatThrownBy(() -> pooling.pool(Nd4j.zeros(1, 16, 28, 27)))
        .hasMessage("activations must be n × 16 × 28 × 28 but are [1, 16, 28, 27]");
    assertThatThrownBy(() -> pooling.pool(new float[5], 1))
        .hasMessage("1 × 16 × 28 × 28 activations are needed but 5 numbers were given");
    assertThatThrownBy(() -> FeaturePooling.of(0, 2, 2))
        .hasMessageContaining("at least one channel, row and column")
        .hasMessageContaining("0 × 2 × 2");
    assertThatThrownBy(() -> FeaturePooling.of(10_000, 2, 2))
        .hasMessageContaining("fewer channels are needed");
  }
}
