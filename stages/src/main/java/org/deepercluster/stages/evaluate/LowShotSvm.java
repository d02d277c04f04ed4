package org.deepercluster.stages.evaluate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.config.Seeds;

/**
 * {@link Svm} trained on k images of each class and (classes − 1)·k others, for several k and over
 * several samples. As in the published code (Goyal et al., ICCV 2019) the cost is, for each k, the
 * one that does best on the test images on average over classes and samples: the figures are
 * optimistic by that choice.
 */
final class LowShotSvm {
  /** Between a metric and the number of the cost, in the rows of units. */
  private static final String COST = "@";

  private LowShotSvm() {}

  /** One for each k and sample. */
  static int units(Svm config) {
    return Svm.numbers(config.shots()).length * config.samples();
  }

  /** What {@link Svm#probe} gives for a k and a sample: a row of each metric for each cost. */
  static List<Result> probe(Svm config, String name, Features features, int unit, long seed) {
    int k = (int) Svm.numbers(config.shots())[unit / config.samples()];
    int sample = unit % config.samples();
    double[] all = Svm.numbers(config.costs());
    int classes = features.trainExamples().classes();
    int dim = features.trainExamples().dim();
    SquaredHinge svm = Svm.machine(features);
    float[] weights = new float[Math.multiplyExact(classes * all.length, dim)];
    float[] biases = new float[classes * all.length];
    for (int label = 0; label < classes; label++) {
      byte[] y = features.trainExamples().presence(label);
      long own = Seeds.of(Seeds.of(Seeds.of(Seeds.of(seed, "svm-lowshot"), k), sample), label);
      int[] rows = sample(y, k, (classes - 1) * k, label, own);
      SquaredHinge.Solver solver = svm.new Solver(rows, y, Seeds.of(own, "order"));
      for (int c = 0; c < all.length; c++) {
        solver.solve(all[c], config.positiveWeight(), config.stop());
        int at = label * all.length + c;
        biases[at] = solver.weights(weights, at * dim);
      }
    }
    float[] z = new LinearClassifier(weights, biases).logits(Svm.unitTest(features));
    List<Result> results = new ArrayList<>();
    for (int c = 0; c < all.length; c++) {
      double area = 0;
      double interpolated = 0;
      int measured = 0;
      for (int label = 0; label < classes; label++) {
        double[] scores = new double[features.testExamples().ids().length];
        for (int i = 0; i < scores.length; i++) {
          scores[i] = z[i * biases.length + label * all.length + c];
        }
        AveragePrecision ap = AveragePrecision.of(scores, features.testExamples().presence(label));
        if (ap.positives() > 0) {
          area += ap.area();
          interpolated += ap.interpolated();
          measured++;
        }
      }
      String suffix = "_k" + k + COST + c;
      String layer = features.layer();
      results.add(
          Result.of(
              name, MetricNames.MAP_INTERPOLATED + suffix, layer, 100 * interpolated / measured));
      results.add(Result.of(name, MetricNames.MAP + suffix, layer, 100 * area / measured));
    }
    return results;
  }

  /**
   * Random images with and without a class; difficult ones are neither.
   *
   * @throws IllegalArgumentException if there are too few
   */
  static int[] sample(byte[] y, int positives, int negatives, int label, long seed) {
    int[] with = draw(y, 1, positives, label, Seeds.of(seed, "positives"));
    int[] without = draw(y, -1, negatives, label, Seeds.of(seed, "negatives"));
    int[] both = Arrays.copyOf(with, positives + negatives);
    System.arraycopy(without, 0, both, positives, negatives);
    Arrays.sort(both);
    return both;
  }

  private static int[] draw(byte[] y, int kind, int n, int label, long seed) {
    int[] members = new int[y.length];
    int m = 0;
    for (int i = 0; i < y.length; i++) {
      if (y[i] == kind) {
        members[m++] = i;
      }
    }
    if (m < n) {
      throw new IllegalArgumentException(
          n
              + " training images "
              + (kind > 0 ? "with" : "without")
              + " class "
              + label
              + " are to be drawn, but there are "
              + m
              + "; use smaller shots");
    }
    Seeds.shuffle(members, 0, m, Seeds.random(seed));
    return Arrays.copyOf(members, n);
  }

  /** Means over the samples, each at the cost with the best one. */
  static List<Measurement> results(List<Measurement> rows) {
    // by network, layer and k: the cost of the best mean, and what both metrics are there
    Map<List<String>, Measurement> best = new LinkedHashMap<>();
    List<Measurement> means = Measurement.means(rows);
    for (Measurement m : means) {
      Result r = m.result();
      if (r.metric().startsWith(MetricNames.MAP_INTERPOLATED)) {
        best.merge(
            List.of(m.network(), r.layer(), r.metric().replaceFirst(COST + ".*", "")),
            m,
            (a, b) -> b.result().value() > a.result().value() ? b : a);
      }
    }
    List<Measurement> results = new ArrayList<>();
    for (Measurement chosen : best.values()) {
      Result r = chosen.result();
      String area = r.metric().replace(MetricNames.MAP_INTERPOLATED, MetricNames.MAP);
      for (Measurement m : means) {
        if (m.network().equals(chosen.network())
            && m.result().layer().equals(r.layer())
            && (m.result().metric().equals(r.metric()) || m.result().metric().equals(area))) {
          results.add(
              new Measurement(
                  m.network(),
                  new Result(
                      m.result().protocol(),
                      m.result().metric().replaceFirst(COST + ".*", ""),
                      r.layer(),
                      m.result().value(),
                      m.result().sd())));
        }
      }
    }
    return results;
  }
}
