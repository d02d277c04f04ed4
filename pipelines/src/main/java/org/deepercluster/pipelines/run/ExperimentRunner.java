package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import org.deepercluster.pipelines.experiment.ExecutionConfig;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.experiment.Method;
import org.deepercluster.pipelines.plan.Inputs;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.Planner;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.pipelines.tracking.RunStatus;
import org.deepercluster.pipelines.tracking.SourceTags;
import org.deepercluster.pipelines.tracking.Tracker;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.report.ReportData;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;

/** Runs one experiment from its YAML to its report, or continues it where it stopped. */
public final class ExperimentRunner {
  private final PrintStream out;
  private final boolean terminal;
  private final boolean color;
  private final Path journals;
  private final CompletionStage<URI> server;

  /**
   * A runner.
   *
   * @param out where progress is printed
   * @param terminal whether lines can be redrawn
   * @param color whether colours are wanted
   * @param journals folder of the tracking journals, on the local disk
   * @param server address of the MLflow server, which may become known later; null: journal only
   */
  public ExperimentRunner(
      PrintStream out,
      boolean terminal,
      boolean color,
      Path journals,
      CompletionStage<URI> server) {
    this.out = out;
    this.terminal = terminal;
    this.color = color;
    this.journals = journals;
    this.server = server;
  }

  /**
   * How a run ended.
   *
   * @param id name of the run
   * @param directory URI of its folder
   * @param url its page in MLflow, or empty
   * @param seconds wall seconds per stage, over all its instances, in this process or before
   * @param wallSeconds from start to end of this process's work
   * @param metrics final metrics by their stable names
   * @param report path of the report, or null when it is not on the local disk
   */
  public record Outcome(
      String id,
      String directory,
      Optional<URI> url,
      Map<String, Double> seconds,
      double wallSeconds,
      SortedMap<String, Double> metrics,
      String report) {}

  /** Hears which run was begun or is continued. */
  public interface Begun {
    /**
     * The run is this process's, and its folder says so.
     *
     * @param id name of the run
     * @param directory URI of its folder
     */
    void begun(String id, String directory) throws IOException;
  }

  /**
   * Checks all that can be known before a run is begun.
   *
   * @throws InfrastructureException when a cluster that is named does not answer or does not fit
   */
  public static void check(Experiment e)
      throws IOException, InterruptedException, InfrastructureException {
    RunStore.check(e);
    checkCollections(e, Inputs.list(e));
    Clusters.check(e.execution());
  }

  private static void checkCollections(Experiment e, Inputs inputs) {
    e.checkAgainst(
        inputs.data() == null ? Long.MAX_VALUE : inputs.data().files(),
        inputs.evaluationTrain() == null
            ? OptionalLong.empty()
            : OptionalLong.of(inputs.evaluationTrain().files()));
  }

  /**
   * Runs the experiment.
   *
   * @param e what the YAML says
   * @param source the YAML, for the tracked run's tags
   * @param listener hears which run it is, once its lock is taken
   * @throws RunLock.RunLockedException when another process works on the run
   * @throws RunCancelledException when somebody asked for its end
   * @throws Exception what a stage failed with
   */
  public Outcome run(Experiment e, Path source, Begun listener) throws Exception {
    Instant started = Instant.now();
    RunStore.check(e);
    Inputs inputs = Inputs.list(e);
    checkCollections(e, inputs);
    Optional<RunRecord> before = RunStore.unfinished(e, inputs.digests());
    RunRecord run = before.orElseGet(() -> RunStore.create(e, inputs.digests(), CodeVersion.get()));
    String directory = RunStore.directory(e, run);
    try (Clusters clusters = Clusters.open(e.execution());
        RunLock lock = RunLock.acquire(directory)) {
      Optional<FlinkJob> left = Cancellation.endJobOf(directory);
      RunStore.write(directory, run.with(RunRecord.RUNNING, run.trackingUrl(), run.metrics()));
      Files.write(Paths.join(directory, "experiment.yaml"), e.toYaml());
      Path journal = journals.resolve(e.name()).resolve(run.id());
      try (StatusWriter status = StatusWriter.open(directory, lock);
          Tracker tracker =
              server == null ? Tracker.journal(journal) : Tracker.mlflow(journal, server)) {
        left.ifPresent(
            job -> say(status, "Flink: ended the job that was left from before, " + job.page()));
        say(status, (before.isPresent() ? "Continuing " : "Run ") + run.id() + " in " + directory);
        listener.begun(run.id(), directory);
        return new Attempt(e, source, inputs, run, directory, tracker, clusters, status, started)
            .run();
      }
    }
  }

