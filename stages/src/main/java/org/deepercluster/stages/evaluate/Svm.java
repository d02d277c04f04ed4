package org.deepercluster.stages.evaluate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.Seeds;

/**
 * One linear support vector machine per class on features of length 1; mean average precision on
 * the test images (Goyal et al., ICCV 2019). On all training images, the cost of each class chosen
 * by cross-validation for average precision; or on a few images of each class ({@link LowShotSvm}).
 */
public record Svm(
    @Key(
            doc =
                "Folds of the cross-validation that chooses each class's cost, on all training"
                    + " images. Either this or `shots`.",
            def = Key.NONE,
            min = 2,
            max = 100)
        Integer folds,
    @Key(
            doc =
                "Train on so many images of each class alone, for each of these numbers, with commas"
                    + " between. Either this or `folds`.",
            symbol = "k",
            def = Key.NONE)
        String shots,
    @Key(
            doc = "Samples of these images; mean and sd over them. Needed with `shots` only.",
            def = Key.NONE,
            min = 1,
            max = 1000)
        Integer samples,
    @Key(
            doc =
                "Costs to choose from, with commas between; numbers, or powers such as `2^-4`. The"
                    + " smaller one wins of equally good ones.",
            symbol = "C",
            def = Svm.COSTS)
        String costs,
    @Key(
            doc = "Cost of images of the class over that of the others.",
            def = "2",
            min = 0,
            aboveMin = true)
        double positiveWeight,
    @Key(
            doc = "Tolerance of the projected gradients, as LIBLINEAR's.",
            def = "0.0001",
            min = 0,
            aboveMin = true)
        double tolerance,
    @Key(doc = "Most passes of a solution.", def = "2000", min = 1) int maxPasses,
    @Key(
            doc =
                "Layers to measure: `all` convolutions, the `last` one, `last-block` (its output"
                    + " after max pooling), or names with commas between.",
            def = "last")
        String layers)
    implements FrozenProtocol {

  /** Costs of the published commands (facebookresearch/fair_self_supervision_benchmark). */
  static final String COSTS =
      "1e-7,1e-6,1e-5,1e-4,1e-3,1e-2,0.1,1,10,100,2^-4,2^-5,2^-6,2^-7,2^-8,2^-9,2^-10,2^-11,2^-12,"
          + "2^-13,2^-14,2^-15,2^-16,2^-17,2^-18,2^-19";

  /** What the length is not divided by alone: the published code's. */
  private static final double EPSILON = 1e-5;

  /** Checks ranges and what belongs together. */
  public Svm {
    Schema.check(
        Svm.class, folds, shots, samples, costs, positiveWeight, tolerance, maxPasses, layers);
    checkNumbers(costs, "costs");
    Schema.require(
        (folds == null) != (shots == null),
        "must be given where shots is not, and only there; got folds "
            + folds
            + " and shots "
            + shots,
        "folds",
        "shots");
    Schema.require(
        (samples == null) == (shots == null),
        shots == null
            ? "must be left out without shots, got " + samples
            : "is missing: how many samples to take of each of shots = " + shots,
        "samples",
        "shots");
    if (shots != null) {
      checkNumbers(shots, "shots");
      Schema.require(
          Arrays.stream(numbers(shots)).allMatch(k -> k >= 1 && k == Math.rint(k)),
          "must be whole numbers from 1 with commas between, got " + shots,
          "shots");
    }
  }

  /** When a solution is good enough. */
  SquaredHinge.Stop stop() {
    return new SquaredHinge.Stop(tolerance, maxPasses);
  }

  static void checkNumbers(String text, String key) {
    double[] all = numbers(text);
    Schema.require(
        all.length > 0 && Arrays.stream(all).allMatch(c -> c > 0 && c < Double.POSITIVE_INFINITY),
        "must be numbers above 0 with commas between, such as 0.01,2^-4; got " + text,
        key);
  }

  /** Numbers and powers with commas between, in increasing order; NaN where one is neither. */
  static double[] numbers(String text) {
    return Arrays.stream(text.split(",", -1))
        .mapToDouble(t -> number(t.strip()))
        .sorted()
        .distinct()
        .toArray();
  }

  private static double number(String text) {
    try {
      if (text.matches("[0-9]+\\^-?[0-9]{1,3}")) {
        String[] parts = text.split("\\^");
        return Math.pow(Double.parseDouble(parts[0]), Double.parseDouble(parts[1]));
      }
      return text.matches("[0-9].*") ? Double.parseDouble(text) : Double.NaN;
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  @Override
  public int units(int classes) {
    return shots == null ? classes : LowShotSvm.units(this);
  }

  @Override
  public List<Result> probe(String name, Features features, int unit, long seed) {
    if (shots != null) {
      return LowShotSvm.probe(this, name, features, unit, seed);
    }
    double[] scores = scores(features, unit, Seeds.of(Seeds.of(seed, "svm"), (long) unit));
    AveragePrecision ap = AveragePrecision.of(scores, features.testExamples().presence(unit));
    String layer = features.layer();
    return List.of(
        Result.of(name, MetricNames.MAP, layer, 100 * ap.area()),
        Result.of(name, MetricNames.MAP_11POINT, layer, 100 * ap.elevenPoint()),
        Result.of(name, MetricNames.MAP_INTERPOLATED, layer, 100 * ap.interpolated()));
  }

  /** Scores of the test images for class {@code label}. */
  double[] scores(Features features, int label, long seed) {
    SquaredHinge svm = machine(features);
    byte[] y = negativesToo(features.trainExamples().presence(label));
    double cost = chooseCost(svm, y, seed);
    int[] all = new int[y.length];
    Arrays.setAll(all, i -> i);
    SquaredHinge.Solver solver = svm.new Solver(all, y, Seeds.of(seed, "all"));
    solver.solve(cost, positiveWeight, stop());
    int dim = features.testExamples().dim();
    float[] w = new float[dim];
    float bias = solver.weights(w, 0);
    float[] z = new LinearClassifier(w, new float[] {bias}).logits(unitTest(features));
    double[] scores = new double[z.length];
    Arrays.setAll(scores, i -> z[i]);
    return scores;
  }

  /** As in the published code, images where the class is difficult train as negative ones. */
  private static byte[] negativesToo(byte[] presence) {
    byte[] y = new byte[presence.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = (byte) (presence[i] > 0 ? 1 : -1);
    }
    return y;
  }

  /**
   * The cost with the highest mean over the folds of the average precision on the left out fold.
   *
   * @throws IllegalArgumentException if the class has fewer images than folds
   */
  double chooseCost(SquaredHinge svm, byte[] y, long seed) {
    int[] fold = stratify(y, folds);
    double[] all = numbers(costs);
    double[] mean = new double[all.length];
    for (int f = 0; f < folds; f++) {
      int[] rest = rows(fold, f, false);
      int[] out = rows(fold, f, true);
      byte[] truth = new byte[out.length];
      double[] scores = new double[out.length];
      SquaredHinge.Solver solver = svm.new Solver(rest, y, Seeds.of(seed, (long) f));
      for (int c = 0; c < all.length; c++) {
        solver.solve(all[c], positiveWeight, stop());
        for (int i = 0; i < out.length; i++) {
          truth[i] = y[out[i]];
          scores[i] = solver.score(out[i]);
        }
        mean[c] += AveragePrecision.of(scores, truth).area() / folds;
      }
    }
    int best = 0;
    for (int c = 1; c < all.length; c++) {
      best = mean[c] > mean[best] ? c : best;
    }
    return all[best];
  }

  private static int[] rows(int[] fold, int f, boolean of) {
    int[] rows = new int[fold.length];
    int n = 0;
    for (int i = 0; i < fold.length; i++) {
      if ((fold[i] == f) == of) {
        rows[n++] = i;
      }
    }
    return Arrays.copyOf(rows, n);
  }

  /**
   * Fold of every image, the folds of both kinds of equal size (±1) and in the order of the images,
   * as scikit-learn's {@code StratifiedKFold} without shuffling.
   *
   * @throws IllegalArgumentException if there are fewer images of a kind than folds
   */
  static int[] stratify(byte[] y, int folds) {
    int n = y.length;
    byte first = n == 0 ? 0 : y[0];
    int firsts = 0;
    for (byte b : y) {
      firsts += b == first ? 1 : 0;
    }
    if (Math.min(firsts, n - firsts) < folds) {
      throw new IllegalArgumentException(
          "cross-validation in "
              + folds
              + " folds needs as many training images with and without each class, but a class has "
              + Math.min(firsts, n - firsts));
    }
    // of the images sorted by kind, every folds-th from f on tells how many of each fold f gets
    int[][] size = new int[folds][2];
    for (int i = 0; i < n; i++) {
      size[i % folds][i < firsts ? 0 : 1]++;
    }
    int[] fold = new int[n];
    int[] at = new int[2];
    int[] used = new int[2];
    for (int i = 0; i < n; i++) {
      int kind = y[i] == first ? 0 : 1;
      while (used[kind] == size[at[kind]][kind]) {
        at[kind]++;
        used[kind] = 0;
      }
      used[kind]++;
      fold[i] = at[kind];
    }
    return fold;
  }

  /** The training images' features of length 1, with their products. */
  static SquaredHinge machine(Features features) {
    return features.once(
        "svm.train", () -> new SquaredHinge(unit(features.trainExamples()), features.dim()));
  }

  /** The test images' features of length 1. */
  static float[] unitTest(Features features) {
    return features.once("svm.test", () -> unit(features.testExamples()));
  }

  private static float[] unit(Examples e) {
    int dim = e.dim();
    float[] unit = new float[e.values().length];
    for (int i = 0; i < e.ids().length; i++) {
      double squares = 0;
      for (int j = 0; j < dim; j++) {
        squares += (double) e.values()[i * dim + j] * e.values()[i * dim + j];
      }
      if (!Double.isFinite(squares)) {
        throw new IllegalArgumentException(
            "the features of image " + e.ids()[i] + " are not all finite numbers");
      }
      double length = Math.sqrt(squares) + EPSILON;
      for (int j = 0; j < dim; j++) {
        unit[i * dim + j] = (float) (e.values()[i * dim + j] / length);
      }
    }
    return unit;
  }

  /** Mean over the classes that have a test image. */
  @Override
  public List<Measurement> results(List<Measurement> rows) {
    if (shots != null) {
      return LowShotSvm.results(rows);
    }
    List<Measurement> means = new ArrayList<>();
    for (List<Measurement> group : Measurement.groups(rows)) {
      Measurement first = group.get(0);
      double mean =
          group.stream()
              .mapToDouble(m -> m.result().value())
              .filter(v -> !Double.isNaN(v))
              .average()
              .orElseThrow(
                  () -> new IllegalArgumentException("no test image shows any of the classes"));
      Result r = first.result();
      means.add(
          new Measurement(first.network(), Result.of(r.protocol(), r.metric(), r.layer(), mean)));
    }
    return means;
  }
}
