package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SvmTest {
  private static final Svm PUBLISHED = new Svm(3, null, null, Svm.COSTS, 2, 1e-4, 2000, "last");
  private static final Features FEATURES = features();

  /** scikit-learn's LinearSVC at a tolerance of 1e-10, weighted classes and bias; ranking.py. */
  @Test
  void scoresAreLiblinears() {
    JsonNode cases = Golden.read("ranking.json").get("svm");
    assertThat(cases).hasSize(4);
    SquaredHinge svm = Svm.machine(FEATURES);
    for (int label = 0; label < cases.size(); label++) {
      byte[] y = FEATURES.trainExamples().presence(label);
      int[] all = new int[y.length];
      Arrays.setAll(all, i -> i);
      JsonNode scores = cases.get(label).get("scores");
      assertThat(scores).hasSize(3);
      SquaredHinge.Solver solver = svm.new Solver(all, y, label);
      for (var e : scores.properties()) {
        solver.solve(Double.parseDouble(e.getKey()), 2, new SquaredHinge.Stop(1e-6, 1_000_000));
        float[] w = new float[FEATURES.dim()];
        float bias = solver.weights(w, 0);
        // products and scores are in single precision
        assertThat(new LinearClassifier(w, new float[] {bias}).logits(Svm.unitTest(FEATURES)))
            .containsExactly(Golden.floats(e.getValue()), within(2e-4f));
        assertThat(solver.score(0)).isFinite();
      }
    }
  }

  @Test
  void foldsAreScikitLearns() {
    JsonNode cases = Golden.read("ranking.json").get("svm");
    for (int label = 0; label < cases.size(); label++) {
      assertThat(Svm.stratify(FEATURES.trainExamples().presence(label), 3))
          .containsExactly(Golden.ints(cases.get(label).get("folds")));
    }
    assertThatThrownBy(() -> Svm.stratify(new byte[] {1, 1, -1, -1, -1}, 3))
        .hasMessageContaining("3 folds needs as many training images")
        .hasMessageContaining("but a class has 2");
  }

  /** Mean average precision as of the same steps in scikit-learn, within 0.2 points. */
  @Test
  void chosenCostAndMeanAveragePrecision() {
    JsonNode cases = Golden.read("ranking.json").get("svm");
    List<Measurement> rows = new ArrayList<>();
    double expected = 0;
    for (int label = 0; label < cases.size(); label++) {
      for (Result r : PUBLISHED.probe("voc07-svm", FEATURES, label, 3)) {
        rows.add(new Measurement("trained", r));
      }
      expected += cases.get(label).get("map").doubleValue() / cases.size();
      byte[] y = FEATURES.trainExamples().presence(label);
      assertThat(PUBLISHED.chooseCost(Svm.machine(FEATURES), y, 1))
          .isEqualTo(cases.get(label).get("cost").doubleValue());
    }
    List<Measurement> results = PUBLISHED.results(rows);
    assertThat(results)
        .extracting(m -> m.result().name())
        .containsExactly(
            "voc07-svm/map/conv13",
            "voc07-svm/map_11point/conv13",
            "voc07-svm/map_interpolated/conv13");
    assertThat(results.get(0).result().value()).isCloseTo(expected, within(0.2));
    assertThat(results.get(0).result().hasSd()).isFalse();
  }

  /** With products that are kept, and without: the optimum is one. */
  @Test
  void theSolutionDoesNotDependOnTheOrderOfTheStepsOrTheFormOfTheProducts() {
    float[] values = FEATURES.trainExamples().values();
    int dim = FEATURES.dim();
    SquaredHinge svm = new SquaredHinge(values, dim);
    SquaredHinge plain = new SquaredHinge(values, dim, 0);
    byte[] y = FEATURES.trainExamples().presence(0);
    int[] some = {0, 1, 2, 3, 5, 8, 13, 21, 34, 55};
    double[] first = new double[svm.points()];
    for (long seed = 0; seed < 4; seed++) {
      SquaredHinge.Solver solver = (seed % 2 == 0 ? svm : plain).new Solver(some, y, seed);
      solver.solve(0.01, 2, new SquaredHinge.Stop(1e-9, 1_000_000));
      solver.solve(1, 2, new SquaredHinge.Stop(1e-9, 1_000_000));
      for (int i = 0; i < svm.points(); i++) {
        if (seed == 0) {
          first[i] = solver.score(i);
        }
        assertThat(solver.score(i)).isCloseTo(first[i], within(1e-4));
      }
      float[] w = new float[dim];
      float bias = solver.weights(w, 0);
      assertThat(new LinearClassifier(w, new float[] {bias}).logits(values)[9])
          .isCloseTo((float) first[9], within(1e-4f));
    }
  }

  @Test
  void lowShotMeasuresEveryNumberOfImagesAtItsBestCost() {
    Svm config = new Svm(null, "2,5", 3, "0.001,0.01,2^-4", 2, 1e-4, 2000, "last");
    assertThat(config.units(4)).isEqualTo(6);
    List<Measurement> rows = new ArrayList<>();
    for (int unit = 0; unit < 6; unit++) {
      List<Result> results = config.probe("voc07-lowshot", FEATURES, unit, 3);
      assertThat(config.probe("voc07-lowshot", FEATURES, unit, 3)).isEqualTo(results);
      results.forEach(r -> rows.add(new Measurement("trained", r)));
    }
    List<Measurement> results = config.results(rows);
    assertThat(results)
        .extracting(m -> m.result().name())
        .containsExactlyInAnyOrder(
            "voc07-lowshot/map_interpolated_k2/conv13",
            "voc07-lowshot/map_k2/conv13",
            "voc07-lowshot/map_interpolated_k5/conv13",
            "voc07-lowshot/map_k5/conv13");
    for (Measurement m : results) {
      assertThat(m.result().hasSd()).isTrue();
      assertThat(m.result().value()).isBetween(0.0, 100.0);
    }
    double best =
        Measurement.means(rows).stream()
            .filter(m -> m.result().metric().startsWith("map_interpolated_k5"))
            .mapToDouble(m -> m.result().value())
            .max()
            .orElseThrow();
    assertThat(results)
        .filteredOn(m -> m.result().metric().equals("map_interpolated_k5"))
        .singleElement()
        .satisfies(m -> assertThat(m.result().value()).isEqualTo(best));
  }

  @Test
  void aSampleHasBothKindsAndNoDifficultImage() {
    byte[] y = {1, 0, -1, 1, 0, -1, -1, 1, -1, -1, -1, -1};
    int[] sample = LowShotSvm.sample(y, 2, 4, 7, 9);
    assertThat(sample).hasSize(6).doesNotHaveDuplicates().isSorted();
    assertThat(Arrays.stream(sample).filter(i -> y[i] == 1)).hasSize(2);
    assertThat(Arrays.stream(sample).filter(i -> y[i] == -1)).hasSize(4);
    assertThatThrownBy(() -> LowShotSvm.sample(y, 4, 4, 7, 9))
        .hasMessage(
            "4 training images with class 7 are to be drawn, but there are 3; use smaller shots");
  }

  @Test
  void costsAreNumbersAndPowers() {
    assertThat(Svm.numbers("2^-2, 1e-3,0.5")).containsExactly(0.001, 0.25, 0.5);
    assertThat(Svm.numbers(Svm.COSTS)).hasSize(26).startsWith(1e-7).endsWith(0.1, 1, 10, 100);
    assertThatThrownBy(() -> new Svm(3, null, null, "1,x", 2, 1e-4, 10, "last"))
        .hasMessageContaining("costs must be numbers above 0 with commas between");
    assertThatThrownBy(() -> new Svm(null, "1.5", 1, "1", 2, 1e-4, 10, "last"))
        .hasMessageContaining("shots must be whole numbers from 1");
  }

  @Test
  void foldsOrShots() {
    assertThatThrownBy(() -> new Svm(null, null, null, "1", 2, 1e-4, 10, "last"))
        .hasMessageContaining("folds must be given where shots is not");
    assertThatThrownBy(() -> new Svm(3, "1,2", 5, "1", 2, 1e-4, 10, "last"))
        .hasMessageContaining("got folds 3 and shots 1,2");
    assertThatThrownBy(() -> new Svm(null, "1,2", null, "1", 2, 1e-4, 10, "last"))
        .hasMessageContaining("samples is missing");
    assertThatThrownBy(() -> new Svm(3, null, 5, "1", 2, 1e-4, 10, "last"))
        .hasMessageContaining("samples must be left out without shots, got 5");
  }

  private static Features features() {
    return new Features("conv13", examples(Golden.train()), examples(Golden.test()));
  }

  private static Examples examples(LabelledFeatures f) {
    String[] ids = new String[f.rows()];
    Map<String, List<Examples.ImageClass>> labels = new HashMap<>();
    for (int i = 0; i < ids.length; i++) {
      ids[i] = "image" + i;
      labels.put(ids[i], List.of(new Examples.ImageClass(f.labels()[i], false)));
    }
    return new Examples(ids, f.values(), f.dim(), labels, f.classes());
  }
}
