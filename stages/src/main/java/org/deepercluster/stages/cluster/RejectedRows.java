package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * Lists the images that clustering left without a cluster: one unit per file of assignments that
 * has any. Table: {@link ClusterTables#REJECTS}.
 */
final class RejectedRows extends StageTransform<RejectedRows.Block> {
  private static final long serialVersionUID = 1;

  /** A file of features, and the assignments of its rows. */
  record Block(Part features, Part assignments) implements Serializable {}

  private RejectedRows(List<Block> blocks, String directory) {
    super(blocks, directory);
  }

  /**
   * Adds the table of rejects to a clustering's tables, where there is anything to list: a job of
   * its own.
   *
   * @param features files of the features
   * @param parts the clustering's files
   */
  static List<Part> listed(StageContext context, List<Part> features, List<Part> parts)
      throws Exception {
    Map<Integer, Part> byIndex = new HashMap<>();
    features.forEach(p -> byIndex.put(p.index(), p));
    List<Block> blocks = new ArrayList<>();
    for (Part a : Part.of(parts, ClusterTables.ASSIGNMENTS.name())) {
      if (hasRejects(a)) {
        blocks.add(new Block(byIndex.get(a.index()), a));
      }
    }
    if (blocks.isEmpty()) {
      return parts;
    }
    List<Part> all = new ArrayList<>(parts);
    all.addAll(context.run("rejects", out -> new RejectedRows(blocks, out)));
    return all;
  }

  private static boolean hasRejects(Part assignments) throws IOException {
    Columns a = TableReader.read(assignments.path(), ClusterTables.ASSIGNMENTS, "super_cluster");
    for (int c : a.ints("super_cluster")) {
      if (c < 0) {
        return true;
      }
    }
    return false;
  }

  /** How many images were rejected, in all and by cause. */
  static SortedMap<String, Double> numbers(List<Part> parts) throws IOException {
    TreeMap<String, Double> n = new TreeMap<>();
    Columns rejects =
        TableReader.read(
            Part.of(parts, ClusterTables.REJECTS.name()), ClusterTables.REJECTS, "cause");
    n.put("clusters/rejected", (double) rejects.rows());
    for (String cause : rejects.strings("cause")) {
      n.merge("clusters/rejected/" + cause, 1.0, Double::sum);
    }
    return n;
  }

  @Override
  protected UnitWork<Block> work() {
    return new Work();
  }

  private record Work() implements UnitWork<Block> {
    @Override
    public List<Part> process(Unit<Block> unit, Output output) throws Exception {
      Block block = unit.value();
      Columns features = TableReader.read(block.features().path(), FeatureTables.FEATURES);
      int[] c =
          TableReader.read(block.assignments().path(), ClusterTables.ASSIGNMENTS, "super_cluster")
              .ints("super_cluster");
      List<String> ids = new ArrayList<>();
      List<String> causes = new ArrayList<>();
      for (int r = 0; r < c.length; r++) {
        if (c[r] < 0) {
          ids.add(features.strings("image_id")[r]);
          causes.add(cause(features.vectors("feature"), r, features.dimension("feature")));
        }
      }
      return List.of(
          output.write(
              block.assignments().index(),
              Columns.of(ClusterTables.REJECTS, ids.size())
                  .set("image_id", ids.toArray(String[]::new))
                  .set("cause", causes.toArray(String[]::new))
                  .build()));
    }
  }

  /** Why a row has no cluster. */
  static String cause(float[] features, int row, int dim) {
    for (int j = row * dim; j < (row + 1) * dim; j++) {
      if (!Float.isFinite(features[j])) {
        return Float.isNaN(features[j]) ? "nan" : "infinite";
      }
    }
    return "prediction";
  }
}