  private final class Attempt {
    private final Experiment experiment;
    private final Path source;
    private final Inputs inputs;
    private final RunRecord run;
    private final String directory;
    private final Tracker tracker;
    private final Clusters clusters;
    private final StatusWriter status;
    private final Instant started;

    Attempt(
        Experiment experiment,
        Path source,
        Inputs inputs,
        RunRecord run,
        String directory,
        Tracker tracker,
        Clusters clusters,
        StatusWriter status,
        Instant started) {
      this.experiment = experiment;
      this.source = source;
      this.inputs = inputs;
      this.run = run;
      this.directory = directory;
      this.tracker = tracker;
      this.clusters = clusters;
      this.status = status;
      this.started = started;
    }

    Outcome run() throws Exception {
      String backend = backend();
      TrackingListener tracking =
          new TrackingListener(tracker, experiment, inputs, run, tags(backend));
      Plan plan = Planner.plan(experiment, inputs, reportRun(backend, tracking));
      status.planned(plan, () -> tracking.parent().url());
      Thread hook =
          new Thread(
              () -> {
                out.println("\nInterrupted. The same command continues this run.");
                status.end(RunState.INTERRUPTED, "");
                clusters.cancel();
                tracking.interrupted();
              },
              "interrupted");
      Runtime.getRuntime().addShutdownHook(hook);
      try {
        tracking.parent();
        TrackingListener.upload(
            tracking.parent(), Paths.join(directory, "experiment.yaml"), "experiment.yaml");
        Map<String, Manifest> done = stages(plan, tracking);
        Outcome outcome = finish(plan, done, tracking);
        RunStore.write(
            directory,
            run.with(
                RunRecord.FINISHED,
                outcome.url().map(URI::toString).orElse(""),
                outcome.metrics()));
        out.println();
        say(status, Summary.text(experiment, outcome));
        status.end(RunRecord.FINISHED, "");
        return outcome;
      } catch (RunCancelledException e) {
        tracking.interrupted();
        store(RunRecord.CANCELLED, tracking);
        status.line(e.getMessage());
        status.end(RunRecord.CANCELLED, "");
        throw e;
      } catch (Exception e) {
        tracking.parent().finish(RunStatus.FAILED, Instant.now());
        store(RunRecord.FAILED, tracking);
        String message = e.getMessage() == null ? e.toString() : e.getMessage();
        status.line("Error: " + message);
        status.end(RunRecord.FAILED, message);
        throw e;
      } finally {
        removeHook(hook);
      }
    }

    /** What computes; on a cluster its workers are asked, and whether they can do this run. */
    private String backend() throws Exception {
      try {
        return RunProbe.backend(
            clusters, experiment, inputs, text -> say(status, text), status::proceed);
      } catch (RunCancelledException e) {
        RunStore.write(directory, run.with(RunRecord.CANCELLED, run.trackingUrl(), run.metrics()));
        status.line(e.getMessage());
        status.end(RunRecord.CANCELLED, "");
        throw e;
      } catch (Exception e) {
        RunStore.write(directory, run.with(RunRecord.FAILED, run.trackingUrl(), run.metrics()));
        status.line("Error: " + e.getMessage());
        status.end(RunRecord.FAILED, String.valueOf(e.getMessage()));
        throw e;
      }
    }

