package org.deepercluster.pipelines.run;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.plan.Inputs;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.pipelines.tracking.Dataset;
import org.deepercluster.pipelines.tracking.Metric;
import org.deepercluster.pipelines.tracking.RunSpec;
import org.deepercluster.pipelines.tracking.RunStatus;
import org.deepercluster.pipelines.tracking.TrackedRun;
import org.deepercluster.pipelines.tracking.Tracker;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.cluster.LabelledClusters;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.ingest.Listing;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs a run: the experiment's run, and one nested in it for each stage instance. What has a course
 * over epochs also goes to the experiment's run, as do the final metrics.
 */
final class TrackingListener implements RunListener {
  private static final Logger LOG = LoggerFactory.getLogger(TrackingListener.class);

  /** Stages whose metrics change over epochs; the others' are counts that stay. */
  private static final Set<String> HAVE_COURSE = Set.of("cluster", "train");

  private final Tracker tracker;
  private final TrackedRun parent;
  private final String runId;
  private final Inputs inputs;
  private final Experiment experiment;
  private final Map<String, StringBuilder> logs = new HashMap<>();
  private final Map<String, TrackedRun> open = new HashMap<>();
  private List<Part> labels = List.of();

  /**
   * Starts or continues the experiment's run.
   *
   * @param tracker where to log
   * @param experiment what runs
   * @param inputs its collections
   * @param run its record
   * @param tags of the experiment's run
   */
  TrackingListener(
      Tracker tracker,
      Experiment experiment,
      Inputs inputs,
      RunRecord run,
      Map<String, String> tags) {
    this.tracker = tracker;
    this.runId = run.id();
    this.inputs = inputs;
    this.experiment = experiment;
    tracker.openExperiment(
        experiment.name(), Map.of("mlflow.experimentKind", "custom_model_development"));
    this.parent =
        tracker.startRun(
            RunSpec.root(
                experiment.method() + " seed " + experiment.seed() + " " + run.id(),
                run.id(),
                described(experiment, tags),
                Instant.parse(run.created())));
    Map<String, String> params = experiment.flatten();
    parent.params(params);
    inputs.collections().forEach(c -> parent.dataset(dataset(c)));
  }

  /** With what was measured in words, which a run that only measures is looked up for. */
  private static Map<String, String> described(Experiment e, Map<String, String> tags) {
    Map<String, String> all = new TreeMap<>(tags);
    if (e.weights() != null && e.evaluation() != null) {
      all.put(
          "mlflow.note.content",
          "Measures `"
              + e.weights()
              + "`. Metrics: `eval/<protocol>/<metric>[/<layer>]`; accuracies (`top1`, `top5`) and"
              + " mean average precisions (`map…`) in percent, `_sd` their standard deviation in"
              + " points. The report, among the artifacts, puts published figures beside them.");
    }
    return all;
  }

  /** The experiment's run. */
  TrackedRun parent() {
    return parent;
  }

  @Override
  public void skipped(StageInstance instance, Manifest manifest) {
    seen(instance, manifest);
  }

  private void seen(StageInstance instance, Manifest manifest) {
    if (instance.id().equals("ingest")) {
      labels = manifest.table("labels");
    }
  }

  @Override
  public void started(StageInstance instance) {
    Map<String, String> tags = new TreeMap<>();
    tags.put("stage", instance.stage().name());
    if (instance.epoch() >= 0) {
      tags.put("epoch", String.valueOf(instance.epoch()));
    }
    TrackedRun run =
        tracker.startRun(
            RunSpec.childOf(
                parent, instance.id(), runId + "/" + instance.id(), tags, Instant.now()));
    open.put(instance.id(), run);
    run.params(instance.stage().settings());
    for (Inputs.Collection c : inputs.collections()) {
      if (c.instance().equals(instance.id())) {
        run.dataset(dataset(c));
      }
    }
  }

  @Override
  public void finished(
      StageInstance instance, Manifest manifest, StageResult result, String directory) {
    seen(instance, manifest);
    TrackedRun run = open.remove(instance.id());
    long now = System.currentTimeMillis();
    long step = Math.max(0, instance.epoch());
    List<Metric> metrics = new ArrayList<>();
    List<Metric> course = new ArrayList<>();
    for (StageResult.Point p : result.series()) {
      metrics.add(new Metric(p.metric(), p.value(), p.step(), now));
    }
    boolean evaluation = instance.stage().name().equals("evaluate");
    result
        .numbers()
        .forEach(
            (name, value) -> {
              metrics.add(new Metric(name, value, step, now));
              if (evaluation) {
                course.add(new Metric(name, value, 0, now));
              } else if (HAVE_COURSE.contains(instance.stage().name())) {
                course.add(new Metric(courseName(instance, name), value, step, now));
              }
            });
    agreement(instance, manifest)
        .forEach(
            (name, value) -> {
              metrics.add(new Metric(name, value, step, now));
              course.add(new Metric(name, value, step, now));
            });
    metrics.add(new Metric("wall_seconds", manifest.wallSeconds(), step, now));
    run.metrics(metrics);
    if (!course.isEmpty()) {
      parent.metrics(course);
    }
    if (!result.warnings().isEmpty()) {
      String warnings = String.join("\n", result.warnings());
      run.tags(Map.of("warning", warnings));
      parent.tags(Map.of("warning." + instance.id(), warnings));
    }
    manifest.rows().forEach((table, n) -> run.tags(Map.of("rows." + table, String.valueOf(n))));
    upload(run, Paths.join(directory, Manifest.FILE), "manifest.json");
    if (instance.stage().name().equals("report")) {
      for (Part p : manifest.parts()) {
        String name = reportFile(p);
        upload(run, p.path(), "report/" + name);
        upload(parent, p.path(), "report/" + name);
      }
    }
    uploadLog(instance, run);
    run.finish(RunStatus.FINISHED, Instant.now());
  }

