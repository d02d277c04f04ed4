package org.deepercluster.pipelines.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.deepercluster.pipelines.tracking.FakeMlflow.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tracker's behaviour when things go wrong, against a small server of our own. */
class TrackerTest {
  private static final Instant T0 = Instant.ofEpochMilli(1_700_000_000_000L);
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final MlflowTracker.Timing FAST =
      new MlflowTracker.Timing(
          Duration.ofSeconds(5),
          Duration.ofMillis(20),
          Duration.ofMillis(5),
          Duration.ofMillis(50),
          Duration.ofMillis(100),
          Duration.ofMillis(200));

  @TempDir Path dir;

  private Tracker tracker(CompletableFuture<URI> server) {
    return new MlflowTracker(dir.resolve("journal"), server, FAST, Map.of());
  }

  private Tracker tracker(FakeMlflow server) {
    return tracker(CompletableFuture.completedFuture(server.uri()));
  }

  private static Metric metric(String key, double value, long step) {
    return new Metric(key, value, step, T0.toEpochMilli() + step);
  }

  /** A parent with a child, and one of everything. */
  private void logAll(Tracker tracker) throws IOException {
    Path file = dir.resolve("report.html");
    Files.writeString(file, "<p>all well</p>");
    tracker.openExperiment("tiny", Map.of("mlflow.note.content", "# Tiny"));
    TrackedRun parent = tracker.startRun(RunSpec.root("id-1", "id-1", Map.of("seed", "7"), T0));
    TrackedRun child =
        tracker.startRun(RunSpec.childOf(parent, "train", "id-1/train", Map.of(), T0));
    parent.params(Map.of("cluster.k", "32"));
    child.metrics(List.of(metric("loss", 1.5, 1), metric("loss", Double.NaN, 2)));
    child.dataset(
        new Dataset("tiny", "d".repeat(64), "local", "{}", null, "{\"num_rows\": 3}", "training"));
    parent.artifact(file, "report/index page.html");
    child.finish(RunStatus.FINISHED, T0.plusSeconds(5));
    parent.finish(RunStatus.FAILED, T0.plusSeconds(6));
  }

  private static void assertAll(FakeMlflow server) {
    assertThat(server.experimentName).isEqualTo("tiny");
    assertThat(server.experimentTags)
        .containsEntry("mlflow.experimentKind", "custom_model_development")
        .containsEntry("mlflow.note.content", "# Tiny");
    assertThat(server.runs).hasSize(2);
    FakeMlflow.Run parent = server.run("id-1");
    FakeMlflow.Run child = server.run("id-1/train");
    assertThat(parent.name).isEqualTo("id-1");
    assertThat(parent.tags).containsEntry("seed", "7").containsKey("mlflow.user");
    assertThat(parent.params).isEqualTo(Map.of("cluster.k", "32"));
    assertThat(parent.status).isEqualTo("FAILED");
    assertThat(child.tags).containsEntry("mlflow.parentRunId", parent.id);
    assertThat(child.metrics)
        .containsExactly("loss@1=1.5 1700000000001", "loss@2=NaN 1700000000002");
    assertThat(child.inputs).isNotEmpty();
    assertThat(child.inputs.get(0).path("dataset").path("digest").asText()).hasSize(36);
    assertThat(child.status).isEqualTo("FINISHED");
    assertThat(server.artifacts)
        .containsOnlyKeys("7/" + parent.id + "/artifacts/report/index page.html");
  }

  @Test
  void everythingArrives() throws IOException {
    try (FakeMlflow server = new FakeMlflow();
        Tracker tracker = tracker(server)) {
      logAll(tracker);
      assertThat(tracker.flush(LONG)).isTrue();
      assertAll(server);
      assertThat(tracker.url()).contains(Pages.experiment(server.uri(), "7"));
    }
  }

