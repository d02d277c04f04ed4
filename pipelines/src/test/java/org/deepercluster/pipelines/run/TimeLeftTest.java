package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;
import org.junit.jupiter.api.Test;

class TimeLeftTest {
  private static final List<StageInstance> INSTANCES =
      Stream.of("ingest", "features", "train", "features-e001", "train-e001", "report")
          .map(
              id ->
                  new StageInstance(
                      id,
                      new FakeStage(id.replaceFirst("-.*", ""), Map.of()),
                      -1,
                      new TreeMap<>(),
                      Set.of(),
                      null))
          .toList();

  @Test
  void whatHasRunIsExpectedToLastAsBeforeAndTheRestInProportion() {
    TimeLeft left = new TimeLeft(new Plan(INSTANCES));
    double typical = left.expected("train") / left.expected("ingest");
    left.finished(INSTANCES.get(0), 3.0);
    assertThat(left.expected("ingest")).isEqualTo(3.0);
    assertThat(left.expected("train")).isCloseTo(3.0 * typical, within(1e-9));
    left.finished(INSTANCES.get(1), 10.0);
    left.finished(INSTANCES.get(2), 100.0);
    left.finished(INSTANCES.get(3), 20.0);
    assertThat(left.expected("features")).as("the mean").isEqualTo(15.0);
    assertThat(left.left(INSTANCES.get(4), 40.0))
        .isCloseTo(40.0 + left.expected("report"), within(1e-9));
    assertThat(left.left(INSTANCES.get(5), 0.5))
        .as("the running one counts with its rest, those after it in full")
        .isCloseTo(0.5 + 100.0, within(1e-9));
  }

  @Test
  void whatWasCompleteAlreadyCostsNothing() {
    TimeLeft all = new TimeLeft(new Plan(INSTANCES));
    double before = all.left(INSTANCES.get(5), 0);
    all.skipped(INSTANCES.get(2));
    assertThat(before - all.left(INSTANCES.get(5), 0))
        .isCloseTo(all.expected("train"), within(1e-9));
    assertThat(TimeLeft.count(INSTANCES))
        .isEqualTo(Map.of("ingest", 1, "features", 2, "train", 2, "report", 1));
  }

  @Test
  void aStageThatIsLateIsJudgedByWhatItHasDone() {
    TimeLeft left = new TimeLeft(new Plan(INSTANCES));
    double expected = left.expected("train");
    assertThat(left.rest(INSTANCES.get(2), 0.01, expected / 10))
        .as("a lucky start is not believed")
        .isCloseTo(expected * 0.9, within(1e-9));
    assertThat(left.rest(INSTANCES.get(2), 0.01, 10 * expected))
        .isCloseTo(990 * expected, within(1e-6));
    assertThat(left.rest(INSTANCES.get(2), 0, 10 * expected)).isZero();
  }

  @Test
  void aKindNeverHeardOfHasAnEstimateToo() {
    assertThat(new TimeLeft(new Plan(List.of())).expected("unheard")).isPositive().isFinite();
  }
}
