package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.util.List;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;

/** Writes what Sinkhorn-Knopp found as the tables of {@link ClusterTables}. */
final class SinkhornResult {
  private SinkhornResult() {}

  /**
   * The assignments of one block.
   *
   * @param features the block's file in the features table
   * @param logP the block's log-probabilities
   * @param logAlpha ln α, [H·K]
   */
  static Part assignments(
      Output output, Part features, Block logP, SinkhornBlock block, double[] logAlpha)
      throws IOException {
    int[][] label = block.labels(logP, logAlpha);
    Columns ids = TableReader.read(features.path(), FeatureTables.FEATURES, "image_id");
    int n = ids.rows();
    int[] superCluster = new int[n];
    float[] cost = new float[n];
    for (int r = 0; r < n; r++) {
      int y = label[0][r];
      superCluster[r] = y < 0 ? -1 : 0;
      cost[r] = y < 0 ? Float.NaN : -logP.data()[r * logP.dim() + y];
    }
    Columns.Builder out =
        Columns.of(ClusterTables.assignments(block.heads()), n)
            .set("image_id", ids.strings("image_id"))
            .set("super_cluster", superCluster)
            .set("distance", cost);
    for (int h = 0; h < label.length; h++) {
      out.set(TableSchema.repeated("sub_cluster", h), label[h]);
    }
    return output.write(features.index(), out.build());
  }

  /** α, the marginals and the iterations. */
  static List<Part> model(Output output, SinkhornBlock block, Sinkhorn.Model model)
      throws IOException {
    int k = block.labels();
    int rows = block.heads() * k;
    int[] head = new int[rows];
    int[] label = new int[rows];
    for (int i = 0; i < rows; i++) {
      head[i] = i / k;
      label[i] = i % k;
    }
    List<SinkhornTrace> t = model.traces();
    return List.of(
        output.write(
            0,
            Columns.of(ClusterTables.HEADS, rows)
                .set("head", head)
                .set("label", label)
                .set("marginal", model.marginal())
                .set("log_alpha", model.logAlpha())
                .build()),
        output.write(
            0,
            Columns.of(ClusterTables.ITERATIONS, t.size())
                .set("head", t.stream().mapToInt(SinkhornTrace::head).toArray())
                .set("iteration", t.stream().mapToInt(SinkhornTrace::iteration).toArray())
                .set("objective", t.stream().mapToDouble(SinkhornTrace::objective).toArray())
                .set("error", t.stream().mapToDouble(SinkhornTrace::error).toArray())
                .build()));
  }
}
