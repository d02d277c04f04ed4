package org.deepercluster.pipelines.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.mlflow.api.proto.Service;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowHttpException;
import org.mlflow.tracking.creds.BasicMlflowHostCreds;

/**
 * The calls to an MLflow server, each with a time limit and with {@link ApiException} as its only
 * failure. Used by one thread.
 *
 * <p>The official client waits without limit and its own artifact calls start a Python; so calls
 * run on a thread that can be given up, and files are sent to the server's artifact proxy from
 * here.
 */
final class MlflowApi implements Closeable {
  /** Tag of a run that carries {@link RunSpec#key()}. */
  static final String KEY_TAG = "deepercluster.key";

  private static final String PROXY_SCHEME = "mlflow-artifacts";
  private static final long UPLOAD_BYTES_PER_SECOND = 1 << 20;

  /**
   * An experiment; {@code created} (milliseconds since 1970) tells it from one of the same id on
   * another server.
   */
  record ExperimentInfo(String id, long created) {}

  /** A run as the server knows it. */
  record RunInfo(String id, String artifactUri, Map<String, String> params) {}

  // The official client's HTTP library reports each broken connection to java.util.logging, whose
  // default is the terminal; what matters comes as an exception. Held, so that the level stays.
  private static final Logger HTTP_LOG = Logger.getLogger("org.mlflow_project.apachehttp");

  static {
    HTTP_LOG.setLevel(Level.WARNING);
  }

  private final URI server;
  private final Duration timeout;
  private final Map<String, String> environment;
  private final HttpClient http;
  private final ObjectMapper json = new ObjectMapper();
  private MlflowClient client;
  private ExecutorService caller;

