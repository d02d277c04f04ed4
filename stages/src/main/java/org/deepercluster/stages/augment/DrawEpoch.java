package org.deepercluster.stages.augment;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.cluster.ClusterTables;
import org.deepercluster.stages.image.CropBox;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;
import org.deepercluster.stages.table.TableWriter;
import org.deepercluster.stages.targets.Method;
import org.deepercluster.stages.targets.Targets;

/**
 * Samples an epoch and writes its draw table, a file per training worker. One unit: the sampler
 * balances over the whole collection, and holds ids, sizes and places of all images, about 150
 * bytes each.
 */
final class DrawEpoch extends StageTransform<Integer> {
  private static final long serialVersionUID = 1;
  private static final int BATCH = 65_536;

  /** What needs one label per image. */
  static final String SUPERVISED = "method supervised";

  private final Work work;

  /**
   * The transform.
   *
   * @param config crops and flips
   * @param targets numbering of the classes
   * @param shares training workers
   * @param epochSeed the stream of this epoch
   * @param images files of the images table
   * @param assignments files of the assignments table, aligned with the images; empty without
   *     clusters
   * @param labels files of the labels table, for supervision only
   */
  DrawEpoch(
      AugmentConfig config,
      Targets targets,
      int shares,
      long epochSeed,
      List<Part> images,
      List<Part> assignments,
      List<Part> labels,
      String directory) {
    super(List.of(0), directory);
    this.work =
        new Work(
            config,
            targets,
            shares,
            epochSeed,
            new ArrayList<>(images),
            new ArrayList<>(assignments),
            new ArrayList<>(labels));
  }

  @Override
  protected UnitWork<Integer> work() {
    return work;
  }

  private record Work(
      AugmentConfig config,
      Targets targets,
      int shares,
      long epochSeed,
      List<Part> images,
      List<Part> assignments,
      List<Part> labels)
      implements UnitWork<Integer> {

    @Override
    public List<Part> process(Unit<Integer> unit, Output output) throws Exception {
      int n = Math.toIntExact(images.stream().mapToLong(Part::rows).sum());
      Assignment assignment = assignment(n);
      Draws draws =
          switch (targets.method()) {
            case SUPERVISED -> Sampler.eachOnce(assignment, shares, epochSeed);
            case SELA ->
                Sampler.balanced(
                    assignment.merged(),
                    targets.rotations(),
                    assignment.usable(),
                    shares,
                    epochSeed);
            default -> Sampler.balanced(assignment, targets.rotations(), n, shares, epochSeed);
          };
      int[][] subCluster = new int[targets.heads()][];
      subCluster[0] = assignment.subClusterOf();
      for (int h = 1; h < subCluster.length; h++) {
        subCluster[h] = ofHead(h);
      }
      String[] id = new String[n];
      int[] width = new int[n];
      int[] height = new int[n];
      int[] block = new int[n];
      int[] row = new int[n];
      int at = 0;
      for (Part p : images) {
        Columns c = TableReader.read(p.path(), IngestTables.IMAGES, "image_id", "width", "height");
        System.arraycopy(c.strings("image_id"), 0, id, at, c.rows());
        System.arraycopy(c.ints("width"), 0, width, at, c.rows());
        System.arraycopy(c.ints("height"), 0, height, at, c.rows());
        Arrays.fill(block, at, at + c.rows(), p.index());
        for (int i = 0; i < c.rows(); i++) {
          row[at + i] = i;
        }
        at += c.rows();
      }
      CropSampler crops = new CropSampler(config);
      List<Part> parts = new ArrayList<>();
      for (int w = 0; w < shares; w++) {
        try (TableWriter out = output.open(AugmentTables.draws(targets.heads()), w)) {
          for (int from = draws.from(w); from < draws.from(w + 1); from += BATCH) {
            int to = Math.min(from + BATCH, draws.from(w + 1));
            out.append(batch(draws, subCluster, crops, from, to, id, width, height, block, row));
            output.progress(to, draws.size(), Map.of());
          }
          parts.add(out.finish());
        }
      }
      return parts;
    }

    private Columns batch(
        Draws draws,
        int[][] subCluster,
        CropSampler crops,
        int from,
        int to,
        String[] id,
        int[] width,
        int[] height,
        int[] block,
        int[] row) {
      int n = to - from;
      long[] position = new long[n];
      String[] imageId = new String[n];
      int[] blocks = new int[n];
      int[] rows = new int[n];
      int[] x = new int[n];
      int[] y = new int[n];
      int[] w = new int[n];
      int[] h = new int[n];
      boolean[] flip = new boolean[n];
      int[] rotation = new int[n];
      int[] superClass = new int[n];
      int[][] subClass = new int[subCluster.length][n];
      long[] seed = new long[n];
      for (int i = 0; i < n; i++) {
        int p = from + i;
        int image = draws.image(p);
        position[i] = p;
        imageId[i] = id[image];
        blocks[i] = block[image];
        rows[i] = row[image];
        seed[i] = CropSampler.drawSeed(epochSeed, p);
        CropSampler.View view = crops.view(width[image], height[image], seed[i]);
        CropBox crop = view.crop();
        x[i] = crop.x();
        y[i] = crop.y();
        w[i] = crop.width();
        h[i] = crop.height();
        flip[i] = view.flip();
        rotation[i] = draws.rotation(p);
        superClass[i] = targets.superClass(draws.superCluster(p), rotation[i]);
        for (int j = 0; j < subClass.length; j++) {
          subClass[j][i] = targets.subClass(subCluster[j][image], rotation[i]);
        }
      }
      Columns.Builder out =
          Columns.of(AugmentTables.draws(subClass.length), n)
              .set("position", position)
              .set("image_id", imageId)
              .set("block", blocks)
              .set("row", rows)
              .set("crop_x", x)
              .set("crop_y", y)
              .set("crop_width", w)
              .set("crop_height", h)
              .set("flip", flip)
              .set("rotation", rotation)
              .set("super_class", superClass)
              .set("seed", seed);
      for (int j = 0; j < subClass.length; j++) {
        out.set(TableSchema.repeated("sub_class", j), subClass[j]);
      }
      return out.build();
    }

    private Assignment assignment(int n) throws IOException, StageException {
      if (targets.method() == Method.SUPERVISED) {
        return Assignment.labels(targets.k(), labelOf(n));
      }
      if (assignments.isEmpty()) {
        return Assignment.single(n);
      }
      int[] superCluster = new int[n];
      int[] subCluster = new int[n];
      int at = 0;
      for (Part p : assignments) {
        Columns c =
            TableReader.read(p.path(), ClusterTables.ASSIGNMENTS, "super_cluster", "sub_cluster");
        System.arraycopy(c.ints("super_cluster"), 0, superCluster, at, c.rows());
        System.arraycopy(c.ints("sub_cluster"), 0, subCluster, at, c.rows());
        at += c.rows();
      }
      return new Assignment(targets.m(), targets.subClusters(), superCluster, subCluster);
    }

    /** z of each image by head {@code h}. */
    private int[] ofHead(int h) throws IOException {
      String column = TableSchema.repeated("sub_cluster", h);
      return TableReader.read(assignments, ClusterTables.assignments(h + 1), column).ints(column);
    }

    private int[] labelOf(int n) throws IOException, StageException {
      Map<String, Integer> byId = IngestTables.labelsById(labels, SUPERVISED);
      int[] label = new int[n];
      Columns ids = TableReader.read(images, IngestTables.IMAGES, "image_id");
      for (int i = 0; i < n; i++) {
        label[i] = byId.getOrDefault(ids.strings("image_id")[i], -1);
      }
      return label;
    }
  }
}
