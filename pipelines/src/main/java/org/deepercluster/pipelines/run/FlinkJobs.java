package org.deepercluster.pipelines.run;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apache.beam.runners.flink.FlinkPipelineOptions;
import org.apache.beam.runners.flink.FlinkRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs Beam pipelines on a Flink cluster, embedded or not, through its REST address: submits
 * detached and asks for the job's state, which answers sooner than Beam's own waiting. How often
 * failed units are tried again is the cluster's setting: Beam passes none on for batches.
 */
final class FlinkJobs {
  /** Exceptions whose message is for the user by itself. */
  private static final Pattern FOR_THE_USER =
      Pattern.compile(
          "^(java\\.lang\\.IllegalArgumentException"
              + "|org\\.deepercluster\\.stages\\.beam\\.StageException): ");

  private static final Logger LOG = LoggerFactory.getLogger(FlinkJobs.class);
  private static final long POLL_MILLIS = 40;
  private static final long MAX_POLL_MILLIS = 250;
  private static final long DETAILS_NANOS = 3_000_000_000L;

  /** After this long without an answer the JobManager counts as lost. */
  static final Duration LOST = Duration.ofSeconds(30);

  private final FlinkRest rest;
  private final boolean remote;
  private final Path stagedJar;
  private final Duration lost;
  private volatile String current;

  private FlinkJobs(String master, boolean remote, Path stagedJar, Duration lost) {
    this.rest = new FlinkRest(master);
    this.remote = remote;
    this.stagedJar = stagedJar;
    this.lost = lost;
  }

  /**
   * Jobs on the Flink in this process.
   *
   * @param emptyJar sent with each job, whose classes are there already
   */
  static FlinkJobs embedded(String master, Path emptyJar) {
    return new FlinkJobs(master, false, emptyJar, LOST);
  }

  /**
   * Jobs on a cluster of its own.
   *
   * @param master {@code host:port} of the cluster's REST address
   * @param jobJar this program's classes, sent with each job
   * @param lost after how long without an answer the JobManager counts as lost
   */
  static FlinkJobs remote(String master, Path jobJar, Duration lost) {
    return new FlinkJobs(master, true, jobJar, lost);
  }

  /** The cluster's REST address. */
  FlinkRest rest() {
    return rest;
  }

  /** Whether the cluster is not in this process. */
  boolean remote() {
    return remote;
  }

  /** What is to be known about a job while it runs. */
  interface Watch {
    /** The job was accepted. */
    default void submitted(FlinkJob job) {}

    /** Called again and again while the job runs. */
    void poll() throws IOException;

    /** Something that a person should know: it waits for slots, a unit is tried again. */
    default void event(String text) {}
  }

  /**
   * Runs one pipeline to its end.
   *
   * @param name shown in Flink's web page
   * @param parallelism task slots to use, at most as many as the cluster has
   * @param build adds the pipeline's transforms
   * @param watch hears of the job while it runs
   * @throws JobFailedException with the cause that Flink reports
   * @throws InfrastructureException when the cluster is lost, or has no free slots for too long
   */
  void run(String name, int parallelism, Consumer<Pipeline> build, Watch watch)
      throws IOException, InterruptedException, JobFailedException, InfrastructureException {
    String unique = name + "-" + UUID.randomUUID().toString().substring(0, 8);
    int slots = slots(parallelism, watch);
    submit(unique, name, slots, build);
    FlinkJob job = find(unique, name);
    current = job.id();
    boolean ended = false;
    try {
      watch.submitted(job);
      await(job, slots, watch);
      ended = true;
    } catch (JobFailedException e) {
      ended = true;
      throw e;
    } finally {
      if (!ended) {
        cancel();
      }
      current = null;
    }
  }

