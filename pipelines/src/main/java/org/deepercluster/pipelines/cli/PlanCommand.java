package org.deepercluster.pipelines.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.pipelines.run.PlannedRun;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows what would run. */
@Command(
    name = "plan",
    description = {
      "Shows the stages that would run, and which are complete.",
      "They are in order, with their inputs and outputs."
    },
    mixinStandardHelpOptions = true,
    footer = {"", "Example:", "  ./deepercluster plan experiments/quickstart.yaml"})
final class PlanCommand extends ConsoleCommand {
  @Mixin private ExperimentOptions experiment;

  @Option(names = "--json", description = "Prints one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    Experiment e = experiment.read();
    PlannedRun planned = PlannedRun.of(e);
    if (json) {
      List<Map<String, Object>> stages = new ArrayList<>();
      for (StageInstance i : planned.plan().instances()) {
        Map<String, Object> s = new LinkedHashMap<>();
        s.put("id", i.id());
        s.put("stage", i.stage().name());
        s.put("inputs", i.inputs());
        s.put("outputs", i.stage().outputs());
        s.put("complete", planned.complete().contains(i.id()));
        stages.add(s);
      }
      console.out().println(Json.text(Map.of("run", planned.run(), "stages", stages)));
      return Console.DONE;
    }
    console
        .out()
        .println(
            planned.run().isEmpty()
                ? "A new run of " + e.name()
                : "Would continue run " + planned.run());
    int n = 0;
    for (StageInstance i : planned.plan().instances()) {
      boolean done = planned.complete().contains(i.id());
      console
          .out()
          .printf(
              "%3d %s %-16s %-52s -> %s%n",
              ++n,
              done ? "done" : "    ",
              i.id(),
              i.inputs().isEmpty()
                  ? ""
                  : "<- " + String.join(", ", i.inputs().values().stream().distinct().toList()),
              String.join(", ", i.stage().outputs()));
    }
    return Console.DONE;
  }
}
