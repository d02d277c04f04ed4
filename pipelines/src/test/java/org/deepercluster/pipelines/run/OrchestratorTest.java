package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Plan: one ─ two ─ three, where three reads both and one's table {@code big} is only passing. */
@ExtendWith(SharedFlink.class)
class OrchestratorTest {
  @TempDir Path run;
  private final List<String> events = new ArrayList<>();

  @Test
  void whatIsCompleteIsNotRunAgain() throws Exception {
    Map<String, Manifest> first = walk(plan(Map.of(), Map.of(), Map.of()), true);
    assertThat(events)
        .containsExactly(
            "started one",
            "finished one",
            "started two",
            "finished two",
            "started three",
            "finished three");
    assertThat(FakeStage.sum(first.get("three"))).isEqualTo(1 + (1 + 10) + 100);
    assertThat(first.get("three").inputs())
        .isEqualTo(Map.of("a", first.get("one").digest(), "b", first.get("two").digest()));
    assertThat(first.get("two").config()).isEqualTo(Map.of("add", "10"));
    assertThat(first.get("two").numbers()).isEqualTo(Map.of("sum", 11.0));
    assertThat(first.get("two").code()).isEqualTo("code");

    Map<String, Manifest> second = walk(plan(Map.of(), Map.of(), Map.of()), true);
    assertThat(events).containsExactly("skipped one", "skipped two", "skipped three");
    assertThat(second).isEqualTo(first);
  }

  @Test
  void changedSettingsRunAgainAndWhatReadsThemOnlyIfTheResultIsAnother() throws Exception {
    Map<String, Manifest> first = walk(plan(Map.of(), Map.of(), Map.of()), true);
    Map<String, Manifest> same = walk(plan(Map.of(), Map.of("note", "x"), Map.of()), true);
    assertThat(events)
        .containsExactly("skipped one", "started two", "finished two", "skipped three");
    assertThat(same.get("two").digest()).isEqualTo(first.get("two").digest());
    assertThat(files("two"))
        .as("the earlier attempt is gone")
        .containsExactlyInAnyOrderElementsOf(listed(same.get("two")));

    Map<String, Manifest> other = walk(plan(Map.of("add", "2"), Map.of(), Map.of()), true);
    assertThat(events).doesNotContain("skipped one", "skipped two", "skipped three");
    assertThat(FakeStage.sum(other.get("three"))).isEqualTo(2 + (2 + 10) + 100);
  }

  @Test
  void aFailureLeavesWhatWasCommittedAndNothingHalfDone() throws Exception {
    Plan failing = plan(Map.of(), Map.of("fail", "the disk is full"), Map.of());
    assertThatThrownBy(() -> walk(failing, false))
        .isInstanceOf(StageException.class)
        .hasMessage("the disk is full");
    assertThat(events)
        .containsExactly(
            "started one", "finished one", "started two", "failed two: the disk is full");
    Map<String, Manifest> none = Map.of();
    Manifest one = Orchestrator.completed(run.toString(), failing.get("one"), none);
    assertThat(FakeStage.sum(one)).isEqualTo(1);
    assertThat(Orchestrator.completed(run.toString(), failing.get("two"), Map.of("one", one)))
        .isNull();
    assertThat(files("two")).as("what the failed attempt wrote").isNotEmpty();
    assertThat(run.resolve("stages/two/manifest.json")).doesNotExist();
    assertThat(files("three")).isEmpty();

    Map<String, Manifest> done = walk(plan(Map.of(), Map.of(), Map.of()), false);
    assertThat(events)
        .containsExactly(
            "skipped one", "started two", "finished two", "started three", "finished three");
    assertThat(files("two"))
        .as("the failed attempt and progress records are swept")
        .containsExactlyInAnyOrderElementsOf(listed(done.get("two")));
  }

  @Test
  void passingTablesGoOnceNobodyNeedsThem() throws Exception {
    Map<String, Manifest> kept = walk(plan(Map.of(), Map.of(), Map.of()), true);
    Part big = kept.get("one").table("big").get(0);
    assertThat(Path.of(big.path())).exists();

    Map<String, Manifest> last = walk(plan(Map.of(), Map.of(), Map.of()), false);
    assertThat(events).containsExactly("skipped one", "skipped two", "skipped three");
    assertThat(Path.of(big.path())).doesNotExist();
    assertThat(last.get("one").table("big")).isEmpty();
    assertThat(last.get("one").table("sum")).hasSize(1);
    assertThat(last.get("one").digest()).isEqualTo(kept.get("one").digest());
    assertThat(last.get("two").table("big")).as("nothing passing there").hasSize(1);
    assertThat(files("one")).containsExactlyInAnyOrderElementsOf(listed(last.get("one")));

    walk(plan(Map.of(), Map.of(), Map.of()), false);
    assertThat(events).containsExactly("skipped one", "skipped two", "skipped three");
  }

  @Test
  void whileTheLastReaderHasNotRunPassingTablesStay() {
    assertThatThrownBy(() -> walk(plan(Map.of(), Map.of(), Map.of("fail", "no")), false))
        .hasMessage("no");
    assertThat(files("one")).anyMatch(f -> f.contains("/big/"));
  }

  @Test
  void aManifestThatCannotBeReadStopsTheRun() throws Exception {
    walk(plan(Map.of(), Map.of(), Map.of()), true);
    Files.write(run + "/stages/two/manifest.json", "{\"format\": 99}");
    assertThatThrownBy(() -> walk(plan(Map.of(), Map.of(), Map.of()), true))
        .hasMessageContaining("stages/two/manifest.json: format 99");
  }

  private static Plan plan(
      Map<String, String> one, Map<String, String> two, Map<String, String> three) {
    return new Plan(
        List.of(
            instance("one", "1", one, Map.of(), Set.of("big"), "three"),
            instance("two", "10", two, Map.of("a", "one"), Set.of(), null),
            instance("three", "100", three, Map.of("a", "one", "b", "two"), Set.of(), null)));
  }

  private static StageInstance instance(
      String id,
      String add,
      Map<String, String> more,
      Map<String, String> inputs,
      Set<String> passing,
      String until) {
    Map<String, String> settings = new TreeMap<>(Map.of("add", add));
    settings.putAll(more);
    return new StageInstance(
        id, new FakeStage(id, settings), -1, new TreeMap<>(inputs), passing, until);
  }

  private Map<String, Manifest> walk(Plan plan, boolean keepAll) throws Exception {
    events.clear();
    RunListener listener =
        new RunListener() {
          @Override
          public void skipped(StageInstance i, Manifest m) {
            events.add("skipped " + i.id());
          }

          @Override
          public void started(StageInstance i) {
            events.add("started " + i.id());
          }

          @Override
          public void finished(StageInstance i, Manifest m, StageResult r, String directory) {
            events.add("finished " + i.id());
          }

          @Override
          public void failed(StageInstance i, Throwable cause) {
            events.add("failed " + i.id() + ": " + cause.getMessage());
          }
        };
    // These stages run no pipelines, so no cluster is asked for.
    return new Orchestrator(plan, run.toString(), null, 1, keepAll, "code", List.of(listener))
        .run();
  }

  private List<String> files(String instance) {
    try {
      return Files.list(run + "/stages/" + instance).stream()
          .filter(f -> !f.endsWith("manifest.json"))
          .toList();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static List<String> listed(Manifest m) {
    return m.parts().stream().map(Part::path).toList();
  }
}
