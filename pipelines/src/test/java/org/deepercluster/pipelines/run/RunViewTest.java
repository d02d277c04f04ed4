package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.beam.WriteIndex;
import org.deepercluster.stages.config.InvalidSettingsException;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Part;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What a run's folder tells, and how a run is ended through it. */
@ExtendWith(SharedFlink.class)
class RunViewTest {
  private static final StageInstance ONE =
      new StageInstance(
          "one", new FakeStage("one", Map.of()), -1, new TreeMap<>(), java.util.Set.of(), null);

  @TempDir Path runs;

  /** Ends only when its thread is interrupted. */
  private static final class Endless extends StageTransform<Integer> {
    private static final long serialVersionUID = 1;

    Endless(String directory) {
      super(List.of(1), directory);
    }

    @Override
    protected UnitWork<Integer> work() {
      return new UnitWork<>() {
        private static final long serialVersionUID = 1;

        @Override
        public List<Part> process(Unit<Integer> unit, Output output) throws Exception {
          new CountDownLatch(1).await();
          return List.of();
        }
      };
    }
  }

  @Test
  void theFolderTellsStageProgressAndLogOnAnyFileSystem() throws Exception {
    for (String root : List.of(runs.toString(), "bucket://seekable/followed")) {
      String directory = run(root, "tiny", "20260101-000000-aaaa");
      try (RunLock lock = RunLock.acquire(directory)) {
        assertThat(RunView.read(directory).state()).isEqualTo("starting");
        StatusWriter status = StatusWriter.open(directory, lock);
        assertThat(RunView.read(directory).state()).isEqualTo("running");
        status.planned(new Plan(List.of(ONE)), java.util.Optional::empty);
        status.started(ONE);
        status.progress(
            ONE, new StageProgress("pass", 4, 1, 0.25, new TreeMap<>(Map.of("x", 2.0))));
        status.line("\u001b[32m[ 1/1]\u001b[0m one\ntwo");
        status.end(RunRecord.FAILED, "the disk is full");
        status.end(RunRecord.FINISHED, "");
      }
      RunView seen = RunView.find("20260101-000000-aaaa", root);
      assertThat(seen.directory()).isEqualTo(directory);
      assertThat(seen.working()).isFalse();
      assertThat(seen.json())
          .containsEntry("state", "failed")
          .containsEntry("stage", "one")
          .containsEntry("number", 1)
          .containsEntry("of", 1)
          .containsEntry("fraction", 0.25)
          .containsEntry("error", "the disk is full")
          .containsEntry("pid", ProcessHandle.current().pid());
      assertThat(seen.text())
          .contains("failed; the same command continues it", "[1/1] one 25 %  pass 1 of 4  x 2");
      assertThat(seen.log()).hasSize(2);
      assertThat(seen.log().get(0)).matches("20\\d\\d-\\S+Z  \\[ 1/1] one");
      assertThat(RunView.find("tiny/20260101-000000-aaaa", root).line()).contains("failed", "one");

      // A process that continues it adds to the log.
      try (RunLock lock = RunLock.acquire(directory);
          StatusWriter status = StatusWriter.open(directory, lock)) {
        status.line("again");
        status.end(RunRecord.FINISHED, "");
      }
      assertThat(RunView.read(directory).log()).hasSize(3).last().asString().endsWith("  again");
    }
  }

  @Test
  void runsAreListedNewestFirstAndUnknownOnesAreRefused() throws Exception {
    String old = run(runs.toString(), "tiny", "20260101-000000-aaaa");
    String other = run(runs.toString(), "other", "20260102-000000-bbbb");
    assertThat(RunView.list(runs.toString()))
        .extracting(RunView::directory)
        .containsExactly(other, old);
    assertThat(RunView.find(old, "nowhere").id()).isEqualTo("20260101-000000-aaaa");
    run(runs.toString(), "other", "20260101-000000-aaaa");
    assertThatThrownBy(() -> RunView.find("20260101-000000-aaaa", runs.toString()))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessageContaining("several runs");
    assertThatThrownBy(() -> RunView.find("tiny/none", runs.toString()))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessageContaining("RUN must be the folder of a run", "got tiny/none");
  }

  @Test
  void theLogKeepsTheNewestLines() throws Exception {
    String directory = run(runs.toString(), "tiny", "long");
    try (RunLock lock = RunLock.acquire(directory);
        StatusWriter status = StatusWriter.open(directory, lock)) {
      for (int i = 0; i < 5_010; i++) {
        status.line("line " + i);
      }
    }
    List<String> log = RunView.read(directory).log();
    assertThat(log).hasSize(5_000);
    assertThat(log.get(0)).endsWith("  line 10");
  }

