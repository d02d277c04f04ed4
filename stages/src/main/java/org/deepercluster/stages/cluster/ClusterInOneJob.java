package org.deepercluster.stages.cluster;

import java.util.List;
import java.util.Map;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.table.Part;

/** A whole clustering in one unit: all passes on the threads of one worker. */
final class ClusterInOneJob extends StageTransform<Integer> {
  private static final long serialVersionUID = 1;

  private final Work work;

  /**
   * The transform.
   *
   * @param run what to do
   * @param scratch for its intermediate results
   * @param threads as many as units may run at the same time; fewer where the worker has fewer
   *     processors
   */
  ClusterInOneJob(ClusterRun run, Scratch scratch, int threads, String directory) {
    super(List.of(0), directory);
    this.work = new Work(run, scratch, threads);
  }

  @Override
  protected UnitWork<Integer> work() {
    return work;
  }

  private record Work(ClusterRun run, Scratch scratch, int threads) implements UnitWork<Integer> {
    @Override
    public List<Part> process(Unit<Integer> unit, Output output) throws Exception {
      int passes = run.kmeans().passes();
      int[] done = {0};
      try (LocalUnits units =
          new LocalUnits(Math.min(threads, Runtime.getRuntime().availableProcessors()))) {
        return run.run(
            scratch,
            units,
            t -> {
              try {
                output.progress(++done[0], passes, Map.of("objective", t.objective()));
              } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
      }
    }
  }
}
