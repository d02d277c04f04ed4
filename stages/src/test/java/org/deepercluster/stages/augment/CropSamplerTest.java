package org.deepercluster.stages.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.deepercluster.stages.augment.CropSampler.View;
import org.deepercluster.stages.image.CropBox;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CropSamplerTest {
  private static final double RATIO = 4.0 / 3;

  private static CropSampler sampler(double min, double max, double ratio) {
    return new CropSampler(new AugmentConfig(min, max, ratio, true));
  }

  @ParameterizedTest
  @CsvSource({"28, 28", "500, 375", "8, 900", "1, 1", "3000, 9"})
  void cropsLieInsideTheImageAndKeepScaleAndRatio(int width, int height) {
    CropSampler sampler = sampler(0.08, 1, RATIO);
    for (long seed = 0; seed < 2000; seed++) {
      CropBox crop = sampler.view(width, height, seed).crop();
      assertThat(crop.x() + crop.width()).isLessThanOrEqualTo(width);
      assertThat(crop.y() + crop.height()).isLessThanOrEqualTo(height);
      // sides are rounded: half a pixel each way
      assertThat((crop.width() - 0.5) / (crop.height() + 0.5)).isLessThanOrEqualTo(RATIO);
      assertThat((crop.height() - 0.5) / (crop.width() + 0.5)).isLessThanOrEqualTo(RATIO);
    }
  }

  /**
   * Scale U(0.08, 1), ratio log-uniform. A square image of side 1 refuses a draw of area a and
   * ratio e^t if a > e^-|t|; the mean of the accepted areas follows by numerical integration of
   * P(|t| ≤ −log a) over a.
   */
  @Test
  void areasAndPlacesAreSpreadEvenly() {
    CropSampler sampler = sampler(0.08, 1, RATIO);
    int n = 20_000;
    double area = 0;
    double place = 0;
    double flips = 0;
    double logRatio = 0;
    for (long seed = 0; seed < n; seed++) {
      View view = sampler.view(1000, 1000, CropSampler.drawSeed(1, seed));
      CropBox crop = view.crop();
      area += crop.width() * (double) crop.height() / 1e6 / n;
      place += (crop.x() + crop.width() / 2.0 - 500) / n;
      flips += (view.flip() ? 1.0 : 0.0) / n;
      logRatio += Math.log((double) crop.width() / crop.height()) / n;
    }
    assertThat(area).isCloseTo(meanAcceptedArea(), within(0.008)); // sd of the mean: 0.0018
    assertThat(place).isCloseTo(0, within(5.0)); // sd of the mean: about 1
    assertThat(flips).isCloseTo(0.5, within(0.018)); // sd 0.0035
    assertThat(logRatio).isCloseTo(0, within(0.006)); // sd 0.0012
  }

  private static double meanAcceptedArea() {
    double sum = 0;
    double weights = 0;
    for (int i = 0; i < 100_000; i++) {
      double a = 0.08 + 0.92 * (i + 0.5) / 100_000;
      double p = Math.min(1, -Math.log(a) / Math.log(RATIO));
      sum += p * a;
      weights += p;
    }
    return sum / weights;
  }

  @Test
  void takesTheWholeImageWhenNothingElseIsAllowed() {
    CropSampler sampler = sampler(1, 1, 1);
    for (long seed = 0; seed < 10; seed++) {
      assertThat(sampler.view(28, 28, seed).crop()).isEqualTo(new CropBox(0, 0, 28, 28));
    }
  }

  /** Scale 1 never fits an elongated image: torchvision's fallback is the largest centred box. */
  @Test
  void fallsBackToTheCentre() {
    CropSampler sampler = sampler(1, 1, RATIO);
    assertThat(sampler.view(400, 90, 1).crop()).isEqualTo(new CropBox(140, 0, 120, 90));
    assertThat(sampler.view(90, 400, 1).crop()).isEqualTo(new CropBox(0, 140, 90, 120));
  }

  @Test
  void aViewDependsOnItsSeedAlone() {
    CropSampler sampler = sampler(0.08, 1, RATIO);
    assertThat(sampler.view(500, 375, 9)).isEqualTo(sampler(0.08, 1, RATIO).view(500, 375, 9));
    assertThat(sampler.view(500, 375, 9)).isNotEqualTo(sampler.view(500, 375, 10));
    assertThat(CropSampler.drawSeed(1, 2)).isNotEqualTo(CropSampler.drawSeed(2, 1));
  }

  @Test
  void withoutFlipTheCropsStayTheSame() {
    CropSampler off = new CropSampler(new AugmentConfig(0.08, 1, RATIO, false));
    for (long seed = 0; seed < 50; seed++) {
      assertThat(off.view(99, 77, seed))
          .isEqualTo(new View(sampler(0.08, 1, RATIO).view(99, 77, seed).crop(), false));
    }
  }

  @Test
  void saysWhatIsWrong() {
    assertThatThrownBy(() -> sampler(0.5, 0.4, RATIO))
        .hasMessage("cropScaleMax must be at least cropScaleMin = 0.5, got 0.4");
    assertThatThrownBy(() -> sampler(0, 1, RATIO))
        .hasMessage("cropScaleMin must be a number above 0 and at most 1, got 0");
    assertThatThrownBy(() -> sampler(0.1, 1, 0.9))
        .hasMessage("cropRatioMax must be a number from 1 to 10, got 0.9");
    assertThatThrownBy(() -> sampler(0.1, 1, 1).view(0, 5, 1)).hasMessageContaining("0×5");
  }
}
