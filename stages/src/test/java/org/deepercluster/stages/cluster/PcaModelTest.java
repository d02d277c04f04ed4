package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class PcaModelTest {
  private static PcaModel fit(List<Block> blocks, int pcaDim) {
    int dim = blocks.get(0).dim();
    long total = blocks.stream().mapToLong(Block::rows).sum();
    Moments moments = new Moments(dim);
    for (Block block : blocks) {
      moments.add(Moments.of(block, new PcaSample(total, total)));
    }
    return PcaModel.fit(moments, pcaDim);
  }

  private static void assertClose(float[] actual, float[] expected, double tolerance) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat((double) actual[i]).as("value %d", i).isCloseTo(expected[i], within(tolerance));
    }
  }

  /** scikit-learn's PCA(whiten=True), then rows divided by their norm: golden.py. */
  @Test
  void agreesWithScikitLearn() throws Exception {
    Golden golden = Golden.of("pca.json");
    float[] x = golden.floats("x");
    int dim = golden.number("dim");
    PcaModel pca = fit(Golden.blocks(x, dim, 70, 0, 65), golden.number("pcaDim"));
    double[] expected = golden.doubles("eigenvalues");
    for (int i = 0; i < dim; i++) {
      assertThat(pca.eigenvalues()[i]).isCloseTo(expected[i], within(1e-9 * expected[0]));
    }
    assertClose(pca.transform(x, golden.number("rows")), golden.floats("whitened"), 2e-5);
    assertThat(pca.explained()).isBetween(0.99, 1.0);
  }

  /** Eigenvalues below 1e-5 of the largest are raised to it: NumPy in golden.py. */
  @Test
  void floorsSmallEigenvalues() throws Exception {
    Golden golden = Golden.of("pca.json");
    float[] x = golden.floats("flat");
    PcaModel pca = fit(Golden.blocks(x, golden.number("flatDim")), 6);
    double[] expected = golden.doubles("flatEigenvalues");
    assertThat(expected[4]).isLessThan(PcaModel.FLOOR * expected[0] * 0.2);
    for (int i = 0; i < 6; i++) {
      assertThat(pca.eigenvalues()[i]).isCloseTo(expected[i], within(1e-9 * expected[0]));
    }
    assertClose(pca.transform(x, golden.number("rows")), golden.floats("flatWhitened"), 2e-5);
  }

  @Test
  void rowsHaveNormOneAndLargestComponentsArePositive() {
    float[] x = Golden.directions(3000, 20, 5, 3);
    PcaModel pca = fit(Golden.blocks(x, 20, 1500), 7);
    float[] y = pca.transform(x, 3000);
    assertThat(y).hasSize(3000 * 7);
    for (int r = 0; r < 3000; r++) {
      double squares = 0;
      for (int j = 0; j < 7; j++) {
        squares += (double) y[r * 7 + j] * y[r * 7 + j];
      }
      assertThat(squares).isCloseTo(1, within(1e-6));
    }
    for (int i = 0; i < 7; i++) {
      float[] row = Arrays.copyOfRange(pca.projection(), i * 20, (i + 1) * 20);
      float largest = row[0];
      for (float v : row) {
        largest = Math.abs(v) > Math.abs(largest) ? v : largest;
      }
      assertThat(largest).isPositive();
    }
    double[] eigenvalues = pca.eigenvalues();
    for (int i = 1; i < 20; i++) {
      assertThat(eigenvalues[i]).isLessThanOrEqualTo(eigenvalues[i - 1]);
    }
  }

  @Test
  void momentsOfBlocksMergeToThoseOfTheWhole() {
    float[] x = Golden.directions(2500, 6, 4, 9);
    for (int i = 0; i < x.length; i++) {
      x[i] += 100;
    }
    PcaSample all = new PcaSample(2500, 2500);
    Moments whole = Moments.of(Golden.blocks(x, 6).get(0), all);
    Moments merged = new Moments(6);
    for (Block block : Golden.blocks(x, 6, 1, 0, 1100, 700)) {
      merged.add(Moments.of(block, all));
    }
    assertThat(merged.count()).isEqualTo(2500);
    assertThat(merged.mean()).containsExactly(whole.mean(), within(1e-11));
    assertThat(merged.m2()).containsExactly(whole.m2(), within(1e-8));
  }

  @Test
  void sameBlocksGiveTheSameBits() {
    float[] x = Golden.directions(2000, 16, 4, 1);
    List<Block> blocks = Golden.blocks(x, 16, 800, 300);
    PcaModel one = fit(blocks, 16);
    PcaModel two = fit(blocks, 16);
    assertThat(two.projection()).isEqualTo(one.projection());
    assertThat(two.transform(x, 2000)).isEqualTo(one.transform(x, 2000));
  }

  @Test
  void constantFeaturesGiveZeroRows() {
    float[] x = new float[50 * 3];
    for (int r = 0; r < 50; r++) {
      x[r * 3] = 0.1f;
      x[r * 3 + 1] = -7.3f;
      x[r * 3 + 2] = 1e-3f;
    }
    PcaModel pca = fit(Golden.blocks(x, 3, 17), 3);
    assertThat(pca.transform(x, 50)).containsOnly(0f);
    assertThat(fit(Golden.blocks(new float[30], 3), 2).transform(new float[30], 10))
        .containsOnly(0f);
  }

  @Test
  void oneRowGivesAZeroRow() {
    PcaModel pca = fit(Golden.blocks(new float[] {1, 2, 3}, 3), 2);
    assertThat(pca.transform(new float[] {1, 2, 3}, 1)).containsExactly(0, 0);
    assertThat(pca.transform(new float[0], 0)).isEmpty();
  }

  @Test
  void rankDeficientFeaturesStayFinite() {
    float[] two = Golden.directions(200, 2, 3, 5);
    float[] x = new float[200 * 6];
    for (int r = 0; r < 200; r++) {
      for (int j = 0; j < 6; j++) {
        x[r * 6 + j] = two[r * 2] * (j + 1) + two[r * 2 + 1] * (j - 2);
      }
    }
    PcaModel pca = fit(Golden.blocks(x, 6), 6);
    assertThat(pca.eigenvalues()[2]).isLessThan(1e-9 * pca.eigenvalues()[0]);
    float[] y = pca.transform(x, 200);
    for (int r = 0; r < 200; r++) {
      for (int j = 0; j < 6; j++) {
        assertThat(y[r * 6 + j]).isFinite();
        if (j >= 2) {
          assertThat((double) y[r * 6 + j]).isCloseTo(0, within(1e-3));
        }
      }
    }
  }

  @Test
  void rowsWithNanAreLeftOutOfTheFitAndComeOutAsNan() {
    float[] x = Golden.directions(300, 4, 3, 8);
    float[] dirty = x.clone();
    dirty[5 * 4 + 1] = Float.NaN;
    dirty[200 * 4] = Float.NEGATIVE_INFINITY;
    PcaModel pca = fit(Golden.blocks(dirty, 4, 100), 3);
    float[] y = pca.transform(dirty, 300);
    for (int r = 0; r < 300; r++) {
      for (int j = 0; j < 3; j++) {
        assertThat(Float.isNaN(y[r * 3 + j])).as("row %d", r).isEqualTo(r == 5 || r == 200);
      }
    }
    assertThatThrownBy(() -> fit(Golden.blocks(new float[] {Float.NaN, 1}, 2), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("PCA needs at least one finite feature row, got none");
  }

  @Test
  void tooManyDimensionsAreAnError() {
    assertThatThrownBy(() -> fit(Golden.blocks(new float[12], 3), 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("pcaDim must be 1 to the feature dimension 3, got 4");
    PcaModel pca = fit(Golden.blocks(new float[12], 3), 2);
    assertThatThrownBy(() -> pca.transform(new float[5], 2))
        .hasMessage("features: 2 × 3 values expected, got 5");
    Moments moments = new Moments(3);
    assertThatThrownBy(() -> moments.add(new Moments(4)))
        .hasMessage("features of dimension 4 cannot join those of dimension 3");
  }

  @Test
  void sampleIsEvenAndSmallCollectionsAreUsedWhole() {
    PcaSample third = new PcaSample(100, 33);
    long[] taken = LongStream.range(0, 100).filter(third::takes).toArray();
    assertThat(taken).hasSize(33);
    for (int i = 1; i < taken.length; i++) {
      assertThat(taken[i] - taken[i - 1]).isBetween(3L, 4L);
    }
    assertThat(PcaSample.of(5_000, 128, null).size()).isEqualTo(5_000);
    assertThat(PcaSample.of(100_000, 8, null).size()).isEqualTo(10_000);
    assertThat(PcaSample.of(95_920_149, 4096, null).size()).isEqualTo(4096L * 4095 / 2);
    assertThat(PcaSample.of(100_000, 8, 50L).size()).isEqualTo(50);
    PcaSample published = PcaSample.of(95_920_149, 4096, null);
    assertThat(published.takes(95_920_148)).isTrue();
    assertThatThrownBy(() -> new PcaSample(10, 11))
        .hasMessage("PCA sample: 1 <= size <= total expected, got size 11, total 10");
  }

  @Test
  void survivesSerialisation() throws Exception {
    float[] x = Golden.directions(100, 5, 3, 2);
    PcaModel pca = fit(Golden.blocks(x, 5), 4);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(pca);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      PcaModel copy = (PcaModel) in.readObject();
      assertThat(copy.transform(x, 100)).isEqualTo(pca.transform(x, 100));
    }
  }
}
