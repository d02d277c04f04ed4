package org.deepercluster.pipelines.cli;

import java.util.Locale;
import org.deepercluster.pipelines.run.ImageAssignment;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
      names = "--output",
      paramLabel = "DIR",
      required = true,
      description = "Folder for the Parquet files, which must not hold any yet.")
  private String output;

  @Mixin private ImagesOptions images;

  @Override
  public Integer call() throws Exception {
    ImageAssignment.Written w =
        new ImageAssignment(console.err(), images.parallelism)
            .run(
                ImagesOptions.absolute(model),
                epoch,
                ImagesOptions.absolute(path),
                images.format,
                images.split,
                ImagesOptions.absolute(output));
    if (images.json) {
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
