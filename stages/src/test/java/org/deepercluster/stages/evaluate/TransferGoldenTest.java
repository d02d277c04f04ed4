package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.train.PyTorchGolden;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Eight steps of each transfer protocol against PyTorch in float64: {@code transfer.py}. Float32
 * drifts from it by some 1e-4 of a tensor's change in so many steps; 1e-3 is allowed.
 */
class TransferGoldenTest {
  private static final JsonNode GOLDEN = Golden.read("transfer.json");
  private static final int BATCH = GOLDEN.get("batch").intValue();
  private static final int CLASSES = GOLDEN.get("classes").intValue();
  private static final int STEPS = GOLDEN.get("steps").intValue();
  private static final double MOMENTUM = GOLDEN.get("momentum").doubleValue();
  private static final double DECAY = GOLDEN.get("weightDecay").doubleValue();
  private static final LearningRates RATES =
      LearningRates.steps(GOLDEN.get("lr").doubleValue(), 0.5, GOLDEN.get("every").intValue());

  private static int threads;

  @BeforeAll
  static void useOneThread() {
    threads = NativeRuntime.threads();
    NativeRuntime.setThreads(1);
  }

  @AfterAll
  static void useThreadsAsBefore() {
    NativeRuntime.setThreads(threads);
  }

  @Test
  void fineTuningWithSigmoidsRunningStatisticsAndClipping() {
    var settings =
        new FineTuner.Settings(
            false, true, false, 0, RATES, MOMENTUM, false, DECAY, GOLDEN.get("clip").doubleValue());
    try (FineTuner tuner = new FineTuner(trunk("rgb"), states(), settings, 1)) {
      Map<String, Tensor> start = start(tuner, "rgb");
      train(tuner, start, "all");
      assertThat(tuner.state().get("trunk.bn3.running_mean"))
          .isEqualTo(start.get("trunk.bn3.running_mean"));
    }
  }

  @Test
  void trainingTheLinearLayersAlone() {
    var settings =
        new FineTuner.Settings(
            true, true, false, 0, RATES, MOMENTUM, false, DECAY, GOLDEN.get("clip").doubleValue());
    try (FineTuner tuner = new FineTuner(trunk("rgb"), states(), settings, 1)) {
      Map<String, Tensor> start = start(tuner, "rgb");
      train(tuner, start, "linear");
      tuner
          .state()
          .forEach(
              (name, tensor) -> {
                if (name.startsWith("trunk.conv") || name.startsWith("trunk.bn")) {
                  assertThat(tensor).as(name).isEqualTo(start.get(name));
                }
              });
    }
  }

  /** The golden weights are unfolded; what PyTorch trained started from their folded form. */
  @Test
  void fineTuningWithTheSobelFiltersFoldedIn() {
    Trunk folded;
    try (Trunk unfolded = trunk("sobel")) {
      Map<String, Tensor> start = new LinkedHashMap<>();
      unfolded.tensors().forEach((name, t) -> start.put("trunk." + name, t));
      recipe(start, "sobel");
      Map<String, Tensor> own = new LinkedHashMap<>();
      start.forEach((name, t) -> own.put(name.replace("trunk.", ""), t));
      unfolded.load(own);
      folded = unfolded.foldSobel();
    }
    var settings =
        new FineTuner.Settings(
            false, false, false, 0, RATES, MOMENTUM, false, DECAY, Double.POSITIVE_INFINITY);
    try (FineTuner tuner = new FineTuner(folded, labels(), settings, 1)) {
      Map<String, Tensor> start = new LinkedHashMap<>(tuner.state());
      Tensor conv1 = start.get("trunk.conv1.weight");
      assertThat(conv1.shape()).containsExactly(4, 3, 5, 5);
      recipe(start, "sobel");
      start.put("trunk.conv1.weight", conv1);
      tuner.restore(start);

      float[] logits = tuner.logits(images(0));
      JsonNode unfolded = GOLDEN.get("unfolded");
      for (int i = 0; i < unfolded.get("logits").size(); i++) {
        assertThat((double) logits[i * unfolded.get("stride").intValue()])
            .as("logit %d without training", i)
            .isCloseTo(unfolded.get("logits").get(i).doubleValue(), within(1e-5));
      }
      train(tuner, start, "folded");
    }
  }

