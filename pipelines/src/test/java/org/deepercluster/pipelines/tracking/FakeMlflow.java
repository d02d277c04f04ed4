package org.deepercluster.pipelines.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The few calls of MLflow's REST interface that the tracker makes, with faults on demand. */
final class FakeMlflow implements AutoCloseable {
  /** What to do with a request. */
  enum Fault {
    NONE,
    STATUS_500,
    STATUS_503,
    STATUS_400,
    STATUS_401,
    /** Does what is asked and then drops the connection, so that the client cannot know. */
    LOST_ANSWER,
    /** Answers when {@link #release} is called. */
    HANG
  }

  interface Faults {
    /** The fault for the {@code n}-th request (from 1) to this path. */
    Fault of(String path, int n);
  }

  static final class Run {
    final String id;
    final String name;
    final Map<String, String> tags = new TreeMap<>();
    final Map<String, String> params = new TreeMap<>();
    final List<String> metrics = new ArrayList<>();
    final List<JsonNode> inputs = new ArrayList<>();
    String status = "RUNNING";

    Run(String id, String name) {
      this.id = id;
      this.name = name;
    }
  }

  final Map<String, Run> runs = new LinkedHashMap<>();
  final Map<String, byte[]> artifacts = new TreeMap<>();
  final Map<String, String> experimentTags = new TreeMap<>();
  final Map<String, Integer> requests = new TreeMap<>();
  String experimentName;
  String artifactRoot = "mlflow-artifacts:/7";
  boolean experimentDeleted;
  String authorization;
  private volatile Faults faults = (path, n) -> Fault.NONE;
  private final CountDownLatch released = new CountDownLatch(1);
  private final ObjectMapper json = new ObjectMapper();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;

  FakeMlflow() throws IOException {
    this(0);
  }

