package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.plan.Inputs;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.Planner;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.report.ReportData;
import org.deepercluster.stages.table.Manifest;

/**
 * What running an experiment now would do.
 *
 * @param plan the stage instances
 * @param run id of the run that would be continued, or empty for a new one
 * @param complete instances that would not run again
 */
public record PlannedRun(Plan plan, String run, Set<String> complete) {

  /**
   * Looks at the experiment's collections and at its unfinished run, if there is one.
   *
   * @throws IOException when a collection cannot be listed
   */
  public static PlannedRun of(Experiment e) throws IOException {
    return of(e, Map.of());
  }

  /**
   * As above, without looking at some of the collections.
   *
   * @param assumed images by the dotted key of a collection's section; where there are any, no run
   *     is continued
   */
  public static PlannedRun of(Experiment e, Map<String, Long> assumed) throws IOException {
    Inputs inputs = Inputs.list(e, assumed);
    Plan plan =
        Planner.plan(
            e,
            inputs,
            new ReportData.Run(
                e.name(),
                "new",
                e.method().toString(),
                null,
                e.seed(),
                null,
                null,
                null,
                null,
                null,
                null,
                null));
    Optional<RunRecord> run =
        assumed.isEmpty() ? RunStore.unfinished(e, inputs.digests()) : Optional.empty();
    Set<String> complete = new LinkedHashSet<>();
    if (run.isPresent()) {
      String directory = RunStore.directory(e, run.get());
      Map<String, Manifest> done = new HashMap<>();
      for (StageInstance i : plan.instances()) {
        Manifest m = Orchestrator.completed(directory, i, done);
        if (m != null) {
          done.put(i.id(), m);
          complete.add(i.id());
        }
      }
    }
    return new PlannedRun(plan, run.map(RunRecord::id).orElse(""), complete);
  }
}
