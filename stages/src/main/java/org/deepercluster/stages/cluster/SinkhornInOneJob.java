package org.deepercluster.stages.cluster;

import java.io.IOException;
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

/** All iterations for a small collection in one unit, over log P held in memory. */
final class SinkhornInOneJob extends StageTransform<Integer> {
  private static final long serialVersionUID = 1;

  private final Work work;

  /**
   * The transform.
   *
   * @param sinkhorn what to do
   * @param checkpoint URI of the training state with the heads
   * @param features files of the features table
   */
  SinkhornInOneJob(Sinkhorn sinkhorn, String checkpoint, List<Part> features, String directory) {
    super(List.of(0), directory);
    this.work = new Work(sinkhorn, checkpoint, new ArrayList<>(features));
  }

  @Override
  protected UnitWork<Integer> work() {
    return work;
  }

  private record Work(Sinkhorn sinkhorn, String checkpoint, List<Part> features)
      implements UnitWork<Integer> {
    @Override
    public List<Part> process(Unit<Integer> unit, Output output) throws Exception {
      NativeRuntime.setThreads(1);
      SinkhornBlock block = sinkhorn.block();
      List<Block> logP = new ArrayList<>();
      try (Classifiers heads = Classifiers.load(checkpoint, block.heads(), block.labels())) {
        for (Block b : new BlockFiles(features, FeatureTables.FEATURES, "feature")) {
          logP.add(heads.logProbabilities(b));
        }
      }
      List<IOException> lost = new ArrayList<>();
      Sinkhorn.Model model =
          sinkhorn.run(
              new SinkhornInMemory(block, logP),
              t -> {
                try {
                  output.progress(
                      t.iteration() + 1, sinkhorn.maxIterations(), Map.of("error", t.error()));
                } catch (IOException e) {
                  lost.add(e);
                }
              });
      if (!lost.isEmpty()) {
        throw lost.get(0);
      }
      List<Part> parts = new ArrayList<>();
      for (Block b : logP) {
        parts.add(
            SinkhornResult.assignments(output, features.get(b.id()), b, block, model.logAlpha()));
      }
      parts.addAll(SinkhornResult.model(output, block, model));
      return parts;
    }
  }
}