  FakeMlflow(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext("/", this::handle);
    server.setExecutor(threads);
    server.start();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  void faults(Faults faults) {
    this.faults = faults;
  }

  void release() {
    released.countDown();
  }

  synchronized Run run(String key) {
    List<Run> found =
        runs.values().stream().filter(r -> key.equals(r.tags.get(MlflowApi.KEY_TAG))).toList();
    if (found.size() != 1) {
      throw new AssertionError(found.size() + " runs have the key " + key);
    }
    return found.get(0);
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath().replaceFirst("^/api/2.0/", "");
    String counted = path.replaceFirst("^(mlflow-artifacts/artifacts)/.*", "$1");
    byte[] body = exchange.getRequestBody().readAllBytes();
    int n;
    synchronized (this) {
      n = requests.merge(counted, 1, Integer::sum);
      authorization = exchange.getRequestHeaders().getFirst("Authorization");
    }
    Fault fault = faults.of(counted, n);
    switch (fault) {
      case STATUS_500 -> answer(exchange, 500, error("INTERNAL_ERROR"));
      case STATUS_503 -> answer(exchange, 503, error("TEMPORARILY_UNAVAILABLE"));
      case STATUS_400 -> answer(exchange, 400, error("INVALID_PARAMETER_VALUE"));
      case STATUS_401 -> answer(exchange, 401, "not allowed");
      case HANG -> {
        try {
          released.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        exchange.close();
      }
      default -> {
        String reply;
        synchronized (this) {
          reply = reply(path, exchange.getRequestURI(), body);
        }
        if (fault == Fault.LOST_ANSWER) {
          exchange.close();
        } else if (reply == null) {
          answer(exchange, 404, error("RESOURCE_DOES_NOT_EXIST"));
        } else {
          answer(exchange, 200, reply);
        }
      }
    }
  }

  private static String error(String code) {
    return "{\"error_code\": \"" + code + "\", \"message\": \"as the test wants\"}";
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private String reply(String path, URI uri, byte[] body) throws IOException {
    if (path.startsWith("mlflow-artifacts/artifacts/")) {
      artifacts.put(path.substring("mlflow-artifacts/artifacts/".length()), body);
      return "{}";
    }
    JsonNode in = body.length == 0 ? json.createObjectNode() : json.readTree(body);
    return switch (path) {
      case "mlflow/experiments/get-by-name" -> experimentName == null ? null : experiment();
      case "mlflow/experiments/create" -> {
        experimentName = in.path("name").asText();
        in.path("tags")
            .forEach(t -> experimentTags.put(t.path("key").asText(), t.path("value").asText()));
        yield "{\"experiment_id\": \"7\"}";
      }
      case "mlflow/experiments/restore" -> {
        experimentDeleted = false;
        yield "{}";
      }
      case "mlflow/experiments/set-experiment-tag" -> {
        experimentTags.put(in.path("key").asText(), in.path("value").asText());
        yield "{}";
      }
      case "mlflow/runs/create" -> {
        Run run = new Run("r" + (runs.size() + 1), in.path("run_name").asText());
        in.path("tags")
            .forEach(t -> run.tags.put(t.path("key").asText(), t.path("value").asText()));
        runs.put(run.id, run);
        yield json.createObjectNode().set("run", json(run)).toString();
      }
      case "mlflow/runs/search" -> {
        String filter = in.path("filter").asText();
        String key = filter.replaceFirst("^.*= '(.*)'$", "$1");
        ArrayNode found = json.createArrayNode();
        runs.values().stream()
            .filter(r -> key.equals(r.tags.get(MlflowApi.KEY_TAG)))
            .forEach(r -> found.add(json(r)));
        yield json.createObjectNode().set("runs", found).toString();
      }
      case "mlflow/runs/get" -> {
        String query = URLDecoder.decode(uri.getRawQuery(), StandardCharsets.UTF_8);
        Run run = runs.get(query.replaceFirst("^.*run_id=([^&]*).*$", "$1"));
        yield json.createObjectNode().set("run", json(run)).toString();
      }
      case "mlflow/runs/update" -> {
        runs.get(in.path("run_id").asText()).status = in.path("status").asText();
        yield "{}";
      }
      case "mlflow/runs/log-batch" -> {
        Run run = runs.get(in.path("run_id").asText());
        in.path("tags")
            .forEach(t -> run.tags.put(t.path("key").asText(), t.path("value").asText()));
        in.path("params")
            .forEach(t -> run.params.put(t.path("key").asText(), t.path("value").asText()));
        in.path("metrics")
            .forEach(
                m -> {
                  String all =
                      m.path("key").asText()
                          + "@"
                          + m.path("step").asText()
                          + "="
                          + m.path("value").asText()
                          + " "
                          + m.path("timestamp").asText();
                  if (!run.metrics.contains(all)) { // as MLflow's database does
                    run.metrics.add(all);
                  }
                });
        yield "{}";
      }
      case "mlflow/runs/log-inputs" -> {
        in.path("datasets").forEach(runs.get(in.path("run_id").asText()).inputs::add);
        yield "{}";
      }
      default -> null;
    };
  }

  private String experiment() {
    ObjectNode experiment = json.createObjectNode();
    experiment.put("experiment_id", "7");
    experiment.put("name", experimentName);
    experiment.put("lifecycle_stage", experimentDeleted ? "deleted" : "active");
    experiment.put("creation_time", 1_700_000_000_000L);
    ArrayNode tags = experiment.putArray("tags");
    experimentTags.forEach((k, v) -> tags.addObject().put("key", k).put("value", v));
    return json.createObjectNode().set("experiment", experiment).toString();
  }

  private ObjectNode json(Run run) {
    ObjectNode all = json.createObjectNode();
    ObjectNode info = all.putObject("info");
    info.put("run_id", run.id);
    info.put("artifact_uri", artifactRoot + "/" + run.id + "/artifacts");
    info.put("status", run.status);
    ArrayNode params = all.putObject("data").putArray("params");
    run.params.forEach((k, v) -> params.addObject().put("key", k).put("value", v));
    return all;
  }

  @Override
  public void close() {
    release();
    server.stop(0);
    threads.shutdownNow();
  }
}
