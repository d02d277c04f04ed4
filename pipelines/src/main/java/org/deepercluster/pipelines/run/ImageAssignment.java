package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deepercluster.stages.beam.WriteIndex;
import org.deepercluster.stages.cluster.AssignVectors;
import org.deepercluster.stages.cluster.ClusterTables;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.features.EmbedImages;
import org.deepercluster.stages.ingest.Listing;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;
import org.deepercluster.stages.table.TableReader;

/** Assigns a collection of images to the clusters that a run has stored. */
public final class ImageAssignment {
  private static final String MODEL = "MODEL";

  private final PrintStream progress;
  private final int parallelism;

  /**
   * An assignment.
   *
   * @param progress where to say how far it is
   * @param parallelism units that run side by side
   */
  public ImageAssignment(PrintStream progress, int parallelism) {
    this.progress = progress;
    this.parallelism = parallelism;
  }

  /**
   * What was written.
   *
   * @param images rows, those without a cluster included
   * @param clustering instance that they were assigned to, such as {@code cluster-e003}
   * @param unassigned images whose features are not finite: without a cluster
   * @param rejected images that could not be read
   * @param files Parquet files, assignments first
   */
  public record Written(
      long images, String clustering, long unassigned, long rejected, List<String> files) {}

  /**
   * A clustering and the network that it was made with.
   *
   * @param clustering manifest of {@code cluster-eNNN}
   * @param folder URI of its folder
   * @param model architecture
   * @param checkpoint URI of the training state
   * @param blockImages files of a unit: as in the run, so that its images get the same bits
   */
  private record Stored(
      Manifest clustering, String folder, ModelConfig model, String checkpoint, int blockImages) {}

  /**
   * Assigns.
   *
   * @param run folder of a run
   * @param epoch epoch before which the clustering was made; null: the last one
   * @param images a collection of images
   * @param format its layout, as {@code data.format}; null: found
   * @param split which part of it, as {@code data.split}; or null
   * @param output folder for {@code assigned/} and, where images are rejected, {@code rejects/};
   *     must not hold any yet
   */
  public Written run(
      String run, Integer epoch, String images, String format, String split, String output)
      throws Exception {
    Stored stored = find(run, epoch);
    FeatureExtraction.requireNone(output, ClusterTables.ASSIGNED.name(), "rejects");
    AssignVectors.check(stored.clustering(), stored.checkpoint(), stored.model().featureDim());
    Listing listing = FeatureExtraction.list(images, format, null, split, stored.blockImages());
    String attempt = FeatureExtraction.attempt(output);
    List<Part> parts;
    try (Clusters clusters = Clusters.embedded(parallelism, 1)) {
      String embedded = Paths.join(attempt, "features");
      List<Part> vectors =
          new FeatureExtraction(progress, parallelism)
              .embed(
                  clusters,
                  new EmbedImages(stored.model(), stored.checkpoint(), listing.units(), embedded),
                  embedded,
                  listing);
      parts = new ArrayList<>(Part.of(vectors, "rejects"));
      parts.addAll(
          assign(
              clusters,
              stored,
              Part.of(vectors, EmbedImages.VECTORS.name()),
              Paths.join(attempt, "clusters")));
    }
    long unassigned = unassigned(parts);
    List<String> files = FeatureExtraction.publish(parts, output);
    Files.deleteTree(attempt);
    Written written =
        new Written(
            FeatureExtraction.rows(parts, ClusterTables.ASSIGNED.name()),
            stored.clustering().instance(),
            unassigned,
            FeatureExtraction.rows(parts, "rejects"),
            files);
    Json.write(
        Paths.join(output, "manifest.json"),
        Map.of(
            "clustering",
            stored.folder(),
            "checkpoint",
            stored.checkpoint(),
            "images",
            written.images(),
            "unassigned",
            unassigned,
            "rejected",
            written.rejected(),
            "files",
            files));
    return written;
  }

  private List<Part> assign(Clusters clusters, Stored stored, List<Part> vectors, String out)
      throws Exception {
    if (vectors.isEmpty()) {
      return List.of();
    }
    AssignVectors transform = new AssignVectors(stored.folder(), stored.checkpoint(), vectors, out);
    clusters
        .main()
        .run(
            "assign",
            Math.max(1, Math.min(parallelism, transform.units())),
            p -> p.apply("Assign", transform).apply("Index", new WriteIndex(out)),
            () -> {});
    return WriteIndex.read(out);
  }

  private static long unassigned(List<Part> parts) throws IOException {
    long n = 0;
    for (Part p : Part.of(parts, ClusterTables.ASSIGNED.name())) {
      Columns c = TableReader.read(p.path(), ClusterTables.ASSIGNED, "super_cluster");
      for (int s : c.ints("super_cluster")) {
        n += s < 0 ? 1 : 0;
      }
    }
    return n;
  }

  private static Stored find(String run, Integer epoch) throws IOException {
    Schema.require(
        Files.exists(Paths.join(run, RunRecord.FILE)),
        "must be the folder of a run (such as runs/quickstart/ID); "
            + Paths.join(run, RunRecord.FILE)
            + " is not there",
        MODEL);
    String stages = Paths.join(run, "stages");
    TreeMap<Integer, String> clusterings = new TreeMap<>();
    for (String path : Files.match(stages, "cluster-e*/" + Manifest.FILE)) {
      String folder = path.substring(0, path.length() - Manifest.FILE.length() - 1);
      clusterings.put(Integer.parseInt(folder.replaceAll(".*cluster-e", "")), folder);
    }
    Schema.require(
        !clusterings.isEmpty(),
        "must be a run that clusters its images and has done so once; " + run + " has not",
        MODEL);
    int before = epoch == null ? clusterings.lastKey() : epoch;
    Schema.require(
        clusterings.containsKey(before),
        "must be an epoch before which the run clustered its images, one of "
            + clusterings.keySet()
            + ", got "
            + before,
        "--epoch");
    String folder = clusterings.get(before);
    Manifest clustering = Manifest.read(folder);
    Manifest features = Manifest.read(Paths.join(stages, String.format("features-e%03d", before)));
    String trained = before == 0 ? "init" : String.format("train-e%03d", before - 1);
    Manifest model = Manifest.read(Paths.join(stages, trained));
    Schema.require(
        model.digest().equals(features.inputs().get("model"))
            && features.digest().equals(clustering.inputs().get("features")),
        "must be a run whose "
            + clustering.instance()
            + " was made with the network of "
            + trained
            + "; that one has another by now: run the experiment to its end first",
        MODEL);
    Schema.require(
        !model.table(ModelFile.CHECKPOINT).isEmpty(),
        "must be a run with the training state of "
            + trained
            + ", which "
            + clustering.instance()
            + " was made with; it is deleted: of the states that clusterings were made with only"
            + " the last is kept, unless execution.keep is all",
        MODEL,
        "--epoch");
    Map<String, String> ingest = Manifest.read(Paths.join(stages, "ingest")).config();
    return new Stored(
        clustering,
        folder,
        ModelFile.config(features.config(), ""),
        ModelFile.path(model),
        Integer.parseInt(ingest.get("blockImages")));
  }
}
