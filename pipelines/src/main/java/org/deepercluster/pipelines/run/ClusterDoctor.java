package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.deepercluster.pipelines.run.ProbeTransform.Worker;

/** Examines a Flink cluster: what its REST address says, then two probe jobs in a row. */
public final class ClusterDoctor {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private ClusterDoctor() {}

  /**
   * Examines.
   *
   * @param master {@code HOST:PORT} of the cluster's REST address
   * @param output folder or URI that the workers and this process should share
   * @param event hears what a job waits for
   * @return what was found; jobs are sent only when nothing speaks against it
   */
  public static List<Finding> examine(String master, String output, Consumer<String> event)
      throws InterruptedException {
    List<Finding> found = new ArrayList<>();
    try {
      FlinkJobs jobs = FlinkJobs.remote(master, Clusters.jobJar(), FlinkJobs.LOST);
      found.addAll(ClusterCheck.compatibility(jobs.rest()));
      if (found.stream().noneMatch(Finding::isFault)) {
        found.addAll(ClusterCheck.settings(jobs.rest()));
        found.addAll(jobs(jobs, RunStore.absolute(output), event));
      }
    } catch (IOException e) {
      found.add(
          Finding.fault(
              "flink",
              e.getMessage(),
              "is it started, and is this its REST address? `infra/flink/cluster start` starts one on"
                  + " this machine"));
    } catch (InfrastructureException e) {
      found.add(Finding.fault("jobs", e.getMessage(), ""));
    }
    return found;
  }

  /** The second job sees what is left when the class loader of the first is closed. */
  private static List<Finding> jobs(FlinkJobs jobs, String output, Consumer<String> event)
      throws IOException, InterruptedException, InfrastructureException {
    FlinkProbe.Answer first = FlinkProbe.ask(jobs, output, Map.of(), PATIENCE, event, () -> {});
    List<Finding> found = new ArrayList<>(FlinkProbe.findings(first, Map.of()));
    found.add(Finding.ok("output", "the workers see " + output + " as this program does"));
    if (found.stream().noneMatch(Finding::isFault)) {
      long started = System.nanoTime();
      FlinkProbe.Answer second = FlinkProbe.ask(jobs, output, Map.of(), PATIENCE, event, () -> {});
      double seconds = (System.nanoTime() - started) / 1e9;
      List<Worker> off = second.workers().stream().filter(w -> !w.cuda() && !w.oneDnn()).toList();
      found.add(
          off.isEmpty()
              ? Finding.ok(
                  "second job",
                  String.format(Locale.ROOT, "still %s, in %.1f s", second.backend(), seconds))
              : Finding.fault(
                  "second job",
                  "oneDNN's layers are off on "
                      + off.get(0).name()
                      + " once the first job's class loader is closed",
                  "deepercluster-native-*.jar has to be in the lib folder, and org.deepercluster.natives."
                      + " in classloader.parent-first-patterns.additional"));
    }
    return found;
  }
}