  @Test
  void nothingIsLostBeforeTheServerIsKnown() throws IOException {
    CompletableFuture<URI> later = new CompletableFuture<>();
    try (FakeMlflow server = new FakeMlflow();
        Tracker tracker = tracker(later)) {
      logAll(tracker);
      assertThat(tracker.flush(Duration.ofMillis(50))).isFalse();
      assertThat(tracker.url()).isEmpty();
      later.complete(server.uri());
      assertThat(tracker.flush(LONG)).isTrue();
      assertAll(server);
    }
  }

  @Test
  void everyRequestMayFailOnceInAnyWay() throws IOException {
    for (Fault fault : List.of(Fault.STATUS_500, Fault.STATUS_503, Fault.LOST_ANSWER)) {
      Path own = dir.resolve(fault.name());
      try (FakeMlflow server = new FakeMlflow()) {
        // each first request to a path fails; those whose answer is lost have taken effect
        server.faults((path, n) -> n == 1 ? fault : Fault.NONE);
        try (Tracker tracker =
            new MlflowTracker(
                own, CompletableFuture.completedFuture(server.uri()), FAST, Map.of())) {
          logAll(tracker);
          assertThat(tracker.flush(LONG)).as(fault.name()).isTrue();
          assertAll(server);
        }
      }
      assertThat(own.resolve("refused.jsonl")).doesNotExist();
    }
  }

