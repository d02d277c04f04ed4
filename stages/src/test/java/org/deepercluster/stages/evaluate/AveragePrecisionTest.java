package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AveragePrecisionTest {
  /** scikit-learn's average precision and curve, ties and difficult images included; ranking.py. */
  @Test
  void equalsScikitLearnsCurve() {
    JsonNode cases = Golden.read("ranking.json").get("averagePrecision");
    assertThat(cases).hasSize(8);
    for (JsonNode c : cases) {
      byte[] presence = presence(Golden.ints(c.get("presence")));
      double[] scores = new double[presence.length];
      for (int i = 0; i < scores.length; i++) {
        scores[i] = c.get("scores").get(i).doubleValue();
      }
      AveragePrecision ap = AveragePrecision.of(scores, presence);
      assertThat(ap.area()).isCloseTo(c.get("area").doubleValue(), within(1e-12));
      assertThat(ap.elevenPoint()).isCloseTo(c.get("elevenPoint").doubleValue(), within(1e-12));
      assertThat(ap.interpolated()).isCloseTo(c.get("interpolated").doubleValue(), within(1e-12));
    }
  }

  /** By hand: right, wrong, right, wrong; precisions 1, 1/2, 2/3, 1/2 at recalls 1/2, 1/2, 1, 1. */
  @Test
  void ofAShortRanking() {
    AveragePrecision ap = AveragePrecision.of(new double[] {4, 3, 2, 1}, new byte[] {1, -1, 1, -1});
    assertThat(ap.area()).isCloseTo((1 + 2 / 3.0) / 2, within(1e-15));
    assertThat(ap.interpolated()).isCloseTo((1 + 2 / 3.0) / 2, within(1e-15));
    assertThat(ap.elevenPoint()).isCloseTo((6 + 5 * 2 / 3.0) / 11, within(1e-15));
    assertThat(ap.positives()).isEqualTo(2);
  }

  /** A later rise of the precision counts for the earlier recalls only where it is interpolated. */
  @Test
  void interpolationTakesTheBestPrecisionFromThereOn() {
    AveragePrecision ap = AveragePrecision.of(new double[] {5, 4, 3, 2}, new byte[] {-1, 1, 1, 1});
    assertThat(ap.area()).isCloseTo((1 / 2.0 + 2 / 3.0 + 3 / 4.0) / 3, within(1e-15));
    assertThat(ap.interpolated()).isCloseTo(3 / 4.0, within(1e-15));
    assertThat(ap.elevenPoint()).isCloseTo(3 / 4.0, within(1e-15));
  }

  @Test
  void theOrderOfTheImagesDoesNotMatter() {
    SplittableRandom random = new SplittableRandom(5);
    int n = 50;
    double[] scores = random.ints(n, 0, 9).asDoubleStream().toArray();
    byte[] presence = presence(random.ints(n, -1, 2).toArray());
    AveragePrecision ap = AveragePrecision.of(scores, presence);
    double[] turned = new double[n];
    byte[] turnedPresence = new byte[n];
    for (int i = 0; i < n; i++) {
      turned[i] = scores[n - 1 - i];
      turnedPresence[i] = presence[n - 1 - i];
    }
    assertThat(AveragePrecision.of(turned, turnedPresence)).isEqualTo(ap);
  }

  @Test
  void difficultImagesAreAsIfTheyWereNotThere() {
    AveragePrecision without =
        AveragePrecision.of(new double[] {4, 3, 2, 1}, new byte[] {1, -1, 1, -1});
    assertThat(
            AveragePrecision.of(
                new double[] {9, 4, 3, 3, 2, 1, 0}, new byte[] {0, 1, -1, 0, 1, -1, 0}))
        .isEqualTo(without);
  }

  @Test
  void withoutAPositiveThereIsNoValue() {
    AveragePrecision ap = AveragePrecision.of(new double[] {1, 2}, new byte[] {-1, 0});
    assertThat(ap.area()).isNaN();
    assertThat(ap.elevenPoint()).isNaN();
    assertThat(ap.interpolated()).isNaN();
    assertThat(ap.positives()).isZero();
    assertThat(AveragePrecision.of(new double[0], new byte[0]).area()).isNaN();
  }

  @Test
  void refusesWhatIsNoRanking() {
    assertThatThrownBy(() -> AveragePrecision.of(new double[2], new byte[3]))
        .hasMessage("as many scores as labels are needed, but there are 2 scores and 3 labels");
    assertThatThrownBy(() -> AveragePrecision.of(new double[] {0, Double.NaN}, new byte[] {1, 1}))
        .hasMessage("score 1 is NaN; must be finite");
  }

  private static byte[] presence(int[] values) {
    byte[] presence = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      presence[i] = (byte) values[i];
    }
    return presence;
  }
}
