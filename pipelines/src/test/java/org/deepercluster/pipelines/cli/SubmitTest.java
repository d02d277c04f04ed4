package org.deepercluster.pipelines.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.deepercluster.stages.table.Manifest;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Experiments that run in a process of their own, followed and ended through their folder. */
class SubmitTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir static Path root;
  private static Path yaml;

  @BeforeAll
  static void write() throws IOException {
    TinyImages.write(root);
    yaml = root.resolve("tiny.yaml");
    Files.writeString(
        yaml,
        """
        name: tiny
        method: rotnet
        seed: 3
        data: {format: images, path: photos, blockImages: 150}
        model: {trunk: vgg-small, imageSize: 28, input: rgb, width: 2}
        train: {epochs: 1, batchSize: 32, lr: 0.05, schedule: constant, workers: 1}
        execution: {parallelism: 2, threads: 1, retries: 0}
        output: %s
        tracking: {mode: journal}
        """
            .formatted(root.resolve("runs")));
  }

  @Test
  void aSubmittedRunIsFollowedAndACancelledOneContinuesToTheSameResult() throws Exception {
    JsonNode cancelled = submit("cancelled");
    Path folder = Path.of(cancelled.get("directory").asText());
    JsonNode now = status(folder);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!Files.exists(folder.resolve("stages/ingest/manifest.json"))) {
      assertThat(System.nanoTime()).as(() -> read(cancelled)).isLessThan(deadline);
      now = status(folder);
      assertThat(now.get("state").asText()).as(now.toString()).isEqualTo("running");
    }
    assertThat(now.get("pid")).isEqualTo(cancelled.get("pid"));
    Cli cancel =
        Cli.run("cancel", "tiny/" + folder.getFileName(), "--output", root.resolve("cancelled"));
    assertThat(cancel.code()).as(cancel.err()).isZero();
    assertThat(cancel.out()).contains("Run " + folder.getFileName() + " is cancelled");
    awaitEnd(cancelled);
    assertThat(read(cancelled)).contains("Cancelled. The same command continues this run.");
    assertThat(JSON.readTree(folder.resolve("run.json").toFile()).get("status").asText())
        .isEqualTo("cancelled");
    assertThat(folder.resolve("cancel.json")).doesNotExist();
    assertThat(folder.resolve("lock.json")).doesNotExist();
    assertThat(folder.resolve("report")).doesNotExist();

    JsonNode whole = submit("runs");
    Path reference = Path.of(whole.get("directory").asText());
    Cli again = Cli.run("run", yaml, "--set", "output=" + root.resolve("cancelled"));
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(again.out()).contains("Continuing " + folder.getFileName(), "complete already");

    Cli logs = Cli.run("logs", reference, "--follow");
    assertThat(logs.code()).isZero();
    List<String> lines = logs.out().lines().toList();
    assertThat(lines).allMatch(l -> l.matches("20\\d\\d-\\d\\d-\\d\\dT[0-9:.]+Z.*"));
    assertThat(lines).anyMatch(l -> l.contains("[ 1/")).anyMatch(l -> l.contains("ingest"));
    assertThat(logs.out()).contains("Run " + reference.getFileName(), "Done in", "Report:  ");
    assertThat(JSON.readTree(Cli.run("logs", reference, "--json").out().lines().toList().get(0)))
        .as("an object per line")
        .hasSize(2);
    awaitEnd(whole);
    JsonNode finished = status(reference);
    assertThat(finished.get("state").asText()).isEqualTo("finished");
    assertThat(finished.get("number")).isEqualTo(finished.get("of"));
    assertThat(Cli.run("status", "--output", root.resolve("runs")).out())
        .contains("tiny/" + reference.getFileName(), "finished", "s ago");
    assertThat(Cli.run("cancel", reference).out()).contains("has ended already: it is finished");

    assertThat(digests(folder)).isEqualTo(digests(reference)).containsKey("train-e000");
  }

  @Test
  void faultsAreSaidBeforeAnythingIsStarted() {
    Cli bad = Cli.run("submit", yaml, "--set", "trian.epochs=1", "--set", "train.batchSize=0");
    assertThat(bad.code()).isEqualTo(2);
    assertThat(bad.err()).contains("--set trian.epochs=1", "train.batchSize");
    Cli cluster = Cli.run("submit", yaml, "--flink", "127.0.0.1:1");
    assertThat(cluster.code()).isEqualTo(3);
    Cli none = Cli.run("status", "nothing", "--output", root);
    assertThat(none.code()).isEqualTo(2);
    assertThat(none.err()).contains("RUN must be the folder of a run", "got nothing");
  }

  @Test
  void aRunThatCannotBeginSaysWhy() throws Exception {
    DetachedRun run =
        DetachedRun.start(root.resolve("output"), List.of(root.resolve("none.yaml").toString()));
    assertThat(run.begun()).isNull();
    assertThat(run.process().waitFor()).isEqualTo(2);
    assertThat(run.output()).content().contains("none.yaml");
  }

  @Test
  void followedLinesArePrintedOnceEvenIfTheOldestGo() {
    assertThat(LogsCommand.added(List.of(), List.of("a", "b"))).containsExactly("a", "b");
    assertThat(LogsCommand.added(List.of("a", "b"), List.of("a", "b", "c"))).containsExactly("c");
    assertThat(LogsCommand.added(List.of("a", "b", "c"), List.of("c", "d"))).containsExactly("d");
    assertThat(LogsCommand.added(List.of("a"), List.of("a"))).isEmpty();
    assertThat(LogsCommand.added(List.of("a"), List.of("x", "y"))).containsExactly("x", "y");
  }

  private static JsonNode submit(String output) throws IOException {
    Cli cli = Cli.run("submit", yaml, "--json", "--set", "output=" + root.resolve(output));
    assertThat(cli.code()).as(cli.err()).isZero();
    return JSON.readTree(cli.out());
  }

  private static JsonNode status(Path folder) throws IOException {
    Cli cli = Cli.run("status", folder, "--json");
    assertThat(cli.code()).as(cli.err()).isZero();
    return JSON.readTree(cli.out());
  }

  private static void awaitEnd(JsonNode submitted) throws Exception {
    var process = ProcessHandle.of(submitted.get("pid").asLong());
    if (process.isPresent()) {
      process.get().onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
  }

  private static String read(JsonNode submitted) {
    try {
      return Files.readString(Path.of(submitted.get("output").asText()));
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static Map<String, String> digests(Path run) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    try (var folders = Files.list(run.resolve("stages"))) {
      for (Path f : folders.toList()) {
        digests.put(f.getFileName().toString(), Manifest.read(f.toString()).digest());
      }
    }
    digests.remove("report");
    return digests;
  }
}
