package org.deepercluster.pipelines.cli;

import java.util.Locale;
import org.deepercluster.pipelines.run.FeatureExtraction;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.Command;
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
      description =
          "Units of 1,024 files that are worked on side by side; default ${DEFAULT-VALUE}.")
  private int parallelism;

  @Option(names = "--json", description = "Ends with one JSON object on standard output.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    FeatureExtraction.Written w =
        new FeatureExtraction(console.err(), parallelism)
            .run(model, absolute(path), format, split, layer, absolute(output));
    if (json) {
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

  static String absolute(String path) {
    return path.contains("://")
        ? path
        : java.nio.file.Path.of(path).toAbsolutePath().normalize().toString();
  }
}
