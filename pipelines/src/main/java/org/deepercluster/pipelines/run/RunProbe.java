package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.plan.Inputs;
import org.deepercluster.stages.table.Files;

/** Looks at the workers of a run's clusters before its first stage. */
final class RunProbe {
  private RunProbe() {}

  /**
   * Asks the workers of each cluster, and says in a line what it is.
   *
   * @param say hears these lines, and what is worth knowing
   * @param proceed called again and again while the workers are asked; throws to end that
   * @return what computes: the workers' backend, this process's where Flink is embedded
   * @throws InfrastructureException naming the worker, what is wrong with it and what would be
   *     right
   */
  static String backend(
      Clusters clusters, Experiment e, Inputs inputs, Consumer<String> say, Runnable proceed)
      throws IOException, InterruptedException, InfrastructureException {
    FlinkJobs main = clusters.main();
    FlinkJobs training = clusters.jobsFor("train");
    String backend = main.remote() ? null : NativeRuntime.backend();
    for (var cluster : clusters.remote().entrySet()) {
      FlinkJobs jobs = cluster.getKey();
      // Only the first stage reads the collections; training reads what is below the output.
      Map<String, String> files = jobs == main ? files(inputs) : Map.of();
      FlinkProbe.Answer answer =
          FlinkProbe.ask(
              jobs,
              RunStore.absolute(e.output()),
              files,
              null,
              t -> say.accept("Flink: " + t),
              proceed);
      List<Finding> found = FlinkProbe.findings(answer, files);
      List<String> faults = found.stream().filter(Finding::isFault).map(Finding::text).toList();
      if (!faults.isEmpty()) {
        throw new InfrastructureException(
            "the workers of Flink at "
                + jobs.rest().master()
                + " cannot run this experiment:\n  "
                + String.join("\n  ", faults),
            null);
      }
      say.accept(
          String.format(
              "Flink: %s for %s, %s, %s, %s",
              jobs.rest().master(),
              cluster.getValue(),
              FlinkProbe.count(answer.taskManagers(), "TaskManager"),
              FlinkProbe.count(answer.slots(), "slot"),
              answer.backend()));
      notes(found, say);
      if (jobs == training && e.method().trains()) {
        int workers = Math.min(e.train().workers(), e.execution().parallelism());
        notes(FlinkProbe.threads(answer, e.execution().threads(), workers), say);
      }
      if (jobs == main) {
        backend = answer.backend();
      } else if (!answer.backend().equals(backend)) {
        backend = backend + ", training on " + answer.backend();
      }
    }
    return backend;
  }

  private static void notes(List<Finding> found, Consumer<String> say) {
    for (Finding f : found) {
      if (f.state().equals(Finding.NOTE)) {
        say.accept("Flink: note: " + f.text());
      }
    }
  }

  /** A file of each collection, by the setting that names it: those that this process sees. */
  private static Map<String, String> files(Inputs inputs) throws IOException {
    Map<String, String> files = new TreeMap<>();
    for (Inputs.Collection c : inputs.collections()) {
      String first = c.listing().units().get(0).firstFile();
      if (Files.exists(first)) {
        files.put(c.section() + ".path", first);
      }
    }
    return files;
  }
}
