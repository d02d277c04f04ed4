package org.deepercluster.pipelines.cli;

import java.util.Locale;
import org.deepercluster.pipelines.run.ImageAssignment;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Clusters of a run for any folder of images. */
@Command(
    name = "assign",
    description = {
      "Assigns a folder of images to the clusters that a run has found.",
      "Writes Parquet files with the columns image_id, uri, super_cluster, sub_cluster, distance."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "The network is the one that the clusters were made with, not the run's final one.",
      "",
      "Examples:",
      "  ./deepercluster assign runs/quickstart/RUN photos/ --output clusters/",
      "  ./deepercluster assign runs/quickstart/RUN photos/ --epoch 0 --output clusters/"
    })
final class AssignCommand extends ConsoleCommand {
  @Parameters(
      index = "0",
      paramLabel = "MODEL",
      description = "Folder of a run that clusters its images.")
  private String model;

  @Parameters(
      index = "1",
      paramLabel = "PATH",
      description = "Images: a folder, a zip, tars, or any other layout of data.format.")
  private String path;

  @Option(
      names = "--epoch",
      paramLabel = "E",
      description =
          "Use the clusters made before this epoch, instead of the last ones. Earlier ones need a"
              + " run with execution.keep: all.")
  private Integer epoch;

  @Option(
      names = "--format",
      paramLabel = "F",
      description = "Layout of PATH, as data.format; default: what is found there.")
  private String format;

  @Option(
      names = "--split",
      paramLabel = "S",
      description = "Which part, as data.split, where PATH is published in parts.")
  private String split;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      required = true,
      description = "Folder for the Parquet files, which must not hold any yet.")
  private String output;

  @Option(
      names = "--parallelism",
      paramLabel = "N",
      defaultValue = "2",
      description = "Units that are worked on side by side; default ${DEFAULT-VALUE}.")
  private int parallelism;

  @Option(names = "--json", description = "Ends with one JSON object on standard output.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    ImageAssignment.Written w =
        new ImageAssignment(console.err(), parallelism)
            .run(
                FeaturesCommand.absolute(model),
                epoch,
                FeaturesCommand.absolute(path),
                format,
                split,
                FeaturesCommand.absolute(output));
    if (json) {
      console.out().println(Json.text(w));
    } else {
      console
          .out()
          .printf(
              Locale.ROOT,
              "%,d images assigned to the clusters of %s in %s; %d without finite features, %d"
                  + " images rejected%n",
              w.images() - w.unassigned(),
              w.clustering(),
              output,
              w.unassigned(),
              w.rejected());
    }
    return Console.DONE;
  }
}