  @Test
  void linearProbesOnAllConvolutionsAtOnce() {
    JsonNode golden = GOLDEN.get("probes");
    Map<String, Double> rates = new LinkedHashMap<>();
    for (int i = 0; i < golden.get("rates").size(); i++) {
      rates.put("conv" + (i + 1), golden.get("rates").get(i).doubleValue());
    }
    try (FineTuner source =
        new FineTuner(
            trunk("rgb"),
            labels(),
            new FineTuner.Settings(
                true, true, false, 0, RATES, 0, false, 0, Double.POSITIVE_INFINITY),
            1)) {
      Map<String, Tensor> start = start(source, "rgb");
      Trunk trunk = trunk("rgb");
      Map<String, Tensor> own = new LinkedHashMap<>();
      start.forEach((name, t) -> own.put(name.replace("trunk.", ""), t));
      trunk.load(own);
      try (LinearProbes probes = new LinearProbes(trunk, labels(), rates, MOMENTUM, DECAY)) {
        assertThat(probes.losses()).hasSize(6).startsWith("loss/conv1");
        for (int step = 0; step < STEPS; step++) {
          double[] losses = probes.step(images(step), rows(step), step);
          for (int i = 0; i < losses.length; i++) {
            double loss = golden.get("losses").get(step).get(i).doubleValue();
            assertThat(losses[i])
                .as("loss of conv%d in step %d", i + 1, step)
                .isCloseTo(loss, within(1e-4 * loss));
          }
        }
        Map<String, Tensor> zero = new LinkedHashMap<>(probes.state());
        zero.replaceAll((name, t) -> new Tensor(t.shape(), new float[t.data().length]));
        assertTensors(golden.get("tensors"), zero, probes.state());
      }
    }
  }

  private static void train(FineTuner tuner, Map<String, Tensor> start, String name) {
    JsonNode golden = GOLDEN.get(name);
    for (int step = 0; step < STEPS; step++) {
      double loss = golden.get("losses").get(step).doubleValue();
      assertThat(tuner.step(images(step), rows(step), step)[0])
          .as("loss of step %d", step)
          .isCloseTo(loss, within(1e-4 * loss));
    }
    assertTensors(golden.get("tensors"), start, tuner.state());
  }

  private static void assertTensors(
      JsonNode golden, Map<String, Tensor> start, Map<String, Tensor> end) {
    golden
        .properties()
        .forEach(
            e ->
                PyTorchGolden.assertTrained(
                    e.getValue(),
                    e.getKey(),
                    start.get(e.getKey()).data(),
                    end.get(e.getKey()).data()));
  }

  private static Trunk trunk(String input) {
    return Trunk.create(new ModelConfig("vgg-small", 16, input, 4, 0), 1);
  }

  /** Gives the learner the golden weights, and returns its state. */
  private static Map<String, Tensor> start(FineTuner tuner, String recipe) {
    Map<String, Tensor> start = new LinkedHashMap<>(tuner.state());
    recipe(start, recipe);
    tuner.restore(start);
    return start;
  }

  private static void recipe(Map<String, Tensor> tensors, String recipe) {
    for (JsonNode t : GOLDEN.get(recipe)) {
      tensors.computeIfPresent(
          t.get("name").textValue(), (name, tensor) -> PyTorchGolden.start(t, tensor));
    }
  }

  private static INDArray images(int step) {
    return Nd4j.createFromArray(PyTorchGolden.formula(1000 + step, BATCH * 3 * 16 * 16))
        .reshape('c', BATCH, 3, 16, 16);
  }

  /** Every step has images of its own. */
  private static int[] rows(int step) {
    int[] rows = new int[BATCH];
    for (int i = 0; i < BATCH; i++) {
      rows[i] = step * BATCH + i;
    }
    return rows;
  }

  private static TransferLabels labels() {
    int[] label = new int[STEPS * BATCH];
    for (int i = 0; i < label.length; i++) {
      label[i] = (3 * (i % BATCH) + i / BATCH) % CLASSES;
    }
    return new TransferLabels.Single(label, CLASSES);
  }

  private static TransferLabels states() {
    byte[] pattern = {1, -1, -1, 0, -1};
    byte[] state = new byte[STEPS * BATCH * CLASSES];
    for (int i = 0; i < STEPS * BATCH; i++) {
      for (int k = 0; k < CLASSES; k++) {
        state[i * CLASSES + k] = pattern[(i % BATCH + 2 * k + i / BATCH) % 5];
      }
    }
    return new TransferLabels.Multi(state, CLASSES);
  }

  @Test
  void theListOfLayersIsTheNetworks() {
    try (LinearProbes probes =
        new LinearProbes(trunk("rgb"), labels(), Map.of("conv5", 0.1, "conv2", 0.2), 0, 0)) {
      assertThat(probes.layers()).isEqualTo(List.of("conv2", "conv5"));
    }
  }
}
