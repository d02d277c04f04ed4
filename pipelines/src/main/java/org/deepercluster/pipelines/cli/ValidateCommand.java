package org.deepercluster.pipelines.cli;

import org.deepercluster.pipelines.experiment.Experiment;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Checks an experiment file. */
@Command(
    name = "validate",
    description = "Checks an experiment and prints it with every default filled in.",
    mixinStandardHelpOptions = true,
    footer = {"", "Example:", "  ./deepercluster validate experiments/quickstart.yaml"})
final class ValidateCommand extends ConsoleCommand {
  @Mixin private ExperimentOptions experiment;

  @Override
  public Integer call() {
    Experiment e = experiment.read();
    console.out().print(e.toYaml());
    console.err().println(experiment.yaml + ": no fault found");
    return Console.DONE;
  }
}
