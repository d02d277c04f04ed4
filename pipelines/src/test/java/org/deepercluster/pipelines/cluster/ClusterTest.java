package org.deepercluster.pipelines.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.deepercluster.stages.table.Manifest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whole experiments on a real Flink session cluster of one JobManager and two TaskManagers, with
 * the program started as a user starts it, compared with the same experiment on the embedded Flink.
 */
@Tag("cluster")
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ClusterTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PORT = "18081";
  private static final String MASTER = "127.0.0.1:" + PORT;

  @TempDir static Path root;
  private static Path state;
  private static Path yaml;
  private static JsonNode embedded;

  @BeforeAll
  static void runEmbedded() throws Exception {
    state = root.resolve("state");
    yaml = root.resolve("small.yaml");
    // Passes are jobs of their own and training is averaged between two workers: the long way
    // round.
    Files.writeString(
        yaml,
        """
        name: small
        method: deepercluster
        seed: 5
        data:
          format: idx
          path: %1$s/train-images-idx3-ubyte.gz
          labels: %1$s/train-labels-idx1-ubyte.gz
          limit: 1000
          blockImages: 256
        model: {trunk: vgg-small, imageSize: 28, input: gray, width: 4}
        clustering: {m: 2, k: 12, reassignEvery: 1, pcaDim: 16, iterations: 3, singleJobMiB: 0}
        train: {epochs: 2, batchSize: 32, lr: 0.05, workers: 2, localSteps: 4}
        evaluation:
          train: {format: idx, path: %1$s/labelled-images-idx3-ubyte.gz, labels: %1$s/labelled-labels-idx1-ubyte.gz, limit: 500}
          test: {format: idx, path: %1$s/test-images-idx3-ubyte.gz, labels: %1$s/test-labels-idx1-ubyte.gz, limit: 500}
          linear: {epochs: 2}
          lowShot: {perClass: 5, draws: 1}
        execution: {parallelism: 2, threads: 1}
        tracking: {mode: journal}
        """
            .formatted(Program.HOME.resolve("experiments/data/fashion-mnist-small")));
    embedded = run("embedded");
    Path report = Path.of(embedded.get("directory").asText(), "report/report.html");
    assertThat(report).content().contains("CPU (OpenBLAS + oneDNN)");
  }

  @BeforeEach
  void twoTaskManagers() throws Exception {
    cluster("start");
  }

  @AfterAll
  static void stop() throws Exception {
    cluster("stop");
  }

  @Test
  void theSameExperimentTwiceInARowEqualsTheEmbeddedRun() throws Exception {
    for (String output : List.of("first", "second")) {
      Program p = start(output);
      assertThat(p.await()).as(p.output()).isZero();
      assertThat(p.output()).contains("Flink: " + MASTER).contains("CPU (OpenBLAS + oneDNN)");
      assertSame(result(p));
    }
  }

  @Test
  void aTaskManagerKilledInEachKindOfStageChangesNothing() throws Exception {
    Program p = start("killed-workers");
    for (String stage :
        List.of(
            "ingest",
            "init",
            "features-e000",
            "cluster-e000",
            "augment-e000",
            "train-e001",
            "evaluate",
            "report")) {
      p.until(line -> line.contains("] " + stage));
      List<Long> workers = pids("TaskManager");
      assertThat(workers).hasSize(2);
      kill(workers.get(0));
      cluster("start");
    }
    assertThat(p.await()).as(p.output()).isZero();
    assertSame(result(p));
  }

  @Test
  void aRunOutlivesTheLossOfAllTaskManagersAndWaitsForNewOnes() throws Exception {
    Program p = start("no-workers");
    p.until(line -> line.contains("features-e000"));
    for (long worker : pids("TaskManager")) {
      kill(worker);
    }
    p.until(line -> line.contains("waits"));
    cluster("start");
    assertThat(p.await()).as(p.output()).isZero();
    assertSame(result(p));
  }

  @Test
  void aKilledJobManagerEndsTheRunWithItsCauseAndTheSameCommandContinues() throws Exception {
    Program p = start("killed-master");
    p.until(line -> line.contains("augment-e000"));
    kill(pids("JobManager").get(0));
    assertThat(p.await()).as(p.output()).isEqualTo(3);
    assertThat(p.output()).contains("JobManager at " + MASTER + " is lost").contains("continues");
    cluster("start");
    Program again = start("killed-master");
    assertThat(again.await()).as(again.output()).isZero();
    assertThat(again.output()).contains("Continuing").contains("complete already");
    assertSame(result(again));
  }

  @Test
  void nothingIsSubmittedWhereNoClusterAnswers() throws Exception {
    Program p =
        Program.run(
            state,
            "deepercluster",
            "run",
            yaml,
            "--flink",
            "127.0.0.1:9",
            "--set",
            "output=" + root.resolve("none"));
    assertThat(p.await()).isEqualTo(3);
    assertThat(p.output()).contains("nothing answers at 127.0.0.1:9");
    assertThat(root.resolve("none")).doesNotExist();
  }

  private static Program start(String output) throws IOException {
    return Program.start(
        state,
        "deepercluster",
        "run",
        yaml,
        "--json",
        "--flink",
        MASTER,
        "--set",
        "output=" + root.resolve(output));
  }

  private static JsonNode run(String output) throws Exception {
    Program p =
        Program.run(
            state,
            "deepercluster",
            "run",
            yaml,
            "--json",
            "--set",
            "output=" + root.resolve(output));
    assertThat(p.await()).as(p.output()).isZero();
    return result(p);
  }

  /** The JSON object at the end of what a run printed. */
  private static JsonNode result(Program p) throws IOException {
    int begin = p.lines().lastIndexOf("{");
    return JSON.readTree(String.join("\n", p.lines().subList(begin, p.lines().size())));
  }

  private static void assertSame(JsonNode result) throws IOException {
    assertThat(result.get("metrics")).isEqualTo(embedded.get("metrics"));
    assertThat(digests(result)).isEqualTo(digests(embedded));
  }

  /** Digest of every stage's output but the report's, which tells times and places. */
  private static Map<String, String> digests(JsonNode result) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    Path stages = Path.of(result.get("directory").asText(), "stages");
    try (Stream<Path> all = Files.list(stages)) {
      for (Path stage : all.toList()) {
        String name = stage.getFileName().toString();
        if (!name.equals("report")) {
          digests.put(name, Manifest.read(stage.toString()).digest());
        }
      }
    }
    assertThat(digests).hasSize(13);
    return digests;
  }

  private static String cluster(String action) throws Exception {
    Program p =
        Program.run(
            state,
            "infra/flink/cluster",
            action,
            "--port",
            PORT,
            "--taskmanagers",
            "2",
            "--slots",
            "2",
            "--heap",
            "640m",
            "--off-heap",
            "640m");
    assertThat(p.await()).as(p.output()).isLessThanOrEqualTo(action.equals("status") ? 1 : 0);
    return p.output();
  }

  private static List<Long> pids(String kind) throws Exception {
    Matcher m = Pattern.compile(kind + " +process (\\d+)").matcher(cluster("status"));
    List<Long> pids = new ArrayList<>();
    while (m.find()) {
      pids.add(Long.parseLong(m.group(1)));
    }
    return pids;
  }

  private static void kill(long pid) throws Exception {
    ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
    assertThat(process.destroyForcibly()).isTrue();
    process.onExit().get();
  }
}
