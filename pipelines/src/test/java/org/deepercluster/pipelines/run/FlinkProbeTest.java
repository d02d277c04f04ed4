package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.pipelines.run.ProbeTransform.Worker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedFlink.class)
class FlinkProbeTest {
  private static final String CPU = "CPU (OpenBLAS + oneDNN)";

  @Test
  void everySlotAnswersOnceAndNothingIsLeftBehind(FlinkJobs jobs, @TempDir Path dir)
      throws Exception {
    Path there = Files.writeString(dir.resolve("photo [1].png"), "x");
    Map<String, String> files =
        Map.of("data.path", there.toString(), "gone.path", dir.resolve("gone.png").toString());
    List<String> events = new ArrayList<>();
    FlinkProbe.Answer answer =
        FlinkProbe.ask(jobs, dir.resolve("runs").toString(), files, null, events::add, () -> {});
    assertThat(answer.slots()).isEqualTo(2);
    assertThat(answer.workers()).hasSize(2);
    assertThat(answer.processes()).hasSize(1).containsValue(2);
    Worker w = answer.workers().get(0);
    assertThat(w.pid()).isEqualTo(ProcessHandle.current().pid());
    assertThat(w.host()).isEqualTo(RunLock.hostName());
    assertThat(w.backend()).isEqualTo(NativeRuntime.backend());
    assertThat(w.oneDnn()).isEqualTo(!NativeRuntime.isCuda());
    assertThat(w.code()).isEqualTo(CodeVersion.get());
    assertThat(w.missing()).containsExactly("gone.path");
    assertThat(FlinkProbe.findings(answer, files))
        .filteredOn(Finding::isFault)
        .singleElement()
        .satisfies(
            f ->
                assertThat(f.found())
                    .isEqualTo(
                        "gone.path: "
                            + files.get("gone.path")
                            + " is not there on worker "
                            + w.name()));
    assertThat(events).isEmpty();
    try (Stream<Path> left = Files.walk(dir.resolve("runs"))) {
      assertThat(left).containsExactly(dir.resolve("runs"));
    }
  }

  @Test
  void anOutputThatThisProgramCannotWriteIsSaid(FlinkJobs jobs, @TempDir Path dir)
      throws Exception {
    Path file = Files.writeString(dir.resolve("file"), "x");
    assertThatThrownBy(
            () -> FlinkProbe.ask(jobs, file.toString(), Map.of(), null, e -> {}, () -> {}))
        .isInstanceOf(InfrastructureException.class)
        .hasMessageContaining("cannot write below the output " + file);
  }

  @Test
  void aWorkerThatDoesNotSeeTheOutputNamesItself(FlinkJobs jobs, @TempDir Path dir) {
    // No marker: as on a machine that has another folder under this path.
    String elsewhere = dir.resolve("elsewhere").toString();
    assertThatThrownBy(
            () ->
                jobs.run(
                    "probe", 1, p -> p.apply(new ProbeTransform(1, elsewhere, Map.of())), () -> {}))
        .isInstanceOf(JobFailedException.class)
        .hasMessageContaining("the worker on " + RunLock.hostName())
        .hasMessageContaining(ProbeTransform.NOT_SHARED)
        .hasMessageContaining(elsewhere);
  }

  @Test
  void aProbeThatTakesTooLongIsGivenUp(FlinkJobs jobs, @TempDir Path dir) throws Exception {
    assertThatThrownBy(
            () -> FlinkProbe.ask(jobs, dir.toString(), Map.of(), Duration.ZERO, e -> {}, () -> {}))
        .isInstanceOf(InfrastructureException.class)
        .hasMessageContaining("did not end within 0 s");
  }

  @Test
  void oneDnnThatIsOffIsAFaultOnACpuAndNoneOnAGpu() {
    Worker off = worker("a", 1, "CPU (OpenBLAS, oneDNN layers OFF)", false, false, 2, 1);
    assertThat(findings(off))
        .singleElement()
        .satisfies(f -> assertThat(f.state()).isEqualTo("fault"))
        .satisfies(f -> assertThat(f.found()).contains("a process 1").contains("OFF"))
        .satisfies(f -> assertThat(f.fix()).contains("deepercluster-native").contains("helpers"));
    Worker gpu = worker("a", 1, "CUDA (cuBLAS + cuDNN)", false, true, 2, 1);
    assertThat(findings(gpu)).extracting(Finding::state).containsExactly("ok");
  }

  @Test
  void workersThatDifferAreNoted() {
    assertThat(
            findings(
                worker("a", 1, CPU, true, false, 2, 1),
                worker("b", 1, "CUDA (cuBLAS + cuDNN)", false, true, 2, 1)))
        .filteredOn(f -> f.state().equals("note"))
        .singleElement()
        .satisfies(f -> assertThat(f.found()).contains(CPU + " and CUDA (cuBLAS + cuDNN)"));
  }

  @Test
  void threadsAreAddedUpOverTheProcessesOfAMachine() {
    Worker a1 = worker("a", 1, CPU, true, false, 4, 2);
    Worker a2 = worker("a", 2, CPU, true, false, 4, 2);
    Worker b = worker("b", 1, CPU, true, false, 4, 2);
    assertThat(findings(a1, a2, b)).extracting(Finding::state).containsOnly("ok");
    assertThat(findings(a1, a2, a2, b))
        .filteredOn(f -> f.state().equals("note"))
        .extracting(Finding::found)
        .containsExactly("3 slots × 2 threads on the 4 cores of a");
    FlinkProbe.Answer answer = new FlinkProbe.Answer(List.of(a1, a2, b), 3, 3);
    assertThat(FlinkProbe.threads(answer, 4, 1)).isEmpty();
    assertThat(FlinkProbe.threads(answer, 4, 8))
        .extracting(Finding::found)
        .containsExactly("2 slots × 4 threads on the 4 cores of a");
  }

  @Test
  void taskManagersThatWereNotAskedAreNoted() {
    FlinkProbe.Answer answer =
        new FlinkProbe.Answer(List.of(worker("a", 1, CPU, true, false, 2, 1)), 3, 3);
    assertThat(FlinkProbe.findings(answer, Map.of()))
        .filteredOn(f -> f.state().equals("note"))
        .extracting(Finding::found)
        .containsExactly("1 of 3 TaskManagers were asked; the others had no free slot");
  }

  private static List<Finding> findings(Worker... workers) {
    return FlinkProbe.findings(
        new FlinkProbe.Answer(List.of(workers), 1, workers.length), Map.of());
  }

  private static Worker worker(
      String host, long pid, String backend, boolean oneDnn, boolean cuda, int cores, int threads) {
    return new Worker(
        host,
        pid,
        "17.0.15",
        backend,
        "",
        oneDnn,
        cuda,
        cuda ? "CUDA: active, 1 device(s)" : "CUDA: not in this build",
        cores,
        threads,
        org.apache.beam.sdk.util.ReleaseInfo.getReleaseInfo().getVersion(),
        1L << 30,
        1L << 29,
        CodeVersion.get(),
        List.of());
  }
}