  @Test
  void aServerThatRefusesConnectionsIsWaitedFor() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    try (Tracker tracker =
        tracker(CompletableFuture.completedFuture(URI.create("http://127.0.0.1:" + port)))) {
      logAll(tracker);
      assertThat(tracker.flush(Duration.ofMillis(200))).isFalse();
      try (FakeMlflow server = new FakeMlflow(port)) {
        assertThat(tracker.flush(LONG)).isTrue();
        assertAll(server);
      }
    }
  }

  @Test
  void aServerThatHangsIsGivenUpAndAskedAgain() throws IOException {
    MlflowTracker.Timing impatient =
        new MlflowTracker.Timing(
            Duration.ofMillis(300),
            FAST.gather(),
            FAST.firstRetry(),
            FAST.lastRetry(),
            FAST.patience(),
            FAST.farewell());
    try (FakeMlflow server = new FakeMlflow()) {
      server.faults((path, n) -> path.endsWith("log-batch") && n == 1 ? Fault.HANG : Fault.NONE);
      try (Tracker tracker =
          new MlflowTracker(
              dir.resolve("journal"),
              CompletableFuture.completedFuture(server.uri()),
              impatient,
              Map.of())) {
        logAll(tracker);
        assertThat(tracker.flush(LONG)).isTrue();
        assertAll(server);
      }
    }
  }

  @Test
  void whatTheServerRefusesIsKeptAndTheRestGoesOn() throws IOException {
    for (Fault fault : List.of(Fault.STATUS_400, Fault.STATUS_500)) {
      Path own = dir.resolve(fault.name());
      try (FakeMlflow server = new FakeMlflow()) {
        server.faults((path, n) -> path.endsWith("log-inputs") ? fault : Fault.NONE);
        try (Tracker tracker =
            new MlflowTracker(
                own, CompletableFuture.completedFuture(server.uri()), FAST, Map.of())) {
          logAll(tracker);
          assertThat(tracker.flush(LONG)).isTrue();
        }
        assertThat(server.run("id-1").status).isEqualTo("FAILED");
        assertThat(server.run("id-1/train").inputs).isEmpty();
      }
      assertThat(own.resolve("refused.jsonl"))
          .content()
          .contains("as the test wants", "\"op\":\"dataset\"");
    }
  }

  @Test
  void artifactStoresThatCannotBeWrittenAreNamed() throws IOException {
    try (FakeMlflow server = new FakeMlflow();
        Tracker tracker = tracker(server)) {
      server.artifactRoot = "s3://bucket/mlflow";
      logAll(tracker);
      assertThat(tracker.flush(LONG)).isTrue();
      assertThat(dir.resolve("journal/refused.jsonl"))
          .content()
          .contains("s3://bucket/mlflow", "--artifacts-destination");
    }
  }

  @Test
  void fileStoresAreCopiedTo() throws IOException {
    try (FakeMlflow server = new FakeMlflow();
        Tracker tracker = tracker(server)) {
      server.artifactRoot = dir.resolve("store").toUri().toString().replaceAll("/$", "");
      logAll(tracker);
      assertThat(tracker.flush(LONG)).isTrue();
      assertThat(dir.resolve("store/r1/artifacts/report/index page.html"))
          .hasContent("<p>all well</p>");
    }
  }

  @Test
  void wrongCredentialsLeaveTheJournal() throws IOException {
    try (FakeMlflow server = new FakeMlflow()) {
      server.faults((path, n) -> Fault.STATUS_401);
      try (Tracker tracker = tracker(server)) {
        logAll(tracker);
        assertThat(tracker.flush(LONG)).isFalse();
      }
      assertThatThrownBy(() -> replay(server))
          .isInstanceOf(TrackingException.class)
          .hasMessageContaining("401");
      server.faults((path, n) -> Fault.NONE);
      replay(server);
      assertAll(server);
    }
  }

  @Test
  void credentialsAreSentWithEveryRequest() throws IOException {
    Map<String, String> environment =
        Map.of("MLFLOW_TRACKING_USERNAME", "ada", "MLFLOW_TRACKING_PASSWORD", "lovelace");
    try (FakeMlflow server = new FakeMlflow();
        Tracker tracker =
            new MlflowTracker(
                dir.resolve("journal"),
                CompletableFuture.completedFuture(server.uri()),
                FAST,
                environment)) {
      logAll(tracker);
      assertThat(tracker.flush(LONG)).isTrue();
      assertThat(server.authorization).isEqualTo("Basic YWRhOmxvdmVsYWNl");
      Path file = dir.resolve("report.html");
      tracker
          .startRun(RunSpec.root("id-1", "id-1", Map.of(), T0))
          .artifact(file, "last request.html");
      assertThat(tracker.flush(LONG)).isTrue();
      assertThat(server.authorization).isEqualTo("Basic YWRhOmxvdmVsYWNl");
    }
  }

  @Test
  void aResumedRunIsContinuedWithoutDuplicates() throws IOException {
    try (FakeMlflow server = new FakeMlflow()) {
      for (int start = 0; start < 2; start++) {
        try (Tracker tracker = tracker(server)) {
          tracker.openExperiment("tiny", Map.of());
          TrackedRun run = tracker.startRun(RunSpec.root("id-1", "id-1", Map.of(), T0));
          run.params(Map.of("k", "32", "m", String.valueOf(start)));
          run.metrics(List.of(metric("loss", 1.5, 1), metric("loss", 1.25, 2 + start)));
          assertThat(tracker.flush(LONG)).isTrue();
          assertThat(run.url()).contains(Pages.run(server.uri(), "7", "r1"));
        }
      }
      FakeMlflow.Run run = server.run("id-1");
      assertThat(run.params).isEqualTo(Map.of("k", "32", "m", "0"));
      assertThat(run.tags).containsEntry("param.changed/m", "1");
      assertThat(run.metrics)
          .containsExactly(
              "loss@1=1.5 1700000000001", "loss@2=1.25 1700000000002", "loss@3=1.25 1700000000003");
      assertThat(run.status).isEqualTo("RUNNING");
    }
  }

  @Test
  void aFinishedRunThatIsContinuedRunsAgain() throws IOException {
    try (FakeMlflow server = new FakeMlflow()) {
      try (Tracker tracker = tracker(server)) {
        logAll(tracker);
        assertThat(tracker.flush(LONG)).isTrue();
      }
      try (Tracker tracker = tracker(server)) {
        tracker.openExperiment("tiny", Map.of());
        tracker.startRun(RunSpec.root("id-1", "id-1", Map.of(), T0));
        assertThat(tracker.flush(LONG)).isTrue();
        assertThat(server.run("id-1").status).isEqualTo("RUNNING");
      }
    }
  }

  @Test
  void aDeletedExperimentIsRestored() throws IOException {
    try (FakeMlflow server = new FakeMlflow();
        Tracker tracker = tracker(server)) {
      server.experimentName = "tiny";
      server.experimentDeleted = true;
      logAll(tracker);
      assertThat(tracker.flush(LONG)).isTrue();
      assertThat(server.experimentDeleted).isFalse();
      assertAll(server);
    }
  }

  @Test
  void batchesStayWithinTheLimits() throws IOException {
    try (FakeMlflow server = new FakeMlflow()) {
      CompletableFuture<URI> later = new CompletableFuture<>();
      try (Tracker tracker = tracker(later)) {
        tracker.openExperiment("tiny", Map.of());
        TrackedRun a = tracker.startRun(RunSpec.root("a", "a", Map.of(), T0));
        TrackedRun b = tracker.startRun(RunSpec.root("b", "b", Map.of(), T0));
        for (int step = 0; step < 1250; step++) { // one at a time, by turns
          a.metrics(List.of(metric("loss", step, step)));
          b.metrics(List.of(metric("loss", -step, step)));
        }
        b.metrics(
            IntStream.range(0, 2300)
                .mapToObj(step -> metric("lr", 0.1, step))
                .collect(Collectors.toCollection(ArrayList::new)));
        Map<String, String> params = new TreeMap<>();
        IntStream.range(0, 250).forEach(i -> params.put("p" + i, "x".repeat(7000)));
        a.params(params);
        later.complete(server.uri());
        assertThat(tracker.flush(LONG)).isTrue();
        assertThat(server.run("a").metrics).hasSize(1250);
        assertThat(server.run("b").metrics).hasSize(1250 + 2300);
        assertThat(server.run("a").params).hasSize(250);
        assertThat(server.run("a").params.get("p0"))
            .hasSize(6000)
            .endsWith("x... (cut, 7000 characters)");
        // 2 x 3 for the alternating ones, 3 for lr, 250 x 6000 characters in parts of 300,000
        assertThat(server.requests.get("mlflow/runs/log-batch")).isBetween(12, 18);
      }
    }
  }

  @Test
  void aJournalWithoutServerIsSentLater() throws IOException {
    try (Tracker tracker = Tracker.journal(dir.resolve("journal"))) {
      logAll(tracker);
      assertThat(tracker.flush(LONG)).isFalse();
    }
    Files.writeString(dir.resolve("report.html"), "written over since");
    assertThat(Sync.pending(dir)).containsExactly(dir.resolve("journal"));
    try (FakeMlflow server = new FakeMlflow()) {
      Sync.Result first = replay(server);
      assertThat(first.sent()).isEqualTo(9);
      assertThat(first.experiment()).contains(Pages.experiment(server.uri(), "7"));
      assertAll(server);
      assertThat(server.artifacts.values().iterator().next())
          .isEqualTo("<p>all well</p>".getBytes(StandardCharsets.UTF_8));
      int requests = server.requests.get("mlflow/runs/log-batch");
      assertThat(replay(server).sent()).isZero();
      assertThat(server.requests).containsEntry("mlflow/runs/log-batch", requests);
      assertAll(server);
    }
    assertThat(Sync.pending(dir)).isEmpty();
    try (FakeMlflow other = new FakeMlflow()) { // forgets what was sent: sends all again
      Files.delete(dir.resolve("journal/sent-7-1700000000000.json"));
      replay(other);
      assertAll(other);
    }
  }

  @Test
  void syncThatIsInterruptedAnywhereGoesOn() throws IOException {
    try (Tracker tracker = Tracker.journal(dir.resolve("journal"))) {
      logAll(tracker);
    }
    try (FakeMlflow server = new FakeMlflow()) {
      int[] total = {0};
      int interruptions = 0;
      for (int limit = 1; ; limit++) {
        int allowed = limit;
        total[0] = 0;
        // after the allowed requests the connection breaks, with the request done
        server.faults((path, n) -> ++total[0] > allowed ? Fault.STATUS_401 : Fault.NONE);
        try {
          replay(server);
          break;
        } catch (TrackingException e) {
          interruptions++;
        }
      }
      assertThat(interruptions).isGreaterThan(3);
      assertAll(server);
    }
  }

  @Test
  void syncSaysThatTheServerIsDown() throws IOException {
    try (Tracker tracker = Tracker.journal(dir.resolve("journal"))) {
      logAll(tracker);
    }
    assertThatThrownBy(
            () ->
                Sync.replay(
                    dir.resolve("journal"),
                    URI.create("http://127.0.0.1:1"),
                    Duration.ofMillis(1),
                    Map.of()))
        .isInstanceOf(TrackingException.class)
        .hasMessageContaining("http://127.0.0.1:1");
    assertThatThrownBy(() -> Sync.replay(dir, URI.create("http://127.0.0.1:1")))
        .hasMessageContaining("no journal in");
    assertThatThrownBy(() -> Sync.replay(dir.resolve("journal"), URI.create("databricks")))
        .hasMessageContaining("tracking.uri must be the http or https address");
  }

  @Test
  void aJournalInUseIsLeftAlone() throws IOException {
    try (FakeMlflow server = new FakeMlflow();
        Tracker tracker = Tracker.journal(dir.resolve("journal"))) {
      logAll(tracker);
      assertThatThrownBy(() -> replay(server))
          .isInstanceOf(TrackingException.class)
          .hasMessageContaining("in use");
    }
  }

  @Test
  void aTornLastLineIsRemovedAndADamagedOneLeftOut() throws IOException {
    Path file = dir.resolve("journal").resolve(Journal.FILE);
    try (Tracker tracker = Tracker.journal(dir.resolve("journal"))) {
      tracker.openExperiment("tiny", Map.of());
    }
    Files.writeString(file, "not JSON\n{\"op\":\"run\",\"run\":\"id-1", StandardOpenOption.APPEND);
    try (Tracker tracker = Tracker.journal(dir.resolve("journal"))) {
      logAll(tracker);
    }
    try (FakeMlflow server = new FakeMlflow()) {
      replay(server);
      assertThat(server.run("id-1/train").metrics).hasSize(2);
    }
  }

  @Test
  void aJournalBelongsToOneExperiment() {
    try (Tracker tracker = Tracker.journal(dir.resolve("journal"))) {
      assertThatThrownBy(() -> tracker.startRun(RunSpec.root("a", "a", Map.of(), T0)))
          .isInstanceOf(IllegalStateException.class);
      tracker.openExperiment("tiny", Map.of());
      tracker.openExperiment("tiny", Map.of());
      assertThatThrownBy(() -> tracker.openExperiment("other", Map.of()))
          .hasMessageContaining("belongs to the experiment tiny, not to other");
    }
  }

  @Test
  void badArgumentsAreNamed() {
    try (Tracker tracker = Tracker.journal(dir.resolve("journal"))) {
      tracker.openExperiment("tiny", Map.of());
      TrackedRun run = tracker.startRun(RunSpec.root("a", "a", Map.of(), T0));
      for (String path : List.of("", "/a", "a/../b", "a//b", "a\\b", "a/")) {
        assertThatThrownBy(() -> run.artifact(dir, path))
            .as(path)
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("artifact path");
      }
      assertThatThrownBy(() -> run.artifact(dir.resolve("none"), "a"))
          .hasMessageContaining("no file " + dir.resolve("none"));
      for (String key : List.of("", "it's", "a\nb", "k".repeat(251))) {
        assertThatThrownBy(() -> RunSpec.root("a", key, Map.of(), T0))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("1 to 250 characters");
      }
    }
  }

  @Test
  void foldersAreLoggedFileByFile() throws IOException {
    Files.createDirectories(dir.resolve("figures/deep"));
    Files.writeString(dir.resolve("figures/loss.png"), "a");
    Files.writeString(dir.resolve("figures/deep/k.png"), "b");
    try (FakeMlflow server = new FakeMlflow();
        Tracker tracker = tracker(server)) {
      tracker.openExperiment("tiny", Map.of());
      tracker.startRun(RunSpec.root("a", "a", Map.of(), T0)).artifact(dir.resolve("figures"), "f");
      assertThat(tracker.flush(LONG)).isTrue();
      assertThat(server.artifacts)
          .containsOnlyKeys("7/r1/artifacts/f/deep/k.png", "7/r1/artifacts/f/loss.png");
    }
  }

  @Test
  void interruptionOfAThreadDoesNotHarmTheJournal() throws IOException {
    try (FakeMlflow server = new FakeMlflow();
        Tracker tracker = tracker(server)) {
      tracker.openExperiment("tiny", Map.of());
      TrackedRun run = tracker.startRun(RunSpec.root("a", "a", Map.of(), T0));
      Thread.currentThread().interrupt();
      run.metrics(List.of(metric("loss", 1, 1)));
      assertThat(Thread.interrupted()).isTrue();
      run.metrics(List.of(metric("loss", 2, 2)));
      assertThat(tracker.flush(LONG)).isTrue();
      assertThat(server.run("a").metrics).hasSize(2);
    }
  }

  @Test
  void aServerThatCannotBeHadLeavesTheJournal() throws IOException {
    CompletableFuture<URI> never = new CompletableFuture<>();
    never.completeExceptionally(new PythonMissingException("Python was not found"));
    try (Tracker tracker = tracker(never)) {
      logAll(tracker);
      assertThat(tracker.flush(LONG)).isFalse();
    }
    assertThat(Sync.pending(dir)).hasSize(1);
  }

  @Test
  void pagesOpenTheViewOnTraining() {
    assertThat(Pages.experiments(URI.create("http://127.0.0.1:5000/")))
        .hasToString("http://127.0.0.1:5000/#/experiments?workflowType=machine_learning");
    assertThat(Pages.experiment(URI.create("http://h/mlflow"), "1"))
        .hasToString("http://h/mlflow/#/experiments/1?workflowType=machine_learning");
    assertThat(Pages.run(URI.create("http://h"), "1", "abc"))
        .hasToString("http://h/#/experiments/1/runs/abc?workflowType=machine_learning");
  }

  @Test
  void namesAreMadeValid() {
    Map<String, String> expected =
        Map.of(
            "eval/knn/top1", "eval/knn/top1",
            "a//b", "a/b",
            "/a/../b/", "a/__/b",
            ".", "_",
            "", "_",
            "k=3: größe", "k_3_ gr__e");
    UnaryOperator<String> key = Names::key;
    expected.forEach((name, valid) -> assertThat(key.apply(name)).isEqualTo(valid));
    assertThat(Names.key("k".repeat(300))).hasSize(250);
    assertThat(Names.key("k".repeat(300) + "a")).isNotEqualTo(Names.key("k".repeat(300) + "b"));
    assertThat(Names.tagValue("v".repeat(6000))).hasSize(5000).endsWith("(cut, 6000 characters)");
  }

  @Test
  void sourceTagsNameTheCommit(@TempDir Path outside) throws IOException {
    Map<String, String> here = SourceTags.of("experiments/a.yaml", Path.of("").toAbsolutePath());
    assertThat(here)
        .containsEntry("mlflow.source.name", "experiments/a.yaml")
        .containsEntry("mlflow.source.type", "LOCAL");
    if (here.containsKey("mlflow.source.git.commit")) { // tests may run outside a working tree
      assertThat(here.get("mlflow.source.git.commit")).matches("[0-9a-f]{40}([0-9a-f]{24})?");
    }
    assertThat(SourceTags.of("a", outside)).doesNotContainKey("mlflow.source.git.commit");
  }

  private Sync.Result replay(FakeMlflow server) {
    return Sync.replay(dir.resolve("journal"), server.uri(), Duration.ofMillis(1), Map.of());
  }
}
