package org.deepercluster.pipelines.run;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;

/**
 * Estimates how long a run still takes: a kind of stage that has run before is taken to last as
 * long as it did on average; one that has not, as its share of a typical run, in the proportion in
 * which the kinds seen so far have differed from theirs.
 */
final class TimeLeft {
  /** Seconds of each kind of stage in a small run; only their proportions matter. */
  private static final Map<String, Double> TYPICAL =
      Map.of(
          "ingest",
          3.0,
          "init",
          0.7,
          "features",
          1.0,
          "cluster",
          0.5,
          "augment",
          0.3,
          "train",
          5.0,
          "evaluate",
          25.0,
          "report",
          4.0);

  private final Map<String, double[]> seen = new HashMap<>();
  private final LinkedHashMap<String, String> waiting = new LinkedHashMap<>();

  TimeLeft(Plan plan) {
    for (StageInstance i : plan.instances()) {
      waiting.put(i.id(), i.stage().name());
    }
  }

  void skipped(StageInstance instance) {
    waiting.remove(instance.id());
  }

  void finished(StageInstance instance, double seconds) {
    waiting.remove(instance.id());
    double[] s = seen.computeIfAbsent(instance.stage().name(), k -> new double[2]);
    s[0] += seconds;
    s[1]++;
  }

  /** Expected seconds of one instance of a kind of stage. */
  double expected(String stage) {
    double[] s = seen.get(stage);
    if (s != null) {
      return s[0] / s[1];
    }
    double took = 0;
    double typical = 0;
    for (var e : seen.entrySet()) {
      took += e.getValue()[0] / e.getValue()[1];
      typical += TYPICAL.getOrDefault(e.getKey(), 5.0);
    }
    double scale = typical == 0 ? 1 : took / typical;
    return TYPICAL.getOrDefault(stage, 5.0) * scale;
  }

  /**
   * Seconds until the end of the running instance.
   *
   * @param fraction share of it that is done, 0 to 1
   * @param elapsed seconds since its start
   */
  double rest(StageInstance running, double fraction, double elapsed) {
    double expected = expected(running.stage().name());
    // The first per cent says little, unless it has already taken much of what was expected.
    return fraction > 0.05 || (fraction > 0 && elapsed > expected / 2)
        ? elapsed * (1 - fraction) / fraction
        : Math.max(0, expected - elapsed);
  }

  /**
   * Seconds until the run's end.
   *
   * @param running the instance at work, whose rest is {@code restOfRunning} seconds
   */
  double left(StageInstance running, double restOfRunning) {
    double sum = restOfRunning;
    for (var e : waiting.entrySet()) {
      if (!e.getKey().equals(running.id())) {
        sum += expected(e.getValue());
      }
    }
    return sum;
  }

  /** Kinds of stage that a plan holds, with the number of instances of each. */
  static Map<String, Integer> count(List<StageInstance> instances) {
    Map<String, Integer> n = new LinkedHashMap<>();
    for (StageInstance i : instances) {
      n.merge(i.stage().name(), 1, Integer::sum);
    }
    return n;
  }
}