  @Test
  void filesThatCannotBeWrittenAreNoFaultOfTheRun() throws Exception {
    String directory = run(runs.toString(), "tiny", "good");
    String impossible = directory + "/run.json/inside";
    try (RunLock lock = RunLock.acquire(directory)) {
      StatusWriter status = StatusWriter.open(impossible, lock);
      status.line("said");
      status.proceed();
      status.end(RunRecord.FINISHED, "");
    }
    assertThat(RunView.read(directory).log()).isEmpty();
  }

  @Test
  void aRequestEndsTheJobThatRuns(FlinkJobs jobs) throws Exception {
    String directory = run(runs.toString(), "tiny", "asked");
    FlinkJob[] job = new FlinkJob[1];
    try (RunLock lock = RunLock.acquire(directory)) {
      Json.write(directory + "/cancel.json", Map.of("asked", "before"));
      StatusWriter status = StatusWriter.open(directory, lock);
      assertThat(Path.of(directory, "cancel.json")).as("meant for another").doesNotExist();
      assertThatThrownBy(
              () ->
                  jobs.run(
                      "endless",
                      1,
                      p -> p.apply(new Endless(directory)).apply(new WriteIndex(directory)),
                      new FlinkJobs.Watch() {
                        @Override
                        public void submitted(FlinkJob submitted) {
                          job[0] = submitted;
                          ask(directory);
                        }

                        @Override
                        public void poll() {
                          status.proceed();
                        }
                      }))
          .isInstanceOf(RunCancelledException.class);
      status.end(RunRecord.CANCELLED, "");
    }
    awaitCancelled(jobs, job[0].id());
    assertThat(Path.of(directory, "cancel.json")).doesNotExist();
    assertThat(RunView.read(directory).state()).isEqualTo("cancelled");
  }

  @Test
  void cancellingALostRunMarksItAndEndsTheJobThatItLeft(FlinkJobs jobs) throws Exception {
    String directory = run(runs.toString(), "tiny", "lost");
    Process gone = new ProcessBuilder("true").start();
    gone.waitFor();
    String now = Instant.now().toString();
    RunLock.Owner owner =
        new RunLock.Owner("dead", RunLock.hostName(), gone.pid(), "long ago", now, now);
    Json.write(directory + "/lock.json", owner);
    CountDownLatch submitted = new CountDownLatch(1);
    FlinkJob[] job = new FlinkJob[1];
    Thread other =
        new Thread(
            () -> {
              try {
                jobs.run(
                    "endless",
                    1,
                    p -> p.apply(new Endless(directory)).apply(new WriteIndex(directory)),
                    new FlinkJobs.Watch() {
                      @Override
                      public void submitted(FlinkJob j) {
                        job[0] = j;
                        submitted.countDown();
                      }

                      @Override
                      public void poll() {}
                    });
              } catch (Exception e) {
                org.slf4j.LoggerFactory.getLogger(RunViewTest.class).debug("ended", e);
              }
            });
    other.start();
    submitted.await();
    FlinkJob left =
        new FlinkJob(job[0].id(), "endless", jobs.rest().page(job[0].id()), jobs.rest().master());
    new RunState(
            "running",
            "dead",
            RunLock.hostName(),
            gone.pid(),
            "one",
            1,
            2,
            0.5,
            "",
            new TreeMap<>(),
            now,
            now,
            10,
            "",
            left,
            "")
        .write(directory);

    RunView lost = RunView.read(directory);
    assertThat(lost.state()).isEqualTo("lost");
    assertThat(lost.text())
        .contains(
            "lost: the process "
                + gone.pid()
                + " on "
                + RunLock.hostName()
                + " ended; the same command continues it");
    RunView after = Cancellation.cancel(lost, Duration.ofSeconds(30));
    assertThat(after.state()).isEqualTo("cancelled");
    awaitCancelled(jobs, job[0].id());
    other.join();
    assertThat(after.record().status()).isEqualTo("cancelled");
    assertThat(Path.of(directory, "lock.json")).doesNotExist();
    assertThat(Cancellation.endJobOf(directory)).as("nothing is left").isEmpty();
  }

  private static void ask(String directory) {
    try {
      Json.write(directory + "/cancel.json", Map.of("asked", "now"));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void awaitCancelled(FlinkJobs jobs, String id) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    String state = "";
    while (!state.equals("CANCELED")) {
      assertThat(System.nanoTime()).as(state).isLessThan(deadline);
      state = jobs.rest().get("/jobs/" + id + "/status").path("status").asText();
    }
  }

  private static String run(String root, String experiment, String id) throws Exception {
    String directory = root + "/" + experiment + "/" + id;
    Files.write(directory + "/experiment.yaml", "name: " + experiment + "\n");
    String created = id.startsWith("20260102") ? "2026-01-02T00:00:00Z" : "2026-01-01T00:00:00Z";
    RunStore.write(
        directory,
        new RunRecord(
            id,
            experiment,
            "digest",
            new TreeMap<>(),
            created,
            RunRecord.RUNNING,
            "code",
            "",
            new TreeMap<>()));
    return directory;
  }
}
