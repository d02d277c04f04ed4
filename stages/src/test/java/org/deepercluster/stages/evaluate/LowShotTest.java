package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deepercluster.stages.config.Seeds;
import org.junit.jupiter.api.Test;

class LowShotTest {
  /** scikit-learn's LogisticRegression(C, tol=1e-10), more and fewer images than features. */
  @Test
  void findsTheOptimumOfScikitLearn() {
    LabelledFeatures test = Golden.test();
    JsonNode cases = Golden.values().get("logistic");
    assertThat(cases).hasSize(4);
    for (JsonNode c : cases) {
      LinearClassifier classifier =
          LogisticRegression.fit(Golden.train(c.get("n").intValue()), c.get("c").doubleValue());
      assertThat(classifier.logits(test.values()))
          .containsExactly(Golden.floats(c.get("logits")), within(1e-3f));
      assertThat(classifier.top1(test)).isCloseTo(c.get("top1").doubleValue(), within(0.2));
    }
  }

  @Test
  void standardisesByTheFewImagesAloneAsScikitLearnDoes() {
    LabelledFeatures test = Golden.test();
    JsonNode cases = Golden.values().get("logistic_standardised");
    assertThat(cases).hasSize(2);
    for (JsonNode c : cases) {
      LinearClassifier classifier =
          LowShot.fit(
              Golden.train(c.get("n").intValue()),
              Probes.lowShot(1, 1, c.get("c").doubleValue(), true));
      assertThat(classifier.logits(test.values()))
          .containsExactly(Golden.floats(c.get("logits")), within(1e-3f));
    }
  }

  @Test
  void imagesThatOccurTwiceCountTwice() {
    LabelledFeatures once = Golden.train(20);
    int[] rows = new int[40];
    Arrays.setAll(rows, i -> i % 20);
    float[] twice = LogisticRegression.fit(once.rows(rows), 0.5).logits(Golden.test().values());
    assertThat(twice)
        .containsExactly(
            LogisticRegression.fit(once, 1).logits(Golden.test().values()), within(1e-3f));
  }

  @Test
  void blankFeaturesGiveTheClassFrequencies() {
    int[] labels = {0, 0, 0, 1, 2, 2};
    LabelledFeatures blank = new LabelledFeatures(new float[6 * 9], 9, labels, 3);
    LinearClassifier classifier = LogisticRegression.fit(blank, 1);
    assertThat(classifier.weights()).containsOnly(0);
    assertThat(classifier.biases()[0] - classifier.biases()[1])
        .isCloseTo((float) Math.log(3), within(1e-5f));
    assertThat(classifier.biases()[2] - classifier.biases()[1])
        .isCloseTo((float) Math.log(2), within(1e-5f));
  }

  @Test
  void meanAndSampleDeviationOverSeededDraws() {
    LabelledFeatures train = Golden.train();
    LabelledFeatures test = Golden.test();
    EvaluateConfig.LowShot config = Probes.lowShot(3, 4, 1.0, false);
    List<Measurement> draws = new ArrayList<>();
    double[] expected = new double[4];
    for (int d = 0; d < 4; d++) {
      int[] rows = LowShot.draw(train.labels(), 4, 3, Seeds.of(11, (long) d));
      expected[d] = LogisticRegression.fit(train.rows(rows), 1).top1(test);
      double top1 = LowShot.top1(train, test, config, 11, d);
      assertThat(top1).isEqualTo(expected[d]);
      draws.add(new Measurement("trained", Result.of("lowshot3", MetricNames.TOP1, "conv5", top1)));
    }
    double mean = (expected[0] + expected[1] + expected[2] + expected[3]) / 4;
    double variance = Arrays.stream(expected).map(a -> (a - mean) * (a - mean)).sum() / 3;
    assertThat(variance).isPositive();
    List<Measurement> means = Measurement.means(draws);
    assertThat(means).hasSize(1);
    assertThat(Measurement.numbers(means))
        .containsOnlyKeys("eval/lowshot3/top1/conv5", "eval/lowshot3/top1_sd/conv5");
    assertThat(means.get(0).result().value()).isCloseTo(mean, within(1e-12));
    assertThat(means.get(0).result().sd()).isCloseTo(Math.sqrt(variance), within(1e-12));
    assertThat(Measurement.means(draws.subList(0, 1))).isEqualTo(draws.subList(0, 1));
  }

  @Test
  void aDrawHasEveryClassEquallyAndNoImageTwice() {
    int[] labels = Seeds.random(3).ints(200, 0, 5).toArray();
    int[] drawn = LowShot.draw(labels, 5, 20, 9);
    assertThat(drawn).hasSize(100).doesNotHaveDuplicates();
    for (int i = 0; i < drawn.length; i++) {
      assertThat(labels[drawn[i]]).isEqualTo(i / 20);
    }
    assertThat(LowShot.draw(labels, 5, 20, 9)).isEqualTo(drawn);
    assertThat(LowShot.draw(labels, 5, 20, 10)).isNotEqualTo(drawn);
    // the draw of a class does not depend on the others' images
    assertThat(Arrays.copyOf(LowShot.draw(labels, 5, 10, 9), 10))
        .isEqualTo(Arrays.copyOf(drawn, 10));
  }

  @Test
  void namesEveryClassWithTooFewImages() {
    assertThatThrownBy(() -> LowShot.draw(new int[] {0, 0, 0, 1, 3, 3}, 4, 3, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "low-shot classifiers need 3 labelled training images per class,"
                + " but class 1 has 1, class 2 has 0, class 3 has 2; use a smaller perClass");
  }
}
