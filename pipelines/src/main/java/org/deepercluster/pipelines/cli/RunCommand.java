package org.deepercluster.pipelines.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.experiment.TrackingConfig;
import org.deepercluster.pipelines.run.ExperimentRunner;
import org.deepercluster.pipelines.run.InfrastructureException;
import org.deepercluster.pipelines.run.RunLock;
import org.deepercluster.pipelines.tracking.LocalServer;
import org.deepercluster.stages.report.SeedsSummary;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs an experiment. */
@Command(
    name = "run",
    description = {
      "Runs an experiment, or continues its unfinished run.",
      "A run is continued when neither its settings nor its images have changed."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./deepercluster run experiments/quickstart.yaml",
      "  ./deepercluster run experiments/quickstart.yaml --seeds 0,1,2",
      "  ./deepercluster run experiments/quickstart.yaml --flink flink.example.org:8081",
      "  ./deepercluster run experiments/quickstart.yaml --set train.epochs=3 --json"
    })
final class RunCommand extends ConsoleCommand {
  @Mixin private ExperimentOptions experiment;

  @Option(
      names = "--flink",
      paramLabel = "HOST:PORT",
      description =
          "Runs the stages on the Flink cluster with this REST address; the same as"
              + " execution.flink in the YAML.")
  private String flink;

  @Option(
      names = "--seeds",
      paramLabel = "S",
      split = ",",
      description = "Runs the experiment for each seed, one after the other; ends with mean ± sd.")
  private List<Long> seeds = new ArrayList<>();

  @Option(
      names = "--json",
      description =
          "Ends with one JSON object on standard output; progress goes to standard error.")
  private boolean json;

  @Option(names = "--announce", hidden = true)
  private Path announce;

  @Override
  public Integer call() throws Exception {
    Experiment first = experiment.read(flink);
    PrintStream progress = json ? console.err() : console.out();
    CompletionStage<URI> server = server(first, progress);
    ExperimentRunner runner =
        new ExperimentRunner(
            progress,
            console.terminal() && !json,
            console.color() && !json,
            UserFolders.journals(),
            server);
    List<Experiment> all = new ArrayList<>();
    if (seeds.isEmpty()) {
      all.add(first);
    }
    for (long seed : seeds) {
      all.add(first.withSeed(seed));
    }
    List<Map<String, Double>> metrics = new ArrayList<>();
    List<Object> results = new ArrayList<>();
    for (Experiment e : all) {
      if (all.size() > 1) {
        progress.printf("%nSeed %d%n", e.seed());
      }
      ExperimentRunner.Outcome outcome = run(runner, e);
      metrics.add(outcome.metrics());
      results.add(json(outcome));
    }
    if (all.size() > 1) {
      progress.println();
      progress.println(SeedsSummary.of(metrics).text());
    }
    if (json) {
      console.out().println(Json.text(all.size() == 1 ? results.get(0) : Map.of("runs", results)));
    }
    return Console.DONE;
  }

  private ExperimentRunner.Outcome run(ExperimentRunner runner, Experiment e) throws Exception {
    try {
      return runner.run(
          e, experiment.yaml, announce == null ? (run, directory) -> {} : this::announce);
    } catch (RunLock.RunLockedException locked) {
      throw new InfrastructureException(locked.getMessage(), locked);
    }
  }

  /** Tells whoever started this process which run it works on. */
  private void announce(String run, String directory) throws IOException {
    Json.write(announce.toString(), new DetachedRun.Announcement(run, directory));
  }

  /**
   * The server named by the experiment or the environment, else the user's own, which is started.
   */
  static CompletionStage<URI> server(Experiment e, PrintStream progress) {
    if (e.tracking().mode() == TrackingConfig.Mode.JOURNAL) {
      return null;
    }
    String uri = e.tracking().uri();
    if (uri == null) {
      uri = System.getenv("MLFLOW_TRACKING_URI");
    }
    if (uri != null && !uri.isBlank()) {
      progress.println("MLflow: " + uri);
      return CompletableFuture.completedFuture(URI.create(uri));
    }
    CompletableFuture<URI> started = new LocalServer().ensureStarted(progress::println);
    return started.whenComplete(
        (address, failure) -> {
          if (failure != null) {
            progress.println(
                "MLflow: "
                    + cause(failure).getMessage()
                    + "\nMLflow: what is logged stays in the journal; `./deepercluster sync` sends it"
                    + " later.");
          }
        });
  }

  private static Throwable cause(Throwable t) {
    return t instanceof java.util.concurrent.CompletionException && t.getCause() != null
        ? t.getCause()
        : t;
  }

  static Map<String, Object> json(ExperimentRunner.Outcome o) {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("run", o.id());
    m.put("directory", o.directory());
    m.put("url", o.url().map(URI::toString).orElse(null));
    m.put("report", o.report());
    m.put("wallSeconds", o.wallSeconds());
    m.put("stageSeconds", o.seconds());
    m.put("metrics", o.metrics());
    return m;
  }
}
