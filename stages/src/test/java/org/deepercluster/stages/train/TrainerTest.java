package org.deepercluster.stages.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.Safetensors;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.targets.Method;
import org.deepercluster.stages.targets.Targets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TrainerTest {
  private static final Targets TARGETS = new Targets(Method.DEEPERCLUSTER, 2, 6);

  private static int threads;

  /** The nets are too small for more, and share their machine with other tests. */
  @BeforeAll
  static void useOneThread() {
    threads = NativeRuntime.threads();
    NativeRuntime.setThreads(1);
  }

  @AfterAll
  static void useThreadsAsBefore() {
    NativeRuntime.setThreads(threads);
  }

  private static ModelConfig model(double dropout) {
    return new ModelConfig("vgg-small", 16, "rgb", 4, dropout);
  }

  private static Trainer trainer(Targets targets, double dropout, long seed) {
    return new Trainer(Trunk.create(model(dropout), seed), targets, 0.9, 1e-3, seed + 1);
  }

  /**
   * Golden values: PyTorch in float64, {@code trainer_golden.py}, which also prints how far
   * PyTorch's own float32 drifts in these steps: 2e-4 of a tensor's change. Here 1e-3 is allowed.
   */
  @Test
  void twentyStepsAreThoseOfPyTorch() throws IOException {
    JsonNode golden;
    try (InputStream in = getClass().getResourceAsStream("trainer_golden.json")) {
      golden = new ObjectMapper().readTree(in);
    }
    int steps = golden.get("steps").intValue();
    int b = golden.get("batch").intValue();
    try (Trainer trainer =
        new Trainer(
            Trunk.create(model(0), 1),
            TARGETS,
            golden.get("momentum").doubleValue(),
            golden.get("weightDecay").doubleValue(),
            1)) {
      Map<String, Tensor> start = new LinkedHashMap<>(Checkpoint.of(trainer).tensors());
      for (JsonNode t : golden.get("tensors")) {
        String name = t.get("name").textValue();
        assertThat(start).containsKey(name);
        if (t.get("position").intValue() < 0) {
          continue; // running statistics, as initialised
        }
        int[] shape = new ObjectMapper().convertValue(t.get("shape"), int[].class);
        assertThat(start.get(name).shape()).as(name).isEqualTo(shape);
        start.put(name, PyTorchGolden.start(t, start.get(name)));
      }
      new Checkpoint(TARGETS, start, 0, new long[8]).restore(trainer);

      for (int step = 0; step < steps; step++) {
        int[] s = new int[b];
        int[] z = new int[b];
        for (int i = 0; i < b; i++) {
          s[i] = (i * 5 + step) % 6;
          z[i] = (i + 2 * step) % 3;
        }
        Batch batch = new Batch(step, PyTorchGolden.formula(1000 + step, b * 3 * 16 * 16), s, z);
        double lr = LearningRate.COSINE.at(golden.get("lr").doubleValue(), step, steps);
        StepResult result = trainer.step(batch, lr, 0);
        assertThat(result.step()).isEqualTo(step);
        double loss = golden.get("losses").get(step).doubleValue();
        assertThat(result.loss()).as("loss of step %d", step).isCloseTo(loss, within(1e-4 * loss));
      }

      Map<String, Tensor> end = Checkpoint.of(trainer).tensors();
      for (JsonNode t : golden.get("tensors")) {
        String name = t.get("name").textValue();
        float[] values = end.get(name).data();
        PyTorchGolden.assertTrained(t, name, start.get(name).data(), values);
        double sum = 0;
        for (float value : values) {
          sum += value;
        }
        assertThat(sum / values.length)
            .as("mean of %s", name)
            .isCloseTo(
                t.get("mean").doubleValue(), within(1e-3 * t.get("change").doubleValue() + 1e-6));
      }
    }
  }

  /** Random images and targets, the same for the same step. */
  private static Batch random(Targets targets, int step, int size) {
    SplittableRandom random = Seeds.random(Seeds.of(77, step));
    float[] x = new float[size * 3 * 16 * 16];
    int[] s = new int[size];
    int[] z = new int[size * targets.heads()];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (2 * random.nextDouble() - 1);
    }
    for (int i = 0; i < size; i++) {
      s[i] = random.nextInt(targets.superClasses());
      for (int h = 0; h < targets.heads(); h++) {
        z[i * targets.heads() + h] = random.nextInt(targets.subClasses());
      }
    }
    return new Batch(step, x, s, z);
  }

  private static void train(Trainer trainer, int steps, int size) {
    for (int i = 0; i < steps; i++) {
      int step = (int) trainer.step();
      trainer.step(random(trainer.heads().targets(), step, size), 0.05, Seeds.of(5, step));
    }
  }

  private static Checkpoint throughFile(Checkpoint checkpoint) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    checkpoint.write(out);
    return Checkpoint.read(new ByteArrayInputStream(out.toByteArray()));
  }

  @Test
  void goingOnFromACheckpointEqualsNotHavingStopped() throws IOException {
    goingOnEqualsNotHavingStopped(TARGETS);
    goingOnEqualsNotHavingStopped(new Targets(Method.SELA, 1, 5, 3, 4));
  }

  private static void goingOnEqualsNotHavingStopped(Targets targets) throws IOException {
    Checkpoint expected;
    Checkpoint middle;
    try (Trainer trainer = trainer(targets, 0.5, 1)) {
      train(trainer, 2, 6);
      middle = throughFile(Checkpoint.of(trainer));
      assertThat(middle).isEqualTo(Checkpoint.of(trainer));
      assertThat(middle.step()).isEqualTo(2);
      assertThat(middle.images()).isEqualTo(12);
      train(trainer, 2, 6);
      expected = Checkpoint.of(trainer);
    }
    assertThat(expected).isNotEqualTo(middle);
    try (Trainer other = trainer(targets, 0.5, 99)) {
      train(other, 1, 6); // whatever it did before
      middle.restore(other);
      train(other, 2, 6);
      assertThat(Checkpoint.of(other)).isEqualTo(expected);
    }
  }

  @Test
  void sameSeedSameBits() {
    List<Checkpoint> ends = new ArrayList<>();
    for (long seed : new long[] {1, 1, 2}) {
      try (Trainer trainer = trainer(TARGETS, 0.5, seed)) {
        train(trainer, 2, 6);
        ends.add(Checkpoint.of(trainer));
      }
    }
    assertThat(ends.get(1)).isEqualTo(ends.get(0));
    assertThat(ends.get(2)).isNotEqualTo(ends.get(0));
  }

  /** One worker, averaged after every two steps through files, is plain SGD bit for bit. */
  @Test
  void oneWorkerWithAveragingIsPlainSgd() throws IOException {
    Checkpoint plain;
    try (Trainer trainer = trainer(TARGETS, 0.5, 1)) {
      train(trainer, 4, 6);
      plain = Checkpoint.of(trainer);
    }
    Checkpoint state;
    try (Trainer trainer = trainer(TARGETS, 0.5, 1)) {
      state = Checkpoint.of(trainer);
    }
    for (int round = 0; round < 2; round++) {
      try (Trainer trainer = trainer(TARGETS, 0.5, 50 + round)) {
        state.restore(trainer);
        train(trainer, 2, 6);
        state = throughFile(Averaging.average(List.of(Checkpoint.of(trainer))));
      }
    }
    assertThat(state.tensors()).isEqualTo(plain.tensors());
    assertThat(state.step()).isEqualTo(plain.step());
  }

  @Test
  void averagingTwoWorkersReallyMixesThem() {
    List<Checkpoint> states = new ArrayList<>();
    for (int worker = 0; worker < 2; worker++) {
      try (Trainer trainer = trainer(TARGETS, 0.5, 1)) {
        trainer.step(random(TARGETS, worker, 8), 0.05, worker);
        states.add(Checkpoint.of(trainer));
      }
    }
    Checkpoint average = Averaging.average(states);
    String name = "trunk.bn1.running_mean";
    float a = states.get(0).tensors().get(name).data()[0];
    float b = states.get(1).tensors().get(name).data()[0];
    assertThat(a).isNotEqualTo(b);
    assertThat(average.tensors().get(name).data()[0]).isEqualTo((float) (((double) a + b) / 2));
    try (Trainer trainer = trainer(TARGETS, 0.5, 9)) {
      average.restore(trainer);
      assertThat(Checkpoint.of(trainer)).isEqualTo(average);
    }
  }

  @Test
  void freshHeadsKeepTheTrunkAndItsMomentum() {
    try (Trainer trainer = trainer(TARGETS, 0.5, 1)) {
      train(trainer, 2, 6);
      Checkpoint before = Checkpoint.of(trainer);
      Checkpoint fresh = before.withFreshHeads(123);
      trainer.resetHeads(123);
      assertThat(Checkpoint.of(trainer)).isEqualTo(fresh);
      assertThat(fresh.trunk()).isEqualTo(before.trunk());
      assertThat(fresh.tensors().get("momentum.trunk"))
          .isEqualTo(before.tensors().get("momentum.trunk"));
      assertThat(fresh.step()).isEqualTo(2);
      Heads expected = new Heads(TARGETS, 128, 123);
      expected
          .tensors()
          .forEach(
              (name, tensor) -> {
                assertThat(fresh.tensors().get("heads." + name)).isEqualTo(tensor);
                assertThat(fresh.tensors().get("momentum.heads." + name).data()).containsOnly(0f);
              });
    }
  }

  /**
   * Loss falls by a large part on noisy patterns, one per target. Linear layers start ten times
   * larger than training's own: with N(0, 0.01²) a net this small spends its first hundred steps
   * near zero.
   */
  @Test
  void learnsASmallProblemWithEveryMethod() {
    for (Targets targets :
        List.of(
            new Targets(Method.DEEPERCLUSTER, 2, 4),
            new Targets(Method.DEEPCLUSTER, 1, 6),
            new Targets(Method.ROTNET, 1, 1),
            new Targets(Method.CARTESIAN, 1, 2),
            new Targets(Method.SELA, 1, 6, 2, 1),
            new Targets(Method.SELA, 1, 2, 2, 4),
            new Targets(Method.SUPERVISED, 1, 6))) {
      try (Trainer trainer = trainer(targets, 0, 3)) {
        Map<String, Tensor> tensors = new LinkedHashMap<>(Checkpoint.of(trainer).tensors());
        tensors.replaceAll(
            (name, tensor) -> name.matches("(trunk.fc|heads).*weight") ? tenTimes(tensor) : tensor);
        new Checkpoint(targets, tensors, 0, new long[targets.superClasses()]).restore(trainer);
        double first = 0;
        double last = 0;
        int correct = 0;
        for (int step = 0; step < 15; step++) {
          StepResult result = trainer.step(patterns(targets, step, 16), 0.05, step);
          first = step == 0 ? result.loss() : first;
          last = result.loss();
          correct = targets.hasV() ? result.superCorrect() : result.subCorrect();
        }
        assertThat(last).as("loss of %s", targets).isLessThan(0.5 * first);
        assertThat(correct).as("correct of %s", targets).isGreaterThan(10);
      }
    }
  }

  private static Tensor tenTimes(Tensor tensor) {
    float[] values = tensor.data().clone();
    for (int i = 0; i < values.length; i++) {
      values[i] *= 10;
    }
    return new Tensor(tensor.shape(), values);
  }

  /** Each pair of super-class and sub-class is a pattern of its own, with noise. */
  private static Batch patterns(Targets targets, int step, int size) {
    SplittableRandom random = Seeds.random(Seeds.of(41, step));
    float[] x = new float[size * 3 * 16 * 16];
    int[] s = new int[size];
    int[] z = new int[size * targets.heads()];
    for (int i = 0; i < size; i++) {
      s[i] = random.nextInt(targets.superClasses());
      int label = random.nextInt(targets.subClasses());
      for (int h = 0; h < targets.heads(); h++) {
        z[i * targets.heads() + h] = (label + h) % targets.subClasses();
      }
      float[] pattern = PyTorchGolden.formula(s[i] * 100 + label, 3 * 16 * 16);
      for (int j = 0; j < pattern.length; j++) {
        x[i * pattern.length + j] = (float) (pattern[j] + 0.3 * (random.nextDouble() - 0.5));
      }
    }
    return new Batch(step, x, s, z);
  }

  @Test
  void trainsOnABatchOfOne() {
    try (Trainer trainer = trainer(TARGETS, 0.5, 1)) {
      StepResult result = trainer.step(random(TARGETS, 0, 1), 0.01, 1);
      assertThat(result.images()).isEqualTo(1);
      assertThat(result.loss()).isFinite();
      for (Tensor tensor : Checkpoint.of(trainer).tensors().values()) {
        for (float value : tensor.data()) {
          assertThat(Float.isFinite(value)).isTrue();
        }
      }
    }
  }

  /** θ ← θ − lr·wd·θ in the first step: no image, no gradient, but weight decay. */
  @Test
  void weightDecayActsOnHeadsWithoutImages() {
    try (Trainer trainer = trainer(TARGETS, 0.5, 1)) {
      Map<String, Tensor> before = Checkpoint.of(trainer).tensors();
      Batch batch = random(TARGETS, 0, 4);
      trainer.step(new Batch(0, batch.x(), new int[] {0, 0, 1, 2}, new int[4]), 0.5, 1);
      Checkpoint after = Checkpoint.of(trainer);
      assertThat(after.samples()).containsExactly(2, 1, 1, 0, 0, 0, 0, 0);
      float[] old = before.get("heads.w.5.weight").data();
      float[] now = after.tensors().get("heads.w.5.weight").data();
      for (int i = 0; i < old.length; i++) {
        assertThat((double) now[i]).isCloseTo(old[i] * (1 - 0.5 * 1e-3), within(1e-8));
      }
      assertThat(after.tensors().get("heads.w.0.weight"))
          .isNotEqualTo(before.get("heads.w.0.weight"));
    }
  }

  @Test
  void stopsWhenTheLossIsNotFinite() {
    try (Trainer trainer = trainer(TARGETS, 0.5, 1)) {
      Batch batch = random(TARGETS, 0, 4);
      batch.x()[0] = Float.NaN;
      assertThatThrownBy(() -> trainer.step(batch, 0.1, 1))
          .isInstanceOf(ArithmeticException.class)
          .hasMessageContaining("at step 0 with lr 0.1");
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    try (Trainer trainer = trainer(TARGETS, 0.5, 1);
        Trainer rotnet = trainer(new Targets(Method.ROTNET, 1, 1), 0.5, 1)) {
      Batch short1 = new Batch(0, new float[5], new int[2], new int[2]);
      assertThatThrownBy(() -> trainer.step(short1, 0.1, 1))
          .hasMessage("a batch of 2 images of 3×16×16 has 1536 values, got 5");
      Checkpoint checkpoint = Checkpoint.of(trainer);
      assertThatThrownBy(() -> checkpoint.restore(rotnet)).hasMessageContaining("ROTNET");
      LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>(checkpoint.tensors());
      tensors.remove("momentum.trunk");
      assertThatThrownBy(() -> new Checkpoint(TARGETS, tensors, 0, new long[8]).restore(trainer))
          .hasMessageContaining("momentum is missing");
    }
  }

  @Test
  void readsNothingButTrainingStates() throws IOException {
    assertThatThrownBy(() -> read(Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not a training state");
    String format = "deepercluster-training-state-1";
    assertThatThrownBy(
            () ->
                read(Map.of("format", format, "method", "rotnet", "m", "2", "k", "2", "step", "0")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("m must be 1, got 2");
    assertThatThrownBy(() -> read(Map.of("format", format, "method", "rotnet", "m", "1")))
        .hasMessageContaining("damaged training state");
    assertThatThrownBy(() -> new Checkpoint(TARGETS, new LinkedHashMap<>(), 0, new long[3]))
        .hasMessageContaining("3 super-classes where there are 8");
    assertThatThrownBy(() -> new Checkpoint(TARGETS, new LinkedHashMap<>(), -1, new long[8]))
        .hasMessageContaining("step");
    assertThatThrownBy(
            () -> new Checkpoint(TARGETS, new LinkedHashMap<>(), 0, new long[8]).withFreshHeads(1))
        .hasMessageContaining("no heads");
  }

  private static Checkpoint read(Map<String, String> metadata) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Safetensors.write(out, new LinkedHashMap<>(), metadata);
    return Checkpoint.read(new ByteArrayInputStream(out.toByteArray()));
  }
}
