package org.deepercluster.stages.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.targets.Method;
import org.deepercluster.stages.targets.Targets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Golden values: PyTorch in float64, {@code loss_golden.py}; for several heads NumPy in float64,
 * {@code heads_loss.py}.
 */
class HierarchicalLossTest {
  private static final JsonNode GOLDEN = golden("loss_golden.json");

  private static JsonNode golden(String file) {
    try (InputStream in = HierarchicalLossTest.class.getResourceAsStream(file)) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static List<JsonNode> cases() {
    List<JsonNode> cases = new ArrayList<>();
    GOLDEN.get("cases").forEach(cases::add);
    return cases;
  }

  static List<JsonNode> casesOfHeads() {
    List<JsonNode> cases = new ArrayList<>();
    golden("heads_loss.json").get("cases").forEach(cases::add);
    return cases;
  }

  private static Heads heads(JsonNode golden) {
    if (golden.has("H")) {
      Targets targets =
          new Targets(
              Method.SELA,
              1,
              golden.get("k").intValue(),
              golden.get("H").intValue(),
              golden.get("rotations").intValue());
      Heads heads = new Heads(targets, golden.get("d").intValue(), 0);
      heads.load(tensors(golden.get("heads")));
      return heads;
    }
    Targets targets =
        new Targets(
            Method.of(golden.get("method").textValue()),
            golden.get("m").intValue(),
            golden.get("k").intValue());
    assertThat(targets.superClasses()).isEqualTo(golden.get("S").intValue());
    assertThat(targets.subClasses()).isEqualTo(golden.get("K").intValue());
    Heads heads = new Heads(targets, golden.get("d").intValue(), 0);
    heads.load(tensors(golden.get("heads")));
    return heads;
  }

  private static Map<String, Tensor> tensors(JsonNode node) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    node.properties().forEach(e -> tensors.put(e.getKey(), tensor(e.getValue())));
    return tensors;
  }

  private static Tensor tensor(JsonNode node) {
    if (!node.get(0).isArray()) {
      return Tensor.vector(floats(node));
    }
    return new Tensor(new int[] {node.size(), node.get(0).size()}, floats(node));
  }

