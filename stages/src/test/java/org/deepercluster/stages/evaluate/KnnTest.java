package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.SplittableRandom;
import org.deepercluster.stages.config.Seeds;
import org.junit.jupiter.api.Test;

class KnnTest {
  /** NumPy: full sort of the cosine similarities; golden.py. */
  @Test
  void votesAsNumPyDoes() {
    JsonNode cases = Golden.values().get("knn");
    assertThat(cases).hasSize(4);
    for (JsonNode c : cases) {
      EvaluateConfig.Knn config = Probes.knn(c.get("k").intValue(), c.get("tau").doubleValue());
      assertThat(Knn.predict(Golden.train(), Golden.test(), config))
          .isEqualTo(Golden.ints(c.get("predicted")));
      assertThat(Knn.top1(Golden.train(), Golden.test(), config))
          .isCloseTo(c.get("top1").doubleValue(), within(1e-9));
    }
  }

  @Test
  void ofEqualSimilaritiesTheSmallerIndexIsNearer() {
    float[] same = {1, 0, 2, 0, 3, 0, 0, 1};
    LabelledFeatures train = new LabelledFeatures(same, 2, new int[] {2, 1, 1, 0}, 3);
    LabelledFeatures test = new LabelledFeatures(new float[] {5, 0}, 2, new int[] {2}, 3);
    assertThat(Knn.predict(train, test, Probes.knn(1, 0.07))).containsExactly(2);
    // one vote each: the smaller class
    assertThat(Knn.predict(train, test, Probes.knn(2, 0.07))).containsExactly(1);
  }

  @Test
  void aTinyTemperatureIsTheNearestNeighbour() {
    int[] nearest = Knn.predict(Golden.train(), Golden.test(), Probes.knn(1, 0.07));
    assertThat(Knn.predict(Golden.train(), Golden.test(), Probes.knn(30, 1e-9))).isEqualTo(nearest);
  }

  @Test
  void tilesDoNotShow() {
    LabelledFeatures train = blobs(5000, 1);
    LabelledFeatures test = blobs(1100, 2);
    EvaluateConfig.Knn config = Probes.knn(15, 0.1);
    int[] predicted = Knn.predict(train, test, config);
    for (int i = 0; i < test.rows(); i += 37) {
      assertThat(predicted[i]).isEqualTo(plain(train, test, i, config));
    }
  }

  @Test
  void aZeroVectorIsNoError() {
    LabelledFeatures train =
        new LabelledFeatures(new float[] {0, 0, -1, 0}, 2, new int[] {1, 0}, 2);
    LabelledFeatures test = new LabelledFeatures(new float[] {1, 0}, 2, new int[] {1}, 2);
    assertThat(Knn.predict(train, test, Probes.knn(1, 0.07))).containsExactly(1);
  }

  @Test
  void refusesWhatCannotVote() {
    EvaluateConfig.Knn config = Probes.knn(73, 0.07);
    assertThatThrownBy(() -> Knn.predict(Golden.train(), Golden.test(), config))
        .hasMessage(
            "73 neighbours are to vote, but there are only 72 labelled training images;"
                + " use fewer neighbours");
    LabelledFeatures other = new LabelledFeatures(new float[2], 2, new int[1], 4);
    assertThatThrownBy(() -> Knn.predict(Golden.train(), other, Probes.knn(1, 1)))
        .hasMessage("the training images have 48 features, but the test images have 2");
    LabelledFeatures none = new LabelledFeatures(new float[0], 48, new int[0], 4);
    assertThatThrownBy(() -> Knn.top1(Golden.train(), none, Probes.knn(1, 1)))
        .hasMessage("no images to test the k-NN classifier on: at least one is needed");
  }

  private static int plain(
      LabelledFeatures train, LabelledFeatures test, int row, EvaluateConfig.Knn config) {
    double[] votes = new double[train.classes()];
    double[] s = new double[train.rows()];
    for (int j = 0; j < s.length; j++) {
      double dot = 0;
      double a = 0;
      double b = 0;
      for (int d = 0; d < train.dim(); d++) {
        double x = test.values()[row * train.dim() + d];
        double y = train.values()[j * train.dim() + d];
        dot += x * y;
        a += x * x;
        b += y * y;
      }
      s[j] = dot / Math.sqrt(a * b);
    }
    for (int k = 0; k < config.neighbours(); k++) {
      int best = 0;
      for (int j = 1; j < s.length; j++) {
        best = s[j] > s[best] ? j : best;
      }
      votes[train.labels()[best]] += Math.exp(s[best] / config.temperature());
      s[best] = Double.NEGATIVE_INFINITY;
    }
    int winner = 0;
    for (int c = 1; c < votes.length; c++) {
      winner = votes[c] > votes[winner] ? c : winner;
    }
    return winner;
  }

  private static LabelledFeatures blobs(int rows, long seed) {
    SplittableRandom random = Seeds.random(seed);
    int[] labels = random.ints(rows, 0, 6).toArray();
    float[] values = new float[rows * 8];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextDouble() - 0.5 + (labels[i / 8] == i % 8 ? 0.4 : 0));
    }
    return new LabelledFeatures(values, 8, labels, 6);
  }
}
