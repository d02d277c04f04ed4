package org.deepercluster.pipelines.cli;

import java.util.Locale;
import org.deepercluster.pipelines.run.FeatureExtraction;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Vectors for any folder of images. */
@Command(
    name = "features",
    description = {
      "Turns a folder of images into feature vectors.",
      "Writes Parquet files with the columns image_id, uri, vector, by the model of a run."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./deepercluster features runs/quickstart/RUN photos/ --output vectors/",
      "  ./deepercluster features model.safetensors photos/ --layer conv5 --output out"
    })
final class FeaturesCommand extends ConsoleCommand {
  @Parameters(
      index = "0",
      paramLabel = "MODEL",
      description = "Folder of a finished run, or a .safetensors file that a run exported.")
  private String model;

  @Parameters(
      index = "1",
      paramLabel = "PATH",
      description = "Images: a folder, a zip, tars, or any other layout of data.format.")
  private String path;

  @Option(
      names = "--layer",
      paramLabel = "L",
      defaultValue = "features",
      description =
          "Which vector: `features` (the trunk's output, the default), or a convolution such as"
              + " conv5 (after its ReLU, average-pooled below 10,000 values).")
  private String layer;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      required = true,
      description = "Folder for the Parquet files, which must not hold any yet.")
  private String output;

  @Mixin private ImagesOptions images;

  @Override
  public Integer call() throws Exception {
    FeatureExtraction.Written w =
        new FeatureExtraction(console.err(), images.parallelism)
            .run(
                model,
                ImagesOptions.absolute(path),
                images.format,
                images.split,
                layer,
                ImagesOptions.absolute(output));
    if (images.json) {
      console.out().println(Json.text(w));
    } else {
      console
          .out()
          .printf(
              Locale.ROOT,
              "%,d vectors of %d values in %s; %d images rejected%n",
              w.images(),
              w.dimension(),
              output,
              w.rejected());
    }
    return Console.DONE;
  }
}