  MlflowApi(URI server, Duration timeout, Map<String, String> environment) {
    String scheme = String.valueOf(server.getScheme()).toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https")) {
      throw new TrackingException(
          "tracking.uri must be the http or https address of an MLflow server, such as"
              + " http://127.0.0.1:5000; got: "
              + server);
    }
    String text = server.toString();
    this.server = URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
    this.timeout = timeout;
    this.environment = environment;
    // no attempt to upgrade to HTTP/2, which MLflow's server does not speak
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(timeout)
            .build();
  }

  /** The server's address, without a slash at its end. */
  URI server() {
    return server;
  }

  /** The experiment of this name, created or restored if need be, with these tags. */
  ExperimentInfo experiment(String name, Map<String, String> tags) {
    return call(
        "open experiment " + name,
        c -> {
          Optional<Service.Experiment> found = c.getExperimentByName(name);
          if (found.isEmpty()) {
            try {
              c.createExperiment(
                  Service.CreateExperiment.newBuilder()
                      .setName(name)
                      .addAllTags(
                          tags.entrySet().stream()
                              .map(
                                  t ->
                                      Service.ExperimentTag.newBuilder()
                                          .setKey(t.getKey())
                                          .setValue(t.getValue())
                                          .build())
                              .toList())
                      .build());
            } catch (MlflowHttpException e) {
              if (e.getStatusCode() != 400) { // 400: another process was faster
                throw e;
              }
            }
            found = c.getExperimentByName(name);
          }
          Service.Experiment experiment =
              found.orElseThrow(
                  () ->
                      new ApiException(
                          ApiException.Kind.REFUSED, "experiment " + name + " not created", null));
          String id = experiment.getExperimentId();
          if (experiment.getLifecycleStage().equals("deleted")) {
            c.restoreExperiment(id);
          }
          Map<String, String> has = new HashMap<>();
          experiment.getTagsList().forEach(t -> has.put(t.getKey(), t.getValue()));
          for (Map.Entry<String, String> tag : tags.entrySet()) {
            if (!tag.getValue().equals(has.get(tag.getKey()))) {
              c.setExperimentTag(id, tag.getKey(), tag.getValue());
            }
          }
          return new ExperimentInfo(id, experiment.getCreationTime());
        });
  }

  /** The oldest run of the experiment with this key that is not deleted. */
  Optional<RunInfo> findRun(String experimentId, String key) {
    return call(
        "look for run " + key,
        c ->
            c
                .searchRuns(
                    List.of(experimentId),
                    "tags.`" + KEY_TAG + "` = '" + key + "'",
                    Service.ViewType.ACTIVE_ONLY,
                    1,
                    List.of("attributes.start_time ASC"))
                .getItems()
                .stream()
                .findFirst()
                .map(MlflowApi::info));
  }

  RunInfo getRun(String id) {
    return call("read run " + id, c -> info(c.getRun(id)));
  }

  RunInfo createRun(String experimentId, String name, Map<String, String> tags, long start) {
    Service.CreateRun.Builder request =
        Service.CreateRun.newBuilder()
            .setExperimentId(experimentId)
            .setRunName(name)
            .setStartTime(start);
    tags.forEach((key, value) -> request.addTags(tag(key, value)));
    Service.RunInfo run = call("create run " + name, c -> c.createRun(request.build()));
    return new RunInfo(run.getRunId(), run.getArtifactUri(), Map.of());
  }

  /** Sets a run that was ended before to running. */
  void reopen(String runId) {
    ObjectNode body = json.createObjectNode();
    body.put("run_id", runId);
    body.put("status", "RUNNING");
    call("reopen run " + runId, c -> c.sendPost("runs/update", body.toString()));
  }

  /** At most 100 parameters; the caller sees to it that none is set to another value. */
  void params(String runId, Map<String, String> params) {
    List<Service.Param> list =
        params.entrySet().stream()
            .map(p -> Service.Param.newBuilder().setKey(p.getKey()).setValue(p.getValue()).build())
            .toList();
    batch(runId, List.of(), list, List.of());
  }

  /** At most 1000 metrics. */
  void metrics(String runId, List<Metric> metrics) {
    List<Service.Metric> list =
        metrics.stream()
            .map(
                m ->
                    Service.Metric.newBuilder()
                        .setKey(m.key())
                        .setValue(m.value())
                        .setStep(m.step())
                        .setTimestamp(m.timestamp())
                        .build())
            .toList();
    batch(runId, list, List.of(), List.of());
  }

  /** At most 100 tags. */
  void tags(String runId, Map<String, String> tags) {
    batch(
        runId,
        List.of(),
        List.of(),
        tags.entrySet().stream().map(t -> tag(t.getKey(), t.getValue())).toList());
  }

  private void batch(
      String runId,
      List<Service.Metric> metrics,
      List<Service.Param> params,
      List<Service.RunTag> tags) {
    call(
        "log to run " + runId,
        c -> {
          c.logBatch(runId, metrics, params, tags);
          return true;
        });
  }

  void input(String runId, Dataset dataset) {
    ObjectNode body = json.createObjectNode();
    body.put("run_id", runId);
    ObjectNode input = body.putArray("datasets").addObject();
    ObjectNode context = input.putArray("tags").addObject();
    context.put("key", "mlflow.data.context");
    context.put("value", dataset.context());
    ObjectNode fields = input.putObject("dataset");
    fields.put("name", dataset.name());
    fields.put("digest", dataset.digest());
    fields.put("source_type", dataset.sourceType());
    fields.put("source", dataset.source());
    if (dataset.schemaJson() != null) {
      fields.put("schema", dataset.schemaJson());
    }
    if (dataset.profileJson() != null) {
      fields.put("profile", dataset.profileJson());
    }
    call("log the dataset of run " + runId, c -> c.sendPost("runs/log-inputs", body.toString()));
  }

  void terminate(String runId, RunStatus status, long end) {
    call(
        "end run " + runId,
        c -> {
          c.setTerminated(runId, Service.RunStatus.valueOf(status.name()), end);
          return true;
        });
  }

  /** Stores a file under the run's artifacts. */
  void upload(String artifactUri, String path, Path file) {
    URI uri = URI.create(artifactUri);
    String scheme = uri.getScheme();
    if (PROXY_SCHEME.equals(scheme)) {
      put(uri.getPath() + "/" + path, file);
    } else if (scheme == null || scheme.equals("file")) {
      Path target = Path.of(uri.getPath()).resolve(path);
      try {
        Files.createDirectories(target.getParent());
        Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw new ApiException(
            ApiException.Kind.REFUSED, "cannot copy " + path + " to " + target + ": " + e, e);
      }
    } else {
      throw new ApiException(
          ApiException.Kind.REFUSED,
          "the experiment keeps its artifacts at "
              + artifactUri
              + ", which this program cannot write; start the server with --artifacts-destination "
              + scheme
              + "://... so that it stores them itself, and use a new experiment",
          null);
    }
  }

  /** Where the files of a version of a registered model are. */
  String modelVersionUri(String name, String version) {
    String query = "name=" + encode(name) + "&version=" + encode(version);
    return call(
        "find version " + version + " of model " + name,
        c ->
            json.readTree(c.sendGet("model-versions/get-download-uri?" + query))
                .path("artifact_uri")
                .asText());
  }

  /** Writes an artifact to a file that is replaced. */
  void download(String artifactUri, Path target) {
    URI uri = URI.create(artifactUri);
    try {
      if (uri.getScheme() == null || uri.getScheme().equals("file")) {
        Files.copy(Path.of(uri.getPath()), target, StandardCopyOption.REPLACE_EXISTING);
        return;
      }
      if (!PROXY_SCHEME.equals(uri.getScheme())) {
        throw new ApiException(
            ApiException.Kind.REFUSED,
            "it is kept at " + artifactUri + ", which the server does not hand out",
            null);
      }
      HttpRequest.Builder request =
          HttpRequest.newBuilder(artifact(uri.getPath())).timeout(timeout);
      authorization().ifPresent(value -> request.header("Authorization", value));
      HttpResponse<Path> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofFile(target));
      if (response.statusCode() / 100 != 2) {
        throw ApiException.ofStatus(response.statusCode(), "download of " + artifactUri, null);
      }
    } catch (IOException e) {
      throw new ApiException(
          ApiException.Kind.UNAVAILABLE, "download of " + artifactUri + ": " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ApiException(ApiException.Kind.UNAVAILABLE, "interrupted", e);
    }
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** Address at which the server keeps an artifact. */
  private URI artifact(String path) {
    String encoded =
        List.of(path.split("/")).stream()
            .filter(part -> !part.isEmpty())
            .map(MlflowApi::encode)
            .collect(Collectors.joining("/"));
    return URI.create(server + "/api/2.0/mlflow-artifacts/artifacts/" + encoded);
  }

  private void put(String path, Path file) {
    URI target = artifact(path);
    try {
      Duration limit = timeout.plusSeconds(Files.size(file) / UPLOAD_BYTES_PER_SECOND);
      HttpRequest.Builder request =
          HttpRequest.newBuilder(target)
              .timeout(limit)
              .header("Content-Type", "application/octet-stream")
              .PUT(HttpRequest.BodyPublishers.ofFile(file));
      authorization().ifPresent(value -> request.header("Authorization", value));
      HttpResponse<String> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() / 100 != 2) {
        throw ApiException.ofStatus(
            response.statusCode(), "upload of " + path + ": " + response.body(), null);
      }
    } catch (IOException e) {
      if (!Files.isReadable(file)) {
        throw new ApiException(ApiException.Kind.REFUSED, "no file " + file, e);
      }
      throw new ApiException(ApiException.Kind.UNAVAILABLE, "upload of " + path + ": " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ApiException(ApiException.Kind.UNAVAILABLE, "interrupted", e);
    }
  }

  private Optional<String> authorization() {
    String token = environment.get("MLFLOW_TRACKING_TOKEN");
    if (token != null) {
      return Optional.of("Bearer " + token);
    }
    String user = environment.get("MLFLOW_TRACKING_USERNAME");
    if (user == null) {
      return Optional.empty();
    }
    String pair = user + ":" + environment.getOrDefault("MLFLOW_TRACKING_PASSWORD", "");
    return Optional.of(
        "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
  }

  private static RunInfo info(Service.Run run) {
    Map<String, String> params = new HashMap<>();
    run.getData().getParamsList().forEach(p -> params.put(p.getKey(), p.getValue()));
    return new RunInfo(run.getInfo().getRunId(), run.getInfo().getArtifactUri(), params);
  }

  private static Service.RunTag tag(String key, String value) {
    return Service.RunTag.newBuilder().setKey(key).setValue(value).build();
  }

  private interface Call<T> {
    T on(MlflowClient client) throws Exception;
  }

  private <T> T call(String what, Call<T> call) {
    if (client == null) {
      client =
          new MlflowClient(
              new BasicMlflowHostCreds(
                  server.toString(),
                  environment.get("MLFLOW_TRACKING_USERNAME"),
                  environment.get("MLFLOW_TRACKING_PASSWORD"),
                  environment.get("MLFLOW_TRACKING_TOKEN"),
                  "true".equals(environment.get("MLFLOW_TRACKING_INSECURE_TLS"))));
      caller =
          Executors.newSingleThreadExecutor(
              task -> {
                Thread thread = new Thread(task, "mlflow-call");
                thread.setDaemon(true);
                return thread;
              });
    }
    MlflowClient used = client;
    Callable<T> task = () -> call.on(used);
    Future<T> result = caller.submit(task);
    try {
      return result.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      close(); // closes the connection too, so that the thread ends
      throw new ApiException(
          ApiException.Kind.UNAVAILABLE,
          what + ": no answer within " + timeout.toSeconds() + " s",
          e);
    } catch (InterruptedException e) {
      close();
      Thread.currentThread().interrupt();
      throw new ApiException(ApiException.Kind.UNAVAILABLE, what + ": interrupted", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof ApiException known) {
        throw known;
      }
      if (cause instanceof MlflowHttpException refused) {
        throw ApiException.ofStatus(
            refused.getStatusCode(), what + ": " + message(refused.getBodyMessage()), refused);
      }
      Throwable root = cause;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      // no HTTP answer at all, or one that is not MLflow's
      throw new ApiException(ApiException.Kind.UNAVAILABLE, what + ": " + root, cause);
    }
  }

  private String message(String body) {
    try {
      JsonNode message = json.readTree(body).path("message");
      return message.isMissingNode() ? body : message.asText();
    } catch (IOException | IllegalArgumentException e) {
      return body;
    }
  }

  @Override
  public void close() {
    if (client != null) {
      caller.shutdownNow();
      client.close();
      client = null;
      caller = null;
    }
  }
}