  /** Ends the job that runs, if one does: for a process that is asked to end. */
  void cancel() {
    String job = current;
    if (job != null) {
      try {
        rest.cancel(job);
      } catch (IOException e) {
        LOG.warn("job {} could not be cancelled: {}", job, e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** As many slots as the cluster has at most; the result does not depend on it. */
  private int slots(int wanted, Watch watch)
      throws IOException, InterruptedException, InfrastructureException {
    if (!remote) {
      return wanted;
    }
    int total = ask("/overview").path("slots-total").asInt();
    if (total == 0) {
      watch.event("the cluster has no TaskManagers; the job waits for them");
    }
    return total == 0 ? wanted : Math.min(wanted, total);
  }

  private void submit(String unique, String name, int slots, Consumer<Pipeline> build)
      throws InterruptedException, JobFailedException, InfrastructureException {
    FlinkPipelineOptions options = PipelineOptionsFactory.as(FlinkPipelineOptions.class);
    options.setRunner(FlinkRunner.class);
    options.setFlinkMaster(rest.master());
    options.setAttachedMode(false);
    options.setParallelism(slots);
    options.setFilesToStage(List.of(stagedJar.toString()));
    options.setJobName(unique);
    Pipeline pipeline = Pipeline.create(options);
    build.accept(pipeline);
    try {
      pipeline.run();
    } catch (RuntimeException e) {
      if (caused(e, IOException.class)) {
        // If nobody answers any more, this says so.
        ask("/overview");
      }
      throw new JobFailedException(
          name + ": not accepted by Flink at " + rest.master() + ": " + rootMessage(e), e);
    }
  }

  private FlinkJob find(String unique, String name)
      throws InterruptedException, JobFailedException, InfrastructureException {
    for (JsonNode job : ask("/jobs/overview").path("jobs")) {
      if (job.path("name").asText().equals(unique)) {
        String id = job.path("jid").asText();
        return new FlinkJob(id, name, remote ? rest.page(id) : "", rest.master());
      }
    }
    throw new JobFailedException(
        name + ": Flink at " + rest.master() + " does not know the job", null);
  }

  private void await(FlinkJob job, int slots, Watch watch)
      throws IOException, InterruptedException, JobFailedException, InfrastructureException {
    Set<String> told = new HashSet<>();
    long begun = System.nanoTime();
    long details = begun + DETAILS_NANOS;
    int waiting = 0;
    while (true) {
      // Unlike /jobs/<id>, the status is not cached for seconds.
      JsonNode status = ask("/jobs/" + job.id() + "/status");
      if (status.isMissingNode()) {
        throw new InfrastructureException(
            job.name()
                + ": Flink at "
                + rest.master()
                + " no longer knows the job; its JobManager was restarted. The same command continues"
                + " the run.",
            null);
      }
      String state = status.path("status").asText();
      watch.poll();
      switch (state) {
        case "FINISHED" -> {
          if (System.nanoTime() - begun > DETAILS_NANOS) {
            retries(job, told, watch);
          }
          return;
        }
        case "FAILED", "CANCELED" -> throw failure(job, state);
        default -> Thread.sleep(pause(System.nanoTime() - begun));
      }
      if (System.nanoTime() >= details) {
        details = System.nanoTime() + DETAILS_NANOS;
        retries(job, told, watch);
        waiting = waitsForSlots(job, slots, waiting, watch);
      }
    }
  }

  /** Of a job that has run for a while, fewer looks cost less and are late by as small a part. */
  private static long pause(long nanos) {
    return Math.max(POLL_MILLIS, Math.min(MAX_POLL_MILLIS, nanos / 1_000_000 / 50));
  }

  /** Says once for each failed try what it failed with. */
  private void retries(FlinkJob job, Set<String> told, Watch watch)
      throws InterruptedException, InfrastructureException {
    JsonNode history =
        ask("/jobs/" + job.id() + "/exceptions?maxExceptions=20").path("exceptionHistory");
    for (JsonNode e : history.path("entries")) {
      if (told.add(e.path("timestamp").asText() + e.path("taskName").asText())) {
        String where = e.path("endpoint").asText("");
        watch.event(
            "tried again after: "
                + cause(e.path("stacktrace").asText(e.path("exceptionName").asText()))
                + (where.isEmpty() || where.equals("(unassigned)") ? "" : " (on " + where + ")"));
      }
    }
  }

  /**
   * Says once that nothing of the job runs for want of slots: after it was so at two looks in a
   * row, since a job that starts again holds slots of its own for a moment without running.
   *
   * @param before looks in a row, until now, at which the job waited
   * @return the same with this look
   */
  private int waitsForSlots(FlinkJob job, int slots, int before, Watch watch)
      throws InterruptedException, InfrastructureException {
    if (!remote) {
      return 0;
    }
    JsonNode tasks = ask("/jobs/" + job.id()).path("status-counts");
    int active = 0;
    int unfinished = 0;
    for (String state : List.of("RUNNING", "DEPLOYING", "INITIALIZING", "CANCELING")) {
      active += tasks.path(state).asInt();
    }
    for (String state : List.of("CREATED", "SCHEDULED")) {
      unfinished += tasks.path(state).asInt();
    }
    if (active > 0 || unfinished == 0) {
      return 0;
    }
    JsonNode cluster = ask("/overview");
    if (cluster.path("slots-available").asInt() >= slots) {
      return 0;
    }
    if (before == 1) {
      watch.event(
          String.format(
              "waits for task slots: needs %d, %d of %d at %s are free",
              slots,
              cluster.path("slots-available").asInt(),
              cluster.path("slots-total").asInt(),
              rest.master()));
    }
    return before + 1;
  }

  private Exception classify(FlinkJob job, String trace, String state) {
    String text = job.name() + ": " + (trace.isEmpty() ? "job " + state : cause(trace));
    if (trace.contains("NoResourceAvailableException")) {
      return new InfrastructureException(
          job.name()
              + ": Flink at "
              + rest.master()
              + " had no free task slots for too long (its slot.request.timeout). Free or add slots;"
              + " the same command continues the run.",
          null);
    }
    return new JobFailedException(text, null);
  }

  private JobFailedException failure(FlinkJob job, String state)
      throws InterruptedException, InfrastructureException {
    String trace = ask("/jobs/" + job.id() + "/exceptions").path("root-exception").asText("");
    Exception e = classify(job, trace, state);
    if (e instanceof InfrastructureException i) {
      throw i;
    }
    return (JobFailedException) e;
  }

  /** Asks, and again while the JobManager does not answer. */
  JsonNode ask(String path) throws InterruptedException, InfrastructureException {
    long until = System.nanoTime() + lost.toNanos();
    while (true) {
      try {
        return rest.get(path);
      } catch (IOException e) {
        if (!remote || System.nanoTime() > until) {
          throw new InfrastructureException(
              "Flink's JobManager at "
                  + rest.master()
                  + " is lost: "
                  + e.getMessage()
                  + " for "
                  + lost.toSeconds()
                  + " s. Everything that is complete is kept; once the cluster is back, the same"
                  + " command continues the run.",
              e);
        }
        LOG.info("{}; asking again", e.getMessage());
        Thread.sleep(500);
      }
    }
  }

  /** The last "Caused by" is what went wrong; what is above it is how Flink and Beam carried it. */
  static String cause(String trace) {
    String found = trace.lines().findFirst().orElse("");
    for (String line : trace.split("\n")) {
      if (line.startsWith("Caused by: ")) {
        found = line.substring("Caused by: ".length());
      }
    }
    return FOR_THE_USER.matcher(found.strip()).replaceFirst("");
  }

  private static boolean caused(Throwable e, Class<? extends Throwable> kind) {
    for (Throwable t = e; t != null && t != t.getCause(); t = t.getCause()) {
      if (kind.isInstance(t)) {
        return true;
      }
    }
    return false;
  }

  private static String rootMessage(Throwable e) {
    Throwable t = e;
    while (t.getCause() != null && t.getCause() != t) {
      t = t.getCause();
    }
    return t.getClass().getSimpleName() + ": " + t.getMessage();
  }
}