  /**
   * How well a clustering agrees with the collection's labels, over the images that have exactly
   * one. It is measured here and not by the stage, so that no stage of pre-training has labels to
   * read; a run does not fail by it.
   */
  private Map<String, Double> agreement(StageInstance instance, Manifest manifest) {
    if (!instance.stage().name().equals("cluster") || labels.isEmpty()) {
      return Map.of();
    }
    try {
      return LabelledClusters.agreement(
          experiment.clustering(),
          manifest.table("assignments"),
          IngestTables.singleLabels(labels));
    } catch (java.io.IOException e) {
      LOG.warn("{} cannot be compared with the labels", instance.id(), e);
      return Map.of();
    }
  }

  /** A stage's metric on the experiment's run: {@code train/loss}, {@code clusters/entropy}. */
  private static String courseName(StageInstance instance, String metric) {
    String stage = instance.stage().name();
    return metric.startsWith(stage) ? metric : stage + "/" + metric;
  }

  /** Name of a report's file: that of its table, with the extension of the file. */
  static String reportFile(Part p) {
    return p.table() + p.path().substring(p.path().lastIndexOf('.'));
  }

  @Override
  public void failed(StageInstance instance, Throwable cause) {
    TrackedRun run = open.remove(instance.id());
    if (run != null) {
      uploadLog(instance, run);
      if (cause instanceof RunCancelledException) {
        run.finish(RunStatus.KILLED, Instant.now());
        return;
      }
      run.tags(Map.of("error", String.valueOf(cause.getMessage())));
      run.finish(RunStatus.FAILED, Instant.now());
    }
  }

  @Override
  public void submitted(StageInstance instance, FlinkJob job) {
    if (!job.page().isEmpty()) {
      logs.computeIfAbsent(instance.id(), k -> new StringBuilder())
          .append(Instant.now())
          .append("  job ")
          .append(job.name())
          .append("  ")
          .append(job.page())
          .append('\n');
      open.get(instance.id()).tags(Map.of("flink.job", job.page()));
    }
  }

  @Override
  public void event(StageInstance instance, String text) {
    logs.computeIfAbsent(instance.id(), k -> new StringBuilder())
        .append(Instant.now())
        .append("  ")
        .append(text)
        .append('\n');
  }

  /** What Flink did for a stage: its jobs with their pages, and what was tried again. */
  private void uploadLog(StageInstance instance, TrackedRun run) {
    StringBuilder log = logs.remove(instance.id());
    if (log != null) {
      try {
        Path file = java.nio.file.Files.createTempFile("flink", ".log");
        java.nio.file.Files.writeString(file, log);
        run.artifact(file, "flink.log");
        java.nio.file.Files.delete(file);
      } catch (java.io.IOException e) {
        LOG.warn("the log of {} could not be uploaded", instance.id(), e);
      }
    }
  }

  /** Ends everything that is still open, as when the user interrupts the run. */
  void interrupted() {
    for (TrackedRun run : open.values()) {
      run.finish(RunStatus.KILLED, Instant.now());
    }
    open.clear();
    parent.finish(RunStatus.KILLED, Instant.now());
  }

  /**
   * Uploads a file that is on the local disk; others stay where they are and are named by a tag.
   */
  static void upload(TrackedRun run, String path, String artifactPath) {
    Path local = local(path);
    if (local == null) {
      run.tags(Map.of("artifact." + artifactPath, path));
      return;
    }
    run.artifact(local, artifactPath);
  }

  private static Path local(String path) {
    return path.matches("[a-zA-Z][a-zA-Z0-9+.-]+://.*") ? null : Path.of(path);
  }

  /** Waits for what is not sent yet. */
  void flush() {
    if (!tracker.flush(Duration.ofSeconds(60))) {
      LOG.info("not everything is sent to MLflow yet; the journal keeps it");
    }
  }

  private static Dataset dataset(Inputs.Collection c) {
    String path = c.config().path();
    Listing listing = c.listing();
    Map<String, Object> profile = new TreeMap<>();
    profile.put("num_rows", listing.files());
    profile.put("bytes", listing.digest().bytes());
    if (!listing.classNames().isEmpty()) {
      profile.put("classes", listing.classNames().size());
    }
    return new Dataset(
        c.section(),
        listing.digest().sha256(),
        path.contains("://") ? "code" : "local",
        Json.text(Map.of("uri", path)),
        Json.text(
            Map.of(
                "mlflow_colspec",
                List.of(
                    Map.of("name", "image", "type", "binary"),
                    Map.of("name", "label", "type", "long")))),
        Json.text(profile),
        c.section().equals("data") ? "training" : "evaluation");
  }
}
