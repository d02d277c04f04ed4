package org.deepercluster.pipelines.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tracker and the local server against a real MLflow. The first time, this installs MLflow into
 * the user's cache folder, as the program does; without Python the tests are left out.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RealMlflowTest {
  private static final Duration LONG = Duration.ofMinutes(2);
  private static final Instant START = Instant.ofEpochMilli(1_790_000_000_000L);

  @TempDir static Path dir;
  private static LocalServer local;
  private static URI server;
  private static final List<String> PROGRESS = new CopyOnWriteArrayList<>();
  private final ObjectMapper json = new ObjectMapper();

  @BeforeAll
  static void start() {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("DEEPERCLUSTER_MLFLOW_HOME", dir.resolve("mlflow").toString());
    local = new LocalServer(environment);
    try {
      CompletableFuture<URI> first = local.ensureStarted(PROGRESS::add);
      CompletableFuture<URI> second = new LocalServer(environment).ensureStarted(PROGRESS::add);
      server = first.join();
      assertThat(second.join()).as("two that start it share one server").isEqualTo(server);
    } catch (CompletionException e) {
      Assumptions.assumeFalse(
          e.getCause() instanceof PythonMissingException,
          "left out, MLflow cannot be installed here: " + e.getCause().getMessage());
      throw e;
    }
  }

  @AfterAll
  static void stop() {
    if (local != null) {
      local.stop();
    }
  }

  private JsonNode get(String path) throws IOException {
    return send(HttpRequest.newBuilder(server.resolve("/api/2.0/" + path)).build());
  }

  private JsonNode post(String path, String body) throws IOException {
    return send(
        HttpRequest.newBuilder(server.resolve("/api/2.0/" + path))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  private JsonNode send(HttpRequest request) throws IOException {
    try {
      HttpResponse<String> answer =
          HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      return json.readTree(answer.body());
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private Map<String, JsonNode> runsOf(String experiment) throws IOException {
    String id =
        get("mlflow/experiments/get-by-name?experiment_name=" + experiment)
            .at("/experiment/experiment_id")
            .asText();
    Map<String, JsonNode> runs = new TreeMap<>();
    post("mlflow/runs/search", "{\"experiment_ids\": [\"" + id + "\"], \"max_results\": 100}")
        .path("runs")
        .forEach(run -> runs.put(run.at("/info/run_name").asText(), run));
    return runs;
  }

  private static Map<String, String> pairs(JsonNode list) {
    Map<String, String> pairs = new TreeMap<>();
    list.forEach(one -> pairs.put(one.path("key").asText(), one.path("value").asText()));
    return pairs;
  }

  private static List<Metric> losses(int from, int to) {
    List<Metric> metrics = new ArrayList<>();
    for (int step = from; step < to; step++) {
      double value =
          step == 7 ? Double.NaN : step == 8 ? Double.POSITIVE_INFINITY : Math.exp(-step / 500.0);
      metrics.add(new Metric("train/loss", value, step, START.toEpochMilli() + step));
    }
    return metrics;
  }

  /** A parent run with two stages, as the program logs them. */
  private static void log(Tracker tracker, String experiment, int steps) throws IOException {
    Path report = dir.resolve("report.html");
    Files.writeString(report, "<h1>größer</h1>");
    tracker.openExperiment(experiment, Map.of("mlflow.note.content", "A **tiny** experiment"));
    Map<String, String> tags = new TreeMap<>(SourceTags.of("experiments/tiny.yaml", dir));
    tags.put("mlflow.note.content", "run of a test");
    TrackedRun parent = tracker.startRun(RunSpec.root("parent", "p", tags, START));
    Map<String, String> params = new TreeMap<>();
    for (int i = 0; i < 120; i++) {
      params.put("group.key" + i, "value " + i);
    }
    params.put("empty", "");
    params.put("long", "ä".repeat(7000));
    parent.params(params);
    TrackedRun features =
        tracker.startRun(RunSpec.childOf(parent, "features-0", "p/features-0", Map.of(), START));
    features.dataset(
        new Dataset(
            "tiny-images",
            "0123456789abcdef".repeat(4),
            "local",
            "{\"uri\": \"file:///data/images\"}",
            "{\"mlflow_colspec\": [{\"name\": \"id\", \"type\": \"string\", \"required\": true}]}",
            "{\"num_rows\": 5000}",
            "training"));
    features.finish(RunStatus.FINISHED, START.plusSeconds(3));
    TrackedRun train =
        tracker.startRun(RunSpec.childOf(parent, "train-0", "p/train-0", Map.of(), START));
    train.metrics(losses(0, steps));
    parent.metrics(List.of(new Metric("eval/knn/top1", 0.794, 15, START.toEpochMilli())));
    parent.artifact(report, "report/the report.html");
    train.finish(RunStatus.FAILED, START.plusSeconds(9));
    parent.finish(RunStatus.FINISHED, START.plusSeconds(10));
  }

  private void assertLogged(String experiment, int steps) throws IOException {
    JsonNode opened =
        get("mlflow/experiments/get-by-name?experiment_name=" + experiment).path("experiment");
    assertThat(pairs(opened.path("tags")))
        .containsEntry("mlflow.experimentKind", "custom_model_development")
        .containsEntry("mlflow.note.content", "A **tiny** experiment");
    Map<String, JsonNode> runs = runsOf(experiment);
    assertThat(runs).containsOnlyKeys("parent", "features-0", "train-0");
    JsonNode parent = runs.get("parent");
    JsonNode train = runs.get("train-0");
    String parentId = parent.at("/info/run_id").asText();
    assertThat(parent.at("/info/status").asText()).isEqualTo("FINISHED");
    assertThat(parent.at("/info/start_time").asLong()).isEqualTo(START.toEpochMilli());
    assertThat(train.at("/info/status").asText()).isEqualTo("FAILED");
    assertThat(pairs(train.at("/data/tags")))
        .containsEntry("mlflow.parentRunId", parentId)
        .containsEntry(MlflowApi.KEY_TAG, "p/train-0");
    assertThat(pairs(parent.at("/data/tags")))
        .containsEntry("mlflow.source.name", "experiments/tiny.yaml")
        .containsEntry("mlflow.user", System.getProperty("user.name"));
    Map<String, String> params = pairs(parent.at("/data/params"));
    assertThat(params)
        .hasSize(122)
        .containsEntry("group.key119", "value 119")
        .containsEntry("empty", "");
    assertThat(params.get("long")).hasSize(6000);

    JsonNode history =
        get("mlflow/metrics/get-history?metric_key=train/loss&max_results=25000&run_id="
                + train.at("/info/run_id").asText())
            .path("metrics");
    assertThat(history).hasSize(steps);
    Map<Long, JsonNode> values = new TreeMap<>();
    history.forEach(m -> values.put(m.path("step").asLong(), m.path("value")));
    assertThat(values).hasSize(steps);
    assertThat(values.get(1L).asDouble()).isEqualTo(Math.exp(-1 / 500.0));
    assertThat(values.get(7L).asText()).isEqualTo("NaN");
    assertThat(values.get(8L).asDouble()).isGreaterThan(1e300);

    JsonNode inputs = runs.get("features-0").at("/inputs/dataset_inputs");
    assertThat(inputs).hasSize(1);
    assertThat(inputs.at("/0/dataset/name").asText()).isEqualTo("tiny-images");
    assertThat(pairs(inputs.at("/0/tags"))).containsEntry("mlflow.data.context", "training");

    JsonNode files = get("mlflow/artifacts/list?path=report&run_id=" + parentId).path("files");
    assertThat(files).hasSize(1);
    assertThat(files.at("/0/path").asText()).isEqualTo("report/the report.html");
    try (var stored = Files.walk(dir.resolve("mlflow/artifacts"))) {
      Path file =
          stored
              .filter(p -> p.toString().contains(parentId) && Files.isRegularFile(p))
              .findFirst()
              .orElseThrow();
      assertThat(file).hasContent("<h1>größer</h1>");
    }
  }

  @Test
  @Order(1)
  void logsEverything() throws IOException {
    try (Tracker tracker =
        Tracker.mlflow(dir.resolve("live"), CompletableFuture.completedFuture(server))) {
      log(tracker, "live", 2500);
      assertThat(tracker.flush(LONG)).isTrue();
      assertThat(tracker.url().orElseThrow().toString()).startsWith(server + "/#/experiments/");
    }
    assertLogged("live", 2500);
    assertThat(dir.resolve("live/refused.jsonl")).doesNotExist();
  }

  @Test
  @Order(2)
  void resumedRunsAreContinued() throws IOException {
    try (Tracker tracker =
        Tracker.mlflow(dir.resolve("live"), CompletableFuture.completedFuture(server))) {
      log(tracker, "live", 2510);
      assertThat(tracker.flush(LONG)).isTrue();
    }
    assertLogged("live", 2510);
  }

  @Test
  @Order(3)
  void aJournalIsSentLaterAndAgainWithoutDuplicates() throws IOException {
    Path journal = dir.resolve("offline");
    try (Tracker tracker = Tracker.journal(journal)) {
      log(tracker, "offline", 1200);
    }
    Sync.Result first = Sync.replay(journal, server);
    assertThat(first.refused()).isZero();
    assertLogged("offline", 1200);
    assertThat(Sync.replay(journal, server).sent()).isZero();
    // as if the program had been killed before it could write down what it had sent
    try (var sent = Files.newDirectoryStream(journal, "sent-*")) {
      for (Path file : sent) {
        Files.delete(file);
      }
    }
    assertThat(Sync.replay(journal, server).sent()).isPositive();
    assertLogged("offline", 1200);
  }

  @Test
  @Order(4)
  void theRunningServerIsFoundAgain() {
    LocalServer.Status status = local.status();
    assertThat(status.running()).isTrue();
    assertThat(status.uri()).contains(server);
    assertThat(status.version()).contains(LocalServer.VERSION);
    List<String> said = new ArrayList<>();
    assertThat(local.ensureStarted(said::add).join()).isEqualTo(server);
    assertThat(said).containsExactly("MLflow runs at " + server);
    assertThat(PROGRESS).last().isEqualTo("MLflow runs at " + server);
  }

  /** Registered as the registry's page does it, and fetched as {@code evaluate models:/…} does. */
  @Test
  @Order(5)
  void aRegisteredModelIsFetched() throws IOException {
    Path weights = dir.resolve("weights");
    Files.writeString(weights, "float32 and float32");
    try (Tracker tracker =
        Tracker.mlflow(dir.resolve("models"), CompletableFuture.completedFuture(server))) {
      tracker.openExperiment("models", Map.of());
      TrackedRun run = tracker.startRun(RunSpec.root("model", "m", Map.of(), START));
      run.artifact(weights, "model/model.safetensors");
      run.finish(RunStatus.FINISHED, START.plusSeconds(1));
      assertThat(tracker.flush(LONG)).isTrue();
    }
    JsonNode info = runsOf("models").get("model").path("info");
    post("mlflow/registered-models/create", "{\"name\": \"tiny net\"}");
    post(
        "mlflow/model-versions/create",
        json.createObjectNode()
            .put("name", "tiny net")
            .put("source", info.path("artifact_uri").asText() + "/model")
            .put("run_id", info.path("run_id").asText())
            .toString());
    Path kept = dir.resolve("kept");
    assertThat(RegisteredModel.fetch("models:/tiny net/1", server, Map.of(), kept))
        .hasContent("float32 and float32");
    assertThatThrownBy(() -> RegisteredModel.fetch("models:/tiny net/2", server, Map.of(), kept))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("models:/tiny net/2 at " + server);
  }

  @Test
  @Order(6)
  void theServerIsStoppedWithAllItsProcesses() {
    long pid = local.status().pid().orElseThrow();
    List<ProcessHandle> all =
        new ArrayList<>(ProcessHandle.of(pid).orElseThrow().descendants().toList());
    ProcessHandle.of(pid).ifPresent(all::add);
    assertThat(all).hasSizeBetween(1, 3);
    assertThat(local.stop()).isTrue();
    assertThat(all).noneMatch(ProcessHandle::isAlive);
    assertThat(local.status().running()).isFalse();
    assertThat(local.status().installed()).isTrue();
    assertThat(local.stop()).isFalse();
  }
}
