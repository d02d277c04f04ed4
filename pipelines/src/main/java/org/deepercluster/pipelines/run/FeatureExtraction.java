package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.deepercluster.stages.beam.WriteIndex;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.features.EmbedImages;
import org.deepercluster.stages.ingest.CollectionReader;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.ingest.Listing;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;

/** Turns a collection of images into feature vectors with a trained model. */
public final class FeatureExtraction {
  private final PrintStream progress;
  private final int parallelism;

  /**
   * An extraction.
   *
   * @param progress where to say how far it is
   * @param parallelism units that run side by side
   */
  public FeatureExtraction(PrintStream progress, int parallelism) {
    this.progress = progress;
    this.parallelism = parallelism;
  }

  /**
   * What was written.
   *
   * @param images vectors
   * @param dimension of each
   * @param rejected images that could not be read
   * @param files Parquet files, vectors first
   */
  public record Written(long images, int dimension, long rejected, List<String> files) {}

  /**
   * URI of a model's weights.
   *
   * @param model a {@code .safetensors} file, or the folder of a run
   * @throws org.deepercluster.stages.config.InvalidSettingsException when there is no model
   */
  public static String weights(String model) throws IOException {
    String path =
        model.endsWith(".safetensors") ? model : Paths.join(model, "model", "model.safetensors");
    Schema.require(
        Files.exists(path),
        "must be the folder of a finished run (such as runs/quickstart/ID) or a .safetensors file that"
            + " a run exported; "
            + path
            + " is not there",
        "MODEL");
    return path;
  }

  /**
   * Extracts.
   *
   * @param model as for {@link #weights}
   * @param images a collection of images
   * @param format its layout, as {@code data.format}; null: found
   * @param split which part of it, as {@code data.split}; or null
   * @param layer see {@link EmbedImages}
   * @param output folder for {@code vectors/} and, where images are rejected, {@code rejects/};
   *     must not hold any yet
   */
  public Written run(
      String model, String images, String format, String split, String layer, String output)
      throws Exception {
    String weights = weights(model);
    int dimension;
    try (Trunk trunk = ModelFile.load(weights, 1)) {
      Schema.require(
          EmbedImages.layers(trunk).contains(layer),
          "must be one of " + String.join(", ", EmbedImages.layers(trunk)) + ", got " + layer,
          "--layer");
      dimension = EmbedImages.dimension(trunk, layer);
    }
    requireNone(output, "vectors", "rejects");
    Listing listing = list(images, format, null, split, 1024);
    String attempt = attempt(output);
    List<Part> parts;
    try (Clusters clusters = Clusters.embedded(parallelism, 1)) {
      parts =
          embed(
              clusters,
              new EmbedImages(weights, layer, listing.units(), attempt),
              attempt,
              listing);
    }
    List<String> files = publish(parts, output);
    Files.deleteTree(attempt);
    Written written = new Written(rows(parts, "vectors"), dimension, rows(parts, "rejects"), files);
    Json.write(
        Paths.join(output, "manifest.json"),
        Map.of(
            "model",
            weights,
            "layer",
            layer,
            "images",
            written.images(),
            "dimension",
            dimension,
            "rejected",
            written.rejected(),
            "files",
            files));
    return written;
  }

  /** Refuses a folder that holds files of these tables. */
  static void requireNone(String output, String... tables) throws IOException {
    for (String table : tables) {
      Schema.require(
          Files.match(output, table + "/*.parquet").isEmpty(),
          "must be a folder without " + table + " of an earlier call, got " + output,
          "--output");
    }
  }

  /** Lists a collection; without a format its place is looked at. */
  static Listing list(String images, String format, String labels, String split, int blockImages)
      throws IOException {
    return CollectionReader.of(
            new DataConfig(format, images, labels, split, null, 1.0, blockImages))
        .list();
  }

  /** A new folder for what is not finished. */
  static String attempt(String output) {
    return Paths.join(output, ".attempt-" + UUID.randomUUID().toString().substring(0, 8));
  }

  /** Runs the network over the images, and says how far it is. */
  List<Part> embed(Clusters clusters, EmbedImages transform, String attempt, Listing listing)
      throws Exception {
    ProgressReader reader = new ProgressReader(attempt, "", transform.units());
    long[] last = {System.nanoTime()};
    clusters
        .main()
        .run(
            "features",
            Math.max(1, Math.min(parallelism, transform.units())),
            p -> p.apply("Embed", transform).apply("Index", new WriteIndex(attempt)),
            () -> {
              if (System.nanoTime() - last[0] > 2_000_000_000L) {
                last[0] = System.nanoTime();
                progress.printf(
                    Locale.ROOT,
                    "features: %.0f %% of %,d files%n",
                    100 * reader.read().fraction(),
                    listing.files());
              }
            });
    return WriteIndex.read(attempt);
  }

  /** Rows of a table. */
  static long rows(List<Part> parts, String table) {
    return Part.of(parts, table).stream().mapToLong(Part::rows).sum();
  }

  /** Moves finished files to their plain names, rejects last; the list of them. */
  static List<String> publish(List<Part> parts, String output) throws IOException {
    List<String> files = new ArrayList<>();
    List<String> rejects = new ArrayList<>();
    for (Part p : parts) {
      String target = Paths.join(output, p.table(), String.format("part-%05d.parquet", p.index()));
      Files.move(p.path(), target);
      (p.table().equals("rejects") ? rejects : files).add(target);
    }
    files.addAll(rejects);
    return files;
  }
}