    private void store(String state, TrackingListener tracking) throws IOException {
      RunStore.write(
          directory,
          run.with(state, tracking.parent().url().map(URI::toString).orElse(""), run.metrics()));
    }

    private Map<String, Manifest> stages(Plan plan, TrackingListener tracking) throws Exception {
      ExecutionConfig execution = experiment.execution();
      return new Orchestrator(
              plan,
              directory,
              clusters,
              execution.parallelism(),
              execution.keep() == ExecutionConfig.Keep.ALL,
              CodeVersion.get(),
              List.of(
                  new ConsoleDisplay(out, terminal, color, plan, status::line), tracking, status))
          .run();
    }

    private Outcome finish(Plan plan, Map<String, Manifest> done, TrackingListener tracking)
        throws IOException {
      Map<String, Double> seconds = new LinkedHashMap<>();
      SortedMap<String, Double> metrics = new TreeMap<>();
      for (StageInstance i : plan.instances()) {
        Manifest m = done.get(i.id());
        seconds.merge(i.stage().name(), m.wallSeconds(), Double::sum);
        if (i.stage().name().equals("evaluate")) {
          metrics.putAll(m.numbers());
        }
      }
      List<String> exported = export(plan, done);
      for (String path : exported) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        if (name.startsWith("model.")) {
          TrackingListener.upload(tracking.parent(), path, "model/" + name);
        }
      }
      tracking.parent().finish(RunStatus.FINISHED, Instant.now());
      tracking.flush();
      return new Outcome(
          run.id(),
          directory,
          tracking.parent().url(),
          seconds,
          Duration.between(started, Instant.now()).toMillis() / 1000.0,
          metrics,
          exported.stream().filter(p -> p.endsWith("report.html")).findFirst().orElse(null));
    }

    /** Puts what people look for under plain names: the report, and the final model. */
    private List<String> export(Plan plan, Map<String, Manifest> done) throws IOException {
      List<String> written = new ArrayList<>();
      for (Part p : done.get("report").parts()) {
        String target = Paths.join(directory, "report", TrackingListener.reportFile(p));
        Files.write(target, Files.read(p.path()));
        written.add(target);
      }
      if (experiment.method() == Method.PRETRAINED) {
        return written;
      }
      String last = "init";
      for (StageInstance i : plan.instances()) {
        if (i.stage().name().equals("train")) {
          last = i.id();
        }
      }
      written.addAll(
          ModelFile.export(
              experiment.model(),
              ModelFile.trunkTensors(ModelFile.path(done.get(last))),
              Paths.join(directory, "model")));
      return written;
    }

    private ReportData.Run reportRun(String backend, TrackingListener tracking) {
      var m = experiment.model();
      return new ReportData.Run(
          experiment.name(),
          run.id(),
          experiment.method().toString(),
          String.format(
              "a %s (width %d, %d×%d %s)",
              m.trunk(), m.width(), m.imageSize(), m.imageSize(), m.input()),
          experiment.seed(),
          Instant.parse(run.created()),
          null,
          RunLock.hostName(),
          backend,
          CodeVersion.get(),
          experiment.toYaml(),
          tracking.parent().url().map(URI::toString).orElse(null));
    }

    private Map<String, String> tags(String backend) {
      Map<String, String> tags =
          new TreeMap<>(SourceTags.of(source.toString(), source.toAbsolutePath().getParent()));
      tags.put("method", experiment.method().toString());
      tags.put("seed", String.valueOf(experiment.seed()));
      tags.put("host", RunLock.hostName());
      tags.put("backend", backend);
      tags.put("code", CodeVersion.get());
      tags.put("run.directory", directory);
      return tags;
    }
  }

  /** Prints for good. */
  private void say(StatusWriter status, String text) {
    out.println(text);
    status.line(text);
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending; the hook is at work already.
      org.slf4j.LoggerFactory.getLogger(ExperimentRunner.class).debug("shutting down", e);
    }
  }
}
