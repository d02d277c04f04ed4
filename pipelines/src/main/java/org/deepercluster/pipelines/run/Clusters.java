package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.pipelines.experiment.ExecutionConfig;

/** Where the stages of a run are carried out: an embedded Flink, one cluster, or two. */
final class Clusters implements AutoCloseable {
  private final Path temporary;
  private final EmbeddedFlink embedded;
  private final FlinkJobs main;
  private final FlinkJobs training;

  private Clusters(Path temporary, EmbeddedFlink embedded, FlinkJobs main, FlinkJobs training) {
    this.temporary = temporary;
    this.embedded = embedded;
    this.main = main;
    this.training = training;
  }

  /**
   * Connects to the clusters that are named, and starts the embedded one if it is needed.
   *
   * @throws InfrastructureException when one does not answer or does not fit this program
   */
  static Clusters open(ExecutionConfig execution)
      throws IOException, InterruptedException, InfrastructureException {
    String trainMaster = execution.train().flink();
    FlinkJobs training = trainMaster == null ? null : connect(trainMaster);
    if (execution.flink() != null) {
      FlinkJobs main = connect(execution.flink());
      return new Clusters(null, null, main, training == null ? main : training);
    }
    return embedded(execution.parallelism(), execution.retries(), training);
  }

  /**
   * Checks the clusters that are named, as {@link #open} does.
   *
   * @throws InfrastructureException when one does not answer or does not fit this program
   */
  static void check(ExecutionConfig execution)
      throws InterruptedException, InfrastructureException {
    for (String master : new String[] {execution.flink(), execution.train().flink()}) {
      if (master != null) {
        connect(master);
      }
    }
  }

  /** The embedded one alone. */
  static Clusters embedded(int slots, int retries) throws IOException, InfrastructureException {
    return embedded(slots, retries, null);
  }

  private static Clusters embedded(int slots, int retries, FlinkJobs training)
      throws IOException, InfrastructureException {
    Path temporary = Files.createTempDirectory("deepercluster");
    EmbeddedFlink flink = EmbeddedFlink.start(slots, retries);
    FlinkJobs main = FlinkJobs.embedded(flink.master(), EmbeddedFlink.emptyJar(temporary));
    return new Clusters(temporary, flink, main, training == null ? main : training);
  }

  private static FlinkJobs connect(String master)
      throws InterruptedException, InfrastructureException {
    FlinkJobs jobs = FlinkJobs.remote(master, jobJar(), FlinkJobs.LOST);
    ClusterCheck.require(jobs.rest());
    return jobs;
  }

  /** The jar that this program was started from. */
  static Path jobJar() throws InfrastructureException {
    try {
      Path code =
          Path.of(Clusters.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      if (Files.isRegularFile(code)) {
        return code;
      }
      throw new InfrastructureException(
          "a cluster needs this program as a jar, but it runs from the folder "
              + code
              + "; start it with ./deepercluster",
          null);
    } catch (URISyntaxException e) {
      throw new InfrastructureException("the program's jar cannot be found", e);
    }
  }

  /** Where a stage's pipelines run. */
  FlinkJobs jobsFor(String stage) {
    return stage.equals("train") ? training : main;
  }

  /** Where all but training runs. */
  FlinkJobs main() {
    return main;
  }

  /** The clusters that are not in this process, each once, with what they are used for. */
  Map<FlinkJobs, String> remote() {
    Map<FlinkJobs, String> found = new LinkedHashMap<>();
    if (main.remote()) {
      found.put(main, training == main ? "all stages" : "all stages but training");
    }
    if (training != main) {
      found.put(training, "training");
    }
    return found;
  }

  /** Ends the jobs that run. */
  void cancel() {
    for (FlinkJobs jobs : List.of(main, training)) {
      jobs.cancel();
    }
  }

  @Override
  public void close() throws IOException {
    if (embedded != null) {
      embedded.close();
      try (var files = Files.list(temporary)) {
        for (Path f : files.toList()) {
          Files.delete(f);
        }
      }
      Files.deleteIfExists(temporary);
    }
  }
}
