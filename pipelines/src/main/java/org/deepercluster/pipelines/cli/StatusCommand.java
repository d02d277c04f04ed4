package org.deepercluster.pipelines.cli;

import java.util.List;
import java.util.Map;
import org.deepercluster.pipelines.run.RunView;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** How far a run is. */
@Command(
    name = "status",
    description = {
      "Says how far a run is, from wherever its folder can be seen.",
      "Without RUN: lists the runs below --output, newest first."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./deepercluster status",
      "  ./deepercluster status runs/quickstart/20260101-120000-ab12",
      "  ./deepercluster status s3://bucket/runs/quickstart/20260101-120000-ab12 --json"
    })
final class StatusCommand extends ConsoleCommand {
  @Parameters(
      index = "0",
      paramLabel = "RUN",
      arity = "0..1",
      description = "The run's folder, or its ID or NAME/ID below --output.")
  private String run;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      defaultValue = "runs",
      description = "Where the runs are; default ${DEFAULT-VALUE}.")
  private String output;

  @Option(names = "--json", description = "Prints one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    if (run != null) {
      RunView found = RunView.find(run, output);
      console.out().print(json ? Json.text(found.json()) + "\n" : found.text());
      return Console.DONE;
    }
    List<RunView> all = RunView.list(output);
    if (json) {
      console.out().println(Json.text(Map.of("runs", all.stream().map(RunView::json).toList())));
    } else if (all.isEmpty()) {
      console.out().println("No runs below " + output + ".");
    }
    if (!json) {
      all.forEach(r -> console.out().println(r.line()));
    }
    return Console.DONE;
  }
}
