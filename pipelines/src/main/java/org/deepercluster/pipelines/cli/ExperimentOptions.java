package org.deepercluster.pipelines.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.experiment.ExperimentReader;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** An experiment file and changes to it. */
final class ExperimentOptions {
  @Parameters(index = "0", paramLabel = "EXPERIMENT", description = "The experiment's YAML file.")
  Path yaml;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description =
          "Changes a setting, as in --set train.epochs=3; null takes an optional one away."
              + " May be repeated.")
  List<String> set = new ArrayList<>();

  Experiment read() {
    return ExperimentReader.read(yaml, set, System.getenv());
  }

  /** With the stages on another Flink cluster than the YAML says; null: as it says. */
  Experiment read(String flink) {
    List<String> all = new ArrayList<>(set);
    if (flink != null) {
      all.add("execution.flink=" + flink);
    }
    return ExperimentReader.read(yaml, all, System.getenv());
  }
}
