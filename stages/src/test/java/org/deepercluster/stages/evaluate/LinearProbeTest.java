package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import org.deepercluster.stages.augment.AugmentConfig;
import org.junit.jupiter.api.Test;

class LinearProbeTest {
  private static final AugmentConfig VIEWS = new AugmentConfig(0.08, 1, 4.0 / 3, true);

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

  @Test
  void crossValidationChoosesByTheImagesLeftOut() {
    EvaluateConfig.Linear config = folds("1e-9,0.01", "1e-5");
    EvaluateConfig.Linear chosen = CrossValidation.choose(Golden.train(), config, 3);
    // at so small a rate nothing is learned
    assertThat(chosen.lr()).isEqualTo(0.01);
    assertThat(chosen.weightDecay()).isEqualTo(1e-5);
    assertThat(chosen.folds()).isZero();
    float[] values = new float[16];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % 3 == 0 ? 1e30f : -1e30f;
    }
    LabelledFeatures huge = new LabelledFeatures(values, 2, new int[] {0, 1, 0, 1, 0, 1, 0, 1}, 2);
    assertThatThrownBy(() -> CrossValidation.choose(huge, folds("50,100", "1e-5"), 3))
        .hasMessage("the linear classifier diverged at every lr of 50,100");
    assertThatThrownBy(() -> folds("101", "1")).hasMessage("foldLrs must be at most 100, got 101");
    assertThat(CrossValidation.choose(Golden.train(), config, 3)).isEqualTo(chosen);
    assertThatThrownBy(() -> CrossValidation.choose(Golden.train(3), config, 3))
        .hasMessage(
            "cross-validation in 4 folds needs at least as many labelled training images, but"
                + " there are 3");
  }

  private static EvaluateConfig.Linear folds(String lrs, String decays) {
    return new EvaluateConfig.Linear(
        20, 16, 0.5, 0.9, 1e-5, false, "all", "cached", null, 4, lrs, decays, VIEWS, 1000);
  }

  @Test
  void layersMayHaveLearningRatesOfTheirOwn() {
    EvaluateConfig.Linear config = linear(false, "cached", "conv1=0.005, conv13=2e-2", 0);
    assertThat(config.of("conv1").lr()).isEqualTo(0.005);
    assertThat(config.of("conv13").lr()).isEqualTo(0.02);
    assertThat(config.of("conv2").lr()).isEqualTo(0.5);
    assertThatThrownBy(() -> linear(false, "cached", "0.5", 0))
        .hasMessageStartingWith("layerLr must be names of layers");
    assertThatThrownBy(() -> linear(false, "cached", null, 2))
        .hasMessage("foldLrs is missing: folds = 2 needs learning rates to choose from");
  }

  @Test
  void augmentedFeaturesAreNeitherStandardisedNorCrossValidated() {
    assertThatThrownBy(() -> linear(true, "augmented", null, 0))
        .hasMessageStartingWith("standardise must be false with augmented features");
    assertThat(linear(false, "augmented", "conv1=1", 0).features()).isEqualTo("augmented");
  }

  private static EvaluateConfig.Linear linear(
      boolean standardise, String features, String layerLr, int folds) {
    return new EvaluateConfig.Linear(
        1, 1, 0.5, 0, 0, standardise, "all", features, layerLr, folds, null, null, VIEWS, 1000);
  }
}
