package org.deepercluster.stages.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SgdTest {
  /** By hand: v1 = 1 + 0.5·2 = 2, θ1 = 2 − 0.1·2 = 1.8; v2 = 0.9·2 − 1 + 0.9 = 1.7, θ2 = 1.63. */
  @Test
  void followsPyTorchsRule() {
    Sgd sgd = new Sgd(1, 0.9, 0.5);
    INDArray theta = Nd4j.createFromArray(2f).reshape(1, 1);
    sgd.step(theta, Nd4j.createFromArray(1f).reshape(1, 1), 0.1);
    assertThat(theta.getDouble(0)).isCloseTo(1.8, within(1e-6));
    sgd.step(theta, Nd4j.createFromArray(-1f).reshape(1, 1), 0.1);
    assertThat(theta.getDouble(0)).isCloseTo(1.63, within(1e-6));
    assertThat(sgd.velocity().getDouble(0)).isCloseTo(1.7, within(1e-6));
  }

  /** By hand: v1 = 2, θ1 = 2 − 0.1·(2 + 0.9·2) = 1.62; v2 = 1.61, θ2 = 1.62 − 0.1·1.259. */
  @Test
  void followsPyTorchsRuleWithNesterovsMomentum() {
    Sgd sgd = new Sgd(1, 0.9, 0.5, true);
    INDArray theta = Nd4j.createFromArray(2f).reshape(1, 1);
    sgd.step(theta, Nd4j.createFromArray(1f).reshape(1, 1), 0.1);
    assertThat(theta.getDouble(0)).isCloseTo(1.62, within(1e-6));
    sgd.step(theta, Nd4j.createFromArray(-1f).reshape(1, 1), 0.1);
    assertThat(theta.getDouble(0)).isCloseTo(1.4941, within(1e-6));
    assertThat(sgd.velocity().getDouble(0)).isCloseTo(1.61, within(1e-6));
  }

  @Test
  void momentumActsWithoutAGradient() {
    Sgd sgd = new Sgd(2, 0.5, 0);
    INDArray theta = Nd4j.zeros(1, 2);
    sgd.step(theta, Nd4j.createFromArray(1f, 0f).reshape(1, 2), 1);
    sgd.step(theta, Nd4j.zeros(1, 2), 1);
    assertThat(theta.toFloatVector()).containsExactly(-1.5f, 0f);
  }

  @Test
  void learningRateZeroMovesNothing() {
    Sgd sgd = new Sgd(1, 0.9, 0.1);
    INDArray theta = Nd4j.ones(1, 1);
    sgd.step(theta, Nd4j.ones(1, 1), 0);
    assertThat(theta.getFloat(0)).isEqualTo(1f);
  }

  @Test
  void refusesOtherSizesAndRates() {
    Sgd sgd = new Sgd(2, 0, 0);
    INDArray two = Nd4j.zeros(1, 2);
    assertThatThrownBy(() -> sgd.step(two, Nd4j.zeros(1, 3), 0.1))
        .hasMessageContaining("3 gradients");
    assertThatThrownBy(() -> sgd.step(two, two, Double.NaN)).hasMessageContaining("lr");
    assertThatThrownBy(() -> new Sgd(1, 1, 0)).hasMessageContaining("momentum");
    assertThatThrownBy(() -> new Sgd(1, 0, -1)).hasMessageContaining("weightDecay");
  }

  /** torch.optim.lr_scheduler.CosineAnnealingLR with eta_min = 0 has this closed form. */
  @Test
  void cosineFallsFromTheStartToZero() {
    LearningRate cosine = LearningRate.of("cosine");
    assertThat(cosine.at(0.4, 0, 10)).isEqualTo(0.4);
    assertThat(cosine.at(0.4, 5, 10)).isCloseTo(0.2, within(1e-15));
    assertThat(cosine.at(0.4, 1, 3)).isCloseTo(0.3, within(1e-15));
    assertThat(cosine.at(0.4, 10, 10)).isZero();
    assertThat(cosine.at(0.4, 12, 10)).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 7, 1000})
  void constantStays(long step) {
    assertThat(LearningRate.of("constant").at(0.4, step, 10)).isEqualTo(0.4);
  }

  @Test
  void refusesOtherSchedules() {
    assertThatThrownBy(() -> LearningRate.of("step")).hasMessageContaining("'step'");
    assertThatThrownBy(() -> LearningRate.COSINE.at(1, -1, 3)).hasMessageContaining("step -1");
  }
}
