package org.deepercluster.pipelines.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.beam.runners.flink.FlinkPipelineOptions;
import org.apache.beam.runners.flink.FlinkRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/**
 * Runs Beam pipelines on a Flink cluster, embedded or not, through its REST address: submits
 * detached and asks for the job's state, which answers sooner than Beam's own waiting. How often
 * failed units are tried again is the cluster's setting: Beam passes none on for batches.
 */
final class FlinkJobs {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long POLL_MILLIS = 40;

  private final String master;
  private final Path stagedJar;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

  /**
   * Jobs on one cluster.
   *
   * @param master {@code host:port} of the cluster's REST address
   * @param stagedJar the jar that is sent with each job
   */
  FlinkJobs(String master, Path stagedJar) {
    this.master = master;
    this.stagedJar = stagedJar;
  }

  /**
   * Runs one pipeline to its end.
   *
   * @param name shown in Flink's web page
   * @param parallelism task slots to use
   * @param build adds the pipeline's transforms
   * @param poll called again and again while the job runs
   * @throws JobFailedException with the cause that Flink reports
   */
  void run(String name, int parallelism, Consumer<Pipeline> build, Poll poll)
      throws IOException, InterruptedException, JobFailedException {
    FlinkPipelineOptions options = PipelineOptionsFactory.as(FlinkPipelineOptions.class);
    options.setRunner(FlinkRunner.class);
    options.setFlinkMaster(master);
    options.setAttachedMode(false);
    options.setParallelism(parallelism);
    options.setFilesToStage(List.of(stagedJar.toString()));
    String unique = name + "-" + UUID.randomUUID().toString().substring(0, 8);
    options.setJobName(unique);
    Pipeline pipeline = Pipeline.create(options);
    build.accept(pipeline);
    try {
      pipeline.run();
    } catch (RuntimeException e) {
      throw new JobFailedException(
          name + ": not accepted by Flink at " + master + ": " + rootMessage(e), e);
    }
    String id = find(unique);
    while (true) {
      // Unlike /jobs/<id>, the status is not cached for seconds.
      String state = get("/jobs/" + id + "/status").path("status").asText();
      poll.poll();
      switch (state) {
        case "FINISHED" -> {
          return;
        }
        case "FAILED", "CANCELED" ->
            throw new JobFailedException(name + ": " + cause(id, state), null);
        default -> Thread.sleep(POLL_MILLIS);
      }
    }
  }

  private String find(String name) throws IOException, InterruptedException, JobFailedException {
    for (JsonNode job : get("/jobs/overview").path("jobs")) {
      if (job.path("name").asText().equals(name)) {
        return job.path("jid").asText();
      }
    }
    throw new JobFailedException(name + ": Flink at " + master + " does not know the job", null);
  }

  private String cause(String id, String state) throws IOException, InterruptedException {
    String trace = get("/jobs/" + id + "/exceptions").path("root-exception").asText("");
    // The last "Caused by" is what went wrong; what is above it is how Flink and Beam carried it.
    String found = trace.lines().findFirst().orElse("job " + state);
    for (String line : trace.split("\n")) {
      if (line.startsWith("Caused by: ")) {
        found = line.substring("Caused by: ".length());
      }
    }
    return found.strip();
  }

  private JsonNode get(String path) throws IOException, InterruptedException {
    HttpResponse<String> response =
        http.send(
            HttpRequest.newBuilder(URI.create("http://" + master + path))
                .timeout(Duration.ofSeconds(30))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw new IOException("Flink at " + master + path + " answered " + response.statusCode());
    }
    return JSON.readTree(response.body());
  }

  private static String rootMessage(Throwable e) {
    Throwable t = e;
    while (t.getCause() != null && t.getCause() != t) {
      t = t.getCause();
    }
    return t.getClass().getSimpleName() + ": " + t.getMessage();
  }

  /** Called while a job runs. */
  interface Poll {
    void poll() throws IOException;
  }
}