  private static float[] floats(JsonNode node) {
    List<Float> values = new ArrayList<>();
    for (JsonNode row : node) {
      if (row.isArray()) {
        row.forEach(v -> values.add(v.floatValue()));
      } else {
        values.add(row.floatValue());
      }
    }
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i);
    }
    return floats;
  }

  private static int[] ints(JsonNode node) {
    int[] ints = new int[node.size()];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = node.get(i).intValue();
    }
    return ints;
  }

  private static INDArray features(JsonNode golden) {
    Tensor f = tensor(golden.get("features"));
    return Nd4j.createFromArray(f.data()).reshape(f.shape()[0], f.shape()[1]);
  }

  private static HierarchicalLoss.Result evaluate(JsonNode golden, Heads heads) {
    return HierarchicalLoss.evaluate(
        heads, features(golden), ints(golden.get("superClass")), ints(golden.get("subClass")));
  }

  /** Float32 against float64: 1e-5 relative, and 1e-6 absolute where gradients cancel. */
  private static void assertClose(String what, float[] actual, float[] expected, double relative) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i])
          .as("%s, value %d", what, i)
          .isCloseTo(expected[i], within(1e-6 + relative * Math.abs(expected[i])));
    }
  }

  private static void assertClose(
      Map<String, Tensor> actual, Map<String, Tensor> expected, double relative) {
    assertThat(actual.keySet()).containsExactlyElementsOf(expected.keySet());
    expected.forEach(
        (name, tensor) -> {
          assertThat(actual.get(name).shape()).as(name).isEqualTo(tensor.shape());
          assertClose(name, actual.get(name).data(), tensor.data(), relative);
        });
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossAndGradientsAreThoseOfPyTorch(JsonNode golden) {
    assertIsTheReference(golden);
  }

  @ParameterizedTest
  @MethodSource("casesOfHeads")
  void lossAndGradientsOfSeveralHeadsAreThoseOfNumPy(JsonNode golden) {
    assertIsTheReference(golden);
  }

  /**
   * Central differences of the loss along the gradient itself: float32 features and a step of 1e-2
   * of their size leave 1e-2 of the slope.
   */
  @ParameterizedTest
  @MethodSource("casesOfHeads")
  void gradientsOfSeveralHeadsAreTheSlopesOfTheLoss(JsonNode golden) {
    Heads heads = heads(golden);
    evaluate(golden, heads);
    INDArray gradient = heads.gradients().dup();
    double squares = gradient.mul(gradient).sumNumber().doubleValue();
    double step = 1e-2 / Math.sqrt(squares + 1e-12);
    INDArray parameters = heads.parameters().dup();
    heads.parameters().assign(parameters.add(gradient.mul(step)));
    double up = evaluate(golden, heads).loss();
    heads.parameters().assign(parameters.sub(gradient.mul(step)));
    double down = evaluate(golden, heads).loss();
    assertThat((up - down) / (2 * step)).isCloseTo(squares, within(1e-2 * squares + 1e-6));
  }

  @Test
  void refusesAnotherNumberOfLabelsThanHeads() {
    Heads heads = new Heads(new Targets(Method.SELA, 1, 6, 3, 1), 4, 1);
    INDArray two = Nd4j.zeros(2, 4);
    assertThatThrownBy(() -> HierarchicalLoss.evaluate(heads, two, new int[2], new int[2]))
        .hasMessage("a batch needs 3 sub-classes per super-class and at least one, got 2 and 2");
    assertThat(
            HierarchicalLoss.evaluate(heads, two, new int[2], new int[] {0, 1, 2, 3, 4, 5})
                .subLoss())
        .isCloseTo(Math.log(6), within(1e-7));
  }

  private static void assertIsTheReference(JsonNode golden) {
    Heads heads = heads(golden);
    heads.gradients().assign(7); // must be overwritten
    INDArray features = features(golden);
    HierarchicalLoss.Result result = evaluate(golden, heads);

    double superLoss = golden.get("superLoss").doubleValue();
    double subLoss = golden.get("subLoss").doubleValue();
    assertThat(result.images()).isEqualTo(golden.get("superClass").size());
    assertThat(result.superLoss()).isCloseTo(superLoss, within(1e-6 * (1 + superLoss)));
    assertThat(result.subLoss()).isCloseTo(subLoss, within(1e-6 * (1 + subLoss)));
    assertThat(result.loss()).isEqualTo(result.superLoss() + result.subLoss());
    assertThat(result.superCorrect()).isEqualTo(golden.get("superCorrect").intValue());
    assertThat(result.subCorrect()).isEqualTo(golden.get("subCorrect").intValue());
    assertClose(
        "feature gradient",
        result.featureGradient().ravel().toFloatVector(),
        floats(golden.get("featureGradient")),
        1e-5);
    assertClose(heads.tensors(heads.gradients()), tensors(golden.get("gradients")), 1e-5);
    assertThat(heads.tensors()).isEqualTo(tensors(golden.get("heads")));
    assertThat(features).isEqualTo(features(golden));
  }

  /** 20 steps in float32 drift from float64 by rounding: 1e-4 relative. */
  @ParameterizedTest
  @MethodSource("cases")
  void twentyOptimiserStepsAreThoseOfPyTorch(JsonNode golden) {
    Heads heads = heads(golden);
    Sgd sgd =
        new Sgd(
            heads.parameters().length(),
            GOLDEN.get("momentum").doubleValue(),
            GOLDEN.get("weightDecay").doubleValue());
    int steps = GOLDEN.get("steps").intValue();
    for (int step = 0; step < steps; step++) {
      evaluate(golden, heads);
      double lr = LearningRate.COSINE.at(GOLDEN.get("lr").doubleValue(), step, steps);
      sgd.step(heads.parameters(), heads.gradients(), lr);
    }
    assertClose(heads.tensors(), tensors(golden.get("after20")), 1e-4);
  }

  @Test
  void readsFeaturesOfAnyLayout() {
    JsonNode golden = cases().get(0);
    Heads heads = heads(golden);
    HierarchicalLoss.Result expected = evaluate(golden, heads);
    INDArray transposedTwice = features(golden).dup('f');
    assertThat(transposedTwice.ordering()).isEqualTo('f');
    HierarchicalLoss.Result result =
        HierarchicalLoss.evaluate(
            heads, transposedTwice, ints(golden.get("superClass")), ints(golden.get("subClass")));
    assertThat(result.loss()).isEqualTo(expected.loss());
    assertThat(result.featureGradient()).isEqualTo(expected.featureGradient());
  }

  @Test
  void zeroFeaturesGiveTheLossOfAGuess() {
    Heads heads = new Heads(new Targets(Method.DEEPERCLUSTER, 2, 6), 4, 1);
    HierarchicalLoss.Result result =
        HierarchicalLoss.evaluate(heads, Nd4j.zeros(2, 4), new int[] {0, 7}, new int[] {2, 1});
    assertThat(result.superLoss()).isCloseTo(Math.log(8), within(1e-7));
    assertThat(result.subLoss()).isCloseTo(Math.log(3), within(1e-7));
    assertThat(result.featureGradient().maxNumber().doubleValue()).isZero();
  }

  @Test
  void refusesTargetsAndSizesThatDoNotFit() {
    Heads heads = new Heads(new Targets(Method.DEEPERCLUSTER, 2, 6), 4, 1);
    INDArray two = Nd4j.zeros(2, 4);
    assertThatThrownBy(
            () -> HierarchicalLoss.evaluate(heads, two, new int[] {0, 8}, new int[] {0, 0}))
        .hasMessage("super-class 8 of row 1 is not in [0, 8)");
    assertThatThrownBy(
            () -> HierarchicalLoss.evaluate(heads, two, new int[] {0, 0}, new int[] {-1, 0}))
        .hasMessage("sub-class -1 of row 0 is not in [0, 3)");
    assertThatThrownBy(() -> HierarchicalLoss.evaluate(heads, two, new int[1], new int[1]))
        .hasMessage("features must be [1, 4], got [2, 4]");
    assertThatThrownBy(() -> HierarchicalLoss.evaluate(heads, two, new int[2], new int[1]))
        .hasMessageContaining("got 2 and 1");
    assertThatThrownBy(() -> HierarchicalLoss.evaluate(heads, two, new int[0], new int[0]))
        .hasMessageContaining("at least one");
  }
}
