package org.deepercluster.pipelines.cli;

import java.time.Duration;
import org.deepercluster.pipelines.run.Cancellation;
import org.deepercluster.pipelines.run.InfrastructureException;
import org.deepercluster.pipelines.run.RunLock;
import org.deepercluster.pipelines.run.RunView;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Ends a run. */
@Command(
    name = "cancel",
    description = {
      "Ends a run, from wherever its folder can be seen.",
      "What is complete is kept; the command that started the run continues it."
    },
    mixinStandardHelpOptions = true,
    footer = {"", "Example:", "  ./deepercluster cancel runs/quickstart/20260101-120000-ab12"})
final class CancelCommand extends ConsoleCommand {
  @Mixin private RunOptions options;

  @Option(
      names = "--wait",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description = "How long to wait until the run has ended; default ${DEFAULT-VALUE}.")
  private int wait;

  @Option(names = "--json", description = "Prints the run's status then as one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    RunView before = options.find();
    RunView after;
    try {
      after = Cancellation.cancel(before, Duration.ofSeconds(wait));
    } catch (RunLock.RunLockedException e) {
      throw new InfrastructureException(e.getMessage(), e);
    }
    if (json) {
      console.out().println(Json.text(after.json()));
    } else if (after.working()) {
      console
          .out()
          .println(
              "Run "
                  + after.id()
                  + " was asked to end and has not yet; `./deepercluster status "
                  + after.directory()
                  + "` says when it has.");
    } else if (after.state().equals("cancelled") && !before.state().equals("cancelled")) {
      console
          .out()
          .println(
              "Run "
                  + after.id()
                  + " is cancelled"
                  + (before.working() ? "" : "; its process was gone")
                  + ". The command that started it continues it.");
    } else {
      console
          .out()
          .println("Run " + after.id() + " has ended already: it is " + after.state() + ".");
    }
    return Console.DONE;
  }
}
