package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;

class LinearProbeTest {
  private static final EvaluateConfig.Linear PLAIN = Probes.linear(30, 16, 0.01, 0.9, 1e-5, true);

  /** PyTorch's Linear, CrossEntropyLoss and SGD, with and without standardisation; golden.py. */
  @Test
  void stepsAsPyTorchDoes() {
    LabelledFeatures test = Golden.test();
    JsonNode cases = Golden.values().get("sgd");
    assertThat(cases).hasSize(4);
    for (JsonNode c : cases) {
      EvaluateConfig.Linear config =
          Probes.linear(
              c.get("epochs").intValue(),
              c.get("batch").intValue(),
              c.get("lr").doubleValue(),
              c.get("momentum").doubleValue(),
              c.get("wd").doubleValue(),
              c.get("standardise").booleanValue());
      LinearClassifier classifier =
          LinearProbe.train(
              Golden.train(c.get("n").intValue()),
              config,
              epoch -> Golden.ints(c.get("orders").get(epoch)));
      assertThat(classifier.logits(test.values()))
          .containsExactly(Golden.floats(c.get("logits")), within(1e-3f));
      assertThat(classifier.top1(test)).isCloseTo(c.get("top1").doubleValue(), within(0.2));
    }
  }

  @Test
  void sameSeedGivesTheSameBitsAndAnotherSeedAnotherOrder() {
    LinearClassifier first = LinearProbe.train(Golden.train(), PLAIN, 7);
    LinearClassifier again = LinearProbe.train(Golden.train(), PLAIN, 7);
    LinearClassifier other = LinearProbe.train(Golden.train(), PLAIN, 8);
    assertThat(again.weights()).isEqualTo(first.weights());
    assertThat(again.biases()).isEqualTo(first.biases());
    assertThat(other.weights()).isNotEqualTo(first.weights());
  }

  @Test
  void standardisedTrainingDoesNotDependOnTheScaleOfTheFeatures() {
    LabelledFeatures train = Golden.train();
    LabelledFeatures test = Golden.test();
    LinearClassifier plain = LinearProbe.train(train, PLAIN, 1);
    LinearClassifier scaled = LinearProbe.train(affine(train), PLAIN, 1);
    assertThat(scaled.logits(affine(test).values()))
        .containsExactly(plain.logits(test.values()), within(1e-3f));
  }

  @Test
  void aConstantFeatureTakesNoPart() {
    LinearClassifier classifier = LinearProbe.train(Golden.train(), PLAIN, 1);
    for (int k = 0; k < classifier.classes(); k++) {
      assertThat(classifier.weights()[k * classifier.dim() + 7]).isZero();
    }
  }

  @Test
  void oneImageAndOneClassAreEnough() {
    LabelledFeatures one = new LabelledFeatures(new float[] {1, 2}, 2, new int[] {0}, 1);
    assertThat(LinearProbe.train(one, PLAIN, 0).top1(one)).isEqualTo(100);
  }

  @Test
  void refusesAnEmptySet() {
    LabelledFeatures none = new LabelledFeatures(new float[0], 3, new int[0], 2);
    assertThatThrownBy(() -> LinearProbe.train(none, PLAIN, 0))
        .hasMessage("no images to train a linear classifier on: at least one is needed");
    LinearClassifier classifier = new LinearClassifier(new float[6], new float[2]);
    assertThatThrownBy(() -> classifier.top1(none))
        .hasMessage("no images to test a linear classifier on: at least one is needed");
    assertThatThrownBy(() -> classifier.top1(Golden.test()))
        .hasMessage("the classifier takes 3 features, but the test images have 48");
    assertThatThrownBy(() -> classifier.logits(new float[4]))
        .hasMessage("rows of 3 features are needed, but there are 4 numbers");
  }

  @Test
  void saysThatTheLearningRateIsTooLarge() {
    EvaluateConfig.Linear wild = Probes.linear(5, 1, 100, 0.9, 0, false);
    float[] values = {1e30f, -1e30f, -1e30f, 1e30f};
    LabelledFeatures huge = new LabelledFeatures(values, 2, new int[] {0, 1}, 2);
    assertThatThrownBy(() -> LinearProbe.train(huge, wild, 0))
        .isInstanceOf(ArithmeticException.class)
        .hasMessage(
            "the linear classifier diverged at lr 100.0 without standardise; use a smaller lr");
  }

  private static LabelledFeatures affine(LabelledFeatures f) {
    float[] v = new float[f.values().length];
    for (int i = 0; i < v.length; i++) {
      v[i] = f.values()[i] * (0.01f + i % f.dim()) + 3;
    }
    return new LabelledFeatures(v, f.dim(), f.labels(), f.classes());
  }
}
