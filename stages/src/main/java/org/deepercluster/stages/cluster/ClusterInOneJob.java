package org.deepercluster.stages.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.table.Part;

/** Both levels of a small collection in one unit: all passes over blocks held in memory. */
final class ClusterInOneJob extends StageTransform<Integer> {
  private static final long serialVersionUID = 1;

  private final Work work;

  /**
   * The transform.
   *
   * @param config what to do
   * @param seed of this clustering
   * @param features files of the features table
   */
  ClusterInOneJob(ClusterConfig config, long seed, List<Part> features, String directory) {
    super(List.of(0), directory);
    this.work = new Work(config, seed, new ArrayList<>(features));
  }

  @Override
  protected UnitWork<Integer> work() {
    return work;
  }

  private record Work(ClusterConfig config, long seed, List<Part> features)
      implements UnitWork<Integer> {
    @Override
    public List<Part> process(Unit<Integer> unit, Output output) throws Exception {
      NativeRuntime.setThreads(1);
      BlockFiles blocks = new BlockFiles(features, FeatureTables.FEATURES, "feature");
      int passes = 2 * (config.iterations() + 1);
      int[] done = {0};
      List<Exception> lost = new ArrayList<>();
      Clustering.OfFeatures result =
          Clustering.ofFeatures(
              blocks,
              config,
              seed,
              t -> {
                try {
                  output.progress(++done[0], passes, Map.of("objective", t.objective()));
                } catch (java.io.IOException e) {
                  lost.add(e);
                }
              });
      if (!lost.isEmpty()) {
        throw lost.get(0);
      }
      List<Part> parts = new ArrayList<>();
      Clustering c = result.clustering();
      int at = 0;
      for (Part p : features) {
        int n = Math.toIntExact(p.rows());
        parts.add(
            ClusterResult.assignments(
                output, p, c.superCluster(), c.subCluster(), c.distance(), at));
        at += n;
      }
      parts.addAll(ClusterResult.model(output, result.pca(), c.model()));
      return parts;
    }
  }
}
