package org.deepercluster.stages.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SplittableRandom;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.targets.Method;
import org.deepercluster.stages.targets.Targets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AveragingTest {
  private static final Targets FOUR = new Targets(Method.DEEPERCLUSTER, 1, 2); // S = 4, K = 2

  /**
   * A state of a trunk of one weight and one channel, and heads of one feature; all equal value.
   */
  private static Checkpoint state(float value, float mean, float variance, long... samples) {
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("trunk.conv1.weight", new Tensor(new int[] {1, 1}, new float[] {value}));
    tensors.put("trunk.bn1.running_mean", Tensor.vector(mean));
    tensors.put("trunk.bn1.running_var", Tensor.vector(variance));
    for (String prefix : List.of("heads.", "momentum.heads.")) {
      tensors.put(prefix + "v.weight", new Tensor(new int[] {4, 1}, filled(4, value)));
      for (int s = 0; s < 4; s++) {
        tensors.put(prefix + "w." + s + ".weight", new Tensor(new int[] {2, 1}, filled(2, value)));
      }
    }
    tensors.put("momentum.trunk", Tensor.vector(value, -value));
    return new Checkpoint(FOUR, tensors, 5, samples);
  }

  private static float[] filled(int n, float value) {
    float[] values = new float[n];
    Arrays.fill(values, value);
    return values;
  }

  private static Checkpoint random(long seed) {
    SplittableRandom random = Seeds.random(seed);
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
    state(0, 0, 1, 1, 1, 1, 1)
        .tensors()
        .forEach(
            (name, tensor) -> {
              float[] values = new float[tensor.data().length];
              for (int i = 0; i < values.length; i++) {
                values[i] = (float) Math.exp(40 * random.nextDouble() - 20);
              }
              tensors.put(name, new Tensor(tensor.shape(), values));
            });
    return new Checkpoint(FOUR, tensors, 7, new long[] {1, 2, 0, 3});
  }

  @Test
  void averagesWeightsAndMomentumAndTheSecondMoment() {
    Checkpoint average =
        Averaging.average(List.of(state(1, 2, 3, 1, 1, 1, 1), state(4, -6, 5, 1, 1, 1, 1)));
    assertThat(average.tensors().get("trunk.conv1.weight"))
        .isEqualTo(new Tensor(new int[] {1, 1}, new float[] {2.5f}));
    assertThat(average.tensors().get("momentum.trunk")).isEqualTo(Tensor.vector(2.5f, -2.5f));
    assertThat(average.tensors().get("heads.v.weight").data()).containsOnly(2.5f);
    assertThat(average.tensors().get("trunk.bn1.running_mean")).isEqualTo(Tensor.vector(-2));
    // E[x²] = (3 + 2² + 5 + 6²) / 2 = 24; variance 24 − (−2)² = 20
    assertThat(average.tensors().get("trunk.bn1.running_var")).isEqualTo(Tensor.vector(20));
    assertThat(average.step()).isEqualTo(5);
    assertThat(average.samples()).containsExactly(0, 0, 0, 0);
  }

  /** SeLa's W_h see every image, those of all four rotations: no worker is left out. */
  @Test
  void averagesSharedHeadsOverAllWorkers() {
    Targets sela = new Targets(Method.SELA, 1, 2, 4, 4);
    List<Checkpoint> states = new ArrayList<>();
    for (Checkpoint s : List.of(state(1, 0, 1, 3, 0, 0, 0), state(4, 0, 1, 0, 1, 1, 1))) {
      states.add(new Checkpoint(sela, s.tensors(), s.step(), s.samples()));
    }
    Checkpoint average = Averaging.average(states);
    for (int h = 0; h < 4; h++) {
      assertThat(average.tensors().get("heads.w." + h + ".weight").data()).containsOnly(2.5f);
    }
    assertThat(average.targets()).isEqualTo(sela);
  }

  @Test
  void averagesEachSubClassHeadOverTheWorkersThatTrainedIt() {
    Checkpoint average =
        Averaging.average(
            List.of(
                state(1, 0, 1, 0, 1, 0, 9),
                state(2, 0, 1, 3, 1, 0, 0),
                state(6, 0, 1, 1, 0, 0, 0)));
    for (String prefix : List.of("heads.w.", "momentum.heads.w.")) {
      assertThat(average.tensors().get(prefix + "0.weight").data()).containsOnly(4f);
      assertThat(average.tensors().get(prefix + "1.weight").data()).containsOnly(1.5f);
      assertThat(average.tensors().get(prefix + "2.weight").data()).containsOnly(3f); // nobody: all
      assertThat(average.tensors().get(prefix + "3.weight").data()).containsOnly(1f);
    }
    assertThat(average.tensors().get("heads.v.weight").data()).containsOnly(3f);
  }

  @Test
  void leavesOutAWorkerWithoutImages() {
    Checkpoint idle = state(9, 9, 9, 0, 0, 0, 0);
    Checkpoint busy = state(1, 2, 3, 1, 0, 0, 0);
    assertThat(Averaging.average(List.of(idle, busy)).tensors()).isEqualTo(busy.tensors());
    assertThat(Averaging.average(List.of(busy, idle)).tensors()).isEqualTo(busy.tensors());
    assertThat(Averaging.average(List.of(idle, idle))).isEqualTo(idle);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 64})
  void equalStatesComeOutBitForBit(int workers) {
    for (long seed = 0; seed < 20; seed++) {
      Checkpoint state = random(seed);
      Checkpoint average = Averaging.average(Collections.nCopies(workers, state));
      assertThat(average.tensors()).isEqualTo(state.tensors());
      assertThat(average.step()).isEqualTo(state.step());
      assertThat(average.images()).isZero();
    }
  }

  @Test
  void varianceStaysPositiveWhereMeansAreLarge() {
    // E[x²] − mean² in single precision would be lost in rounding
    Checkpoint average =
        Averaging.average(
            List.of(state(1, 1e6f, 1e-3f, 1, 1, 1, 1), state(1, 1e6f, 3e-3f, 1, 1, 1, 1)));
    assertThat(average.tensors().get("trunk.bn1.running_var").data()[0])
        .isCloseTo(2e-3f, within(1e-9f));
  }

  @Test
  void orderIsThatOfTheWorkersNumbersAndNoOther() {
    List<Checkpoint> states = new ArrayList<>();
    for (int worker = 0; worker < 6; worker++) {
      states.add(random(worker));
    }
    Checkpoint expected = Averaging.average(states);
    assertThat(Averaging.average(states)).isEqualTo(expected);
    Averaging withGaps = new Averaging();
    for (int worker = 0; worker < 6; worker++) {
      withGaps.add(10 * worker, states.get(worker));
    }
    assertThat(withGaps.result()).isEqualTo(expected);

    SplittableRandom random = Seeds.random(3);
    for (int trial = 0; trial < 20; trial++) {
      int[] order = {0, 1, 2, 3, 4, 5};
      Seeds.shuffle(order, 0, 6, random);
      if (Arrays.equals(order, new int[] {0, 1, 2, 3, 4, 5})) {
        continue;
      }
      Averaging averaging = new Averaging();
      assertThatThrownBy(
              () -> {
                for (int worker : order) {
                  averaging.add(worker, states.get(worker));
                }
              })
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("increasing number");
    }
  }

  @Test
  void meanLiesBetweenTheExtremes() {
    List<Checkpoint> states = List.of(random(1), random(2), random(3));
    Checkpoint average = Averaging.average(states);
    average
        .tensors()
        .forEach(
            (name, tensor) -> {
              if (name.endsWith("running_var") || states.get(0).superClassOf(name) == 2) {
                return;
              }
              for (int i = 0; i < tensor.data().length; i++) {
                float min = Float.MAX_VALUE;
                float max = 0;
                for (Checkpoint state : states) {
                  min = Math.min(min, state.tensors().get(name).data()[i]);
                  max = Math.max(max, state.tensors().get(name).data()[i]);
                }
                assertThat(tensor.data()[i]).as(name).isBetween(min, max);
              }
            });
  }

  @Test
  void refusesStatesThatDoNotMatch() {
    Checkpoint state = state(1, 2, 3, 1, 1, 1, 1);
    assertThatThrownBy(() -> Averaging.average(List.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("at least one worker");
    Checkpoint other =
        new Checkpoint(
            new Targets(Method.DEEPERCLUSTER, 1, 3), state.tensors(), 5, state.samples());
    assertThatThrownBy(() -> Averaging.average(List.of(state, other)))
        .hasMessageContaining("worker 1 trained on");
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>(state.tensors());
    tensors.put("trunk.conv1.weight", Tensor.vector(1));
    Checkpoint reshaped = new Checkpoint(FOUR, tensors, 5, state.samples());
    assertThatThrownBy(() -> Averaging.average(List.of(state, reshaped)))
        .hasMessageContaining("'trunk.conv1.weight' as Tensor[1], not Tensor[1, 1]");
    LinkedHashMap<String, Tensor> fewer = new LinkedHashMap<>(state.tensors());
    fewer.remove("momentum.trunk");
    assertThatThrownBy(
            () ->
                Averaging.average(List.of(state, new Checkpoint(FOUR, fewer, 5, state.samples()))))
        .hasMessageContaining("tensors of other names");
    LinkedHashMap<String, Tensor> alone = new LinkedHashMap<>(state.tensors());
    alone.remove("trunk.bn1.running_mean");
    assertThatThrownBy(
            () -> Averaging.average(List.of(new Checkpoint(FOUR, alone, 5, state.samples()))))
        .hasMessageContaining("no partner 'trunk.bn1.running_mean'");
  }
}
