package org.deepercluster.pipelines.cli;

import java.io.IOException;
import org.deepercluster.pipelines.run.RunView;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A run that exists. */
final class RunOptions {
  @Parameters(
      index = "0",
      paramLabel = "RUN",
      description =
          "The run's folder (a path, or an address such as s3://bucket/runs/NAME/ID), or its ID or"
              + " NAME/ID below --output.")
  private String run;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      defaultValue = "runs",
      description = "Where runs named by id are looked for; default ${DEFAULT-VALUE}.")
  private String output;

  RunView find() throws IOException {
    return RunView.find(run, output);
  }
}
