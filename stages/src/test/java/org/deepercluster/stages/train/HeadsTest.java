package org.deepercluster.stages.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.targets.Method;
import org.deepercluster.stages.targets.Targets;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class HeadsTest {
  private static final Targets TWO = new Targets(Method.DEEPERCLUSTER, 2, 32);

  @Test
  void startAsNormalWeightsOfDeviationOneHundredthAndZeroBiases() {
    Heads heads = new Heads(TWO, 65, 3);
    Map<String, Tensor> tensors = heads.tensors();
    assertThat(tensors).hasSize(2 + 2 * 8);
    assertThat(tensors.get("v.weight").shape()).containsExactly(8, 65);
    assertThat(tensors.get("v.bias").shape()).containsExactly(8);
    assertThat(tensors.get("w.7.weight").shape()).containsExactly(16, 65);
    assertThat(tensors.get("w.7.bias").shape()).containsExactly(16);
    int n = 0;
    double sum = 0;
    double squares = 0;
    int beyond = 0;
    for (Map.Entry<String, Tensor> e : tensors.entrySet()) {
      for (float value : e.getValue().data()) {
        if (e.getKey().endsWith("bias")) {
          assertThat(value).isZero();
        } else {
          n++;
          sum += value;
          squares += (double) value * value;
          beyond += Math.abs(value) > 0.0196 ? 1 : 0;
        }
      }
    }
    // n = 8840: the bounds are about four standard errors
    assertThat(sum / n).isCloseTo(0, within(0.0004));
    assertThat(Math.sqrt(squares / n)).isCloseTo(0.01, within(0.0003));
    assertThat((double) beyond / n).isCloseTo(0.05, within(0.01));
  }

  @Test
  void sameSeedSameBits() {
    assertThat(new Heads(TWO, 6, 3).tensors()).isEqualTo(new Heads(TWO, 6, 3).tensors());
    assertThat(new Heads(TWO, 6, 3).tensors()).isNotEqualTo(new Heads(TWO, 6, 4).tensors());
    Map<String, Tensor> tensors = new Heads(TWO, 6, 3).tensors();
    assertThat(tensors.get("w.0.weight")).isNotEqualTo(tensors.get("w.1.weight"));
  }

  @Test
  void resetStartsAllAfreshWhenThereAreSuperClusters() {
    Heads heads = new Heads(TWO, 6, 3);
    INDArray velocity = Nd4j.ones(1, heads.parameters().length());
    heads.parameters().addi(1);
    heads.reset(4, velocity);
    assertThat(heads.tensors()).isEqualTo(new Heads(TWO, 6, 4).tensors());
    assertThat(velocity.sumNumber().doubleValue()).isZero();
  }

  /** With m = 1 the classes of V are the rotations: V and its momentum stay. */
  @Test
  void resetKeepsTheRotationsClassifier() {
    Heads heads = new Heads(new Targets(Method.DEEPERCLUSTER, 1, 5), 6, 3);
    Map<String, Tensor> before = heads.tensors();
    INDArray velocity = Nd4j.ones(1, heads.parameters().length());
    heads.reset(4, velocity);
    Map<String, Tensor> after = heads.tensors();
    assertThat(after.get("v.weight")).isEqualTo(before.get("v.weight"));
    assertThat(after.get("w.0.weight")).isNotEqualTo(before.get("w.0.weight"));
    assertThat(velocity.sumNumber().doubleValue()).isEqualTo(4 * 6 + 4);
    assertThat(heads.tensors(velocity).get("v.bias")).isEqualTo(Tensor.vector(1, 1, 1, 1));
  }

  @Test
  void resetOfRotNetChangesNothing() {
    Heads heads = new Heads(new Targets(Method.ROTNET, 1, 1), 6, 3);
    Map<String, Tensor> before = heads.tensors();
    INDArray velocity = Nd4j.ones(1, heads.parameters().length());
    heads.reset(4, velocity);
    assertThat(heads.tensors()).isEqualTo(before);
    assertThat(velocity.sumNumber().intValue()).isEqualTo(28);
  }

  @Test
  void loadsWhatItGave() {
    Map<String, Tensor> tensors = new Heads(TWO, 6, 3).tensors();
    Heads other = new Heads(TWO, 6, 9);
    other.load(tensors);
    assertThat(other.tensors()).isEqualTo(tensors);

    tensors.put("w.3.bias", Tensor.vector(1, 2));
    assertThatThrownBy(() -> other.load(tensors))
        .hasMessage("tensor 'w.3.bias' has shape [2], the heads need [16]");
    tensors.remove("w.3.bias");
    assertThatThrownBy(() -> other.load(tensors)).hasMessage("no tensor 'w.3.bias' for the heads");
  }

  @Test
  void refusesMomentumOfOtherHeads() {
    assertThatThrownBy(() -> new Heads(TWO, 6, 3).reset(1, Nd4j.zeros(1, 3)))
        .hasMessageContaining("momentum of 3 values");
    assertThatThrownBy(() -> new Heads(TWO, 0, 3)).hasMessageContaining("featureDim");
  }
}
