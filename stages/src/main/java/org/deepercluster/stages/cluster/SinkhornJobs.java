package org.deepercluster.stages.cluster;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.cluster.BlockFiles.BlockFile;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableSchema;

/** Passes over a large collection: one job each, over log P in files. */
final class SinkhornJobs implements SinkhornPasses {
  /** log p(y|x) of all heads, kept for the passes of one assignment. */
  private static final TableSchema LOG_P =
      TableSchema.named("logp").with("vector", Type.VECTOR).build();

  private final StageContext context;
  private final SinkhornBlock block;
  private final List<Part> written;
  private final List<BlockFile> blocks;

  /** Predicts for every block, once. */
  SinkhornJobs(StageContext context, SinkhornBlock block, String checkpoint, List<Part> features)
      throws Exception {
    this.context = context;
    this.block = block;
    this.written =
        context.run("log-probabilities", out -> new Predict(block, checkpoint, features, out));
    this.blocks = BlockFile.of(Part.of(written, LOG_P.name()));
  }

  @Override
  public double[] largest() throws Exception {
    double[] largest = new double[block.heads() * block.labels()];
    Arrays.fill(largest, Double.NEGATIVE_INFINITY);
    for (Part p : Part.of(written, "largest")) {
      Sinkhorn.largest(largest, Pass.load(p.path(), double[].class));
    }
    return largest;
  }

  @Override
  public SinkhornSums sums(double[] logAlpha, boolean[] active) throws Exception {
    SinkhornBlock here = block;
    SinkhornSums all = new SinkhornSums(here.heads(), here.labels());
    double[] alpha = logAlpha.clone();
    boolean[] heads = active.clone();
    for (Part p :
        context.run(
            "iteration",
            out ->
                new Pass(
                    blocks,
                    (b, o) ->
                        List.of(
                            Pass.save(
                                o, "sums", b, here.sums(b.read(LOG_P, "vector"), alpha, heads))),
                    out))) {
      all.add(Pass.load(p.path(), SinkhornSums.class));
    }
    return all;
  }

  /** Writes the assignments of all blocks, and the model beside those of the first. */
  List<Part> write(List<Part> features, Sinkhorn.Model model) throws Exception {
    SinkhornBlock here = block;
    List<Part> files = new ArrayList<>(features);
    return context.run(
        "write",
        out ->
            new Pass(
                blocks,
                (b, o) -> {
                  Block logP = b.read(LOG_P, "vector");
                  List<Part> parts = new ArrayList<>();
                  parts.add(
                      SinkhornResult.assignments(
                          o, files.get(b.id()), logP, here, model.logAlpha()));
                  if (b.id() == 0) {
                    parts.addAll(SinkhornResult.model(o, here, model));
                  }
                  return parts;
                },
                out));
  }

  /** log P of every block, and its largest entries. */
  private static final class Predict extends StageTransform<BlockFile> {
    private static final long serialVersionUID = 1;

    private final Work work;

    Predict(SinkhornBlock block, String checkpoint, List<Part> features, String directory) {
      super(BlockFile.of(features), directory);
      this.work = new Work(block, checkpoint);
    }

    @Override
    protected UnitWork<BlockFile> work() {
      return work;
    }

    private static final class Work implements UnitWork<BlockFile> {
      private static final long serialVersionUID = 1;

      private final SinkhornBlock block;
      private final String checkpoint;
      private transient Classifiers heads;

      Work(SinkhornBlock block, String checkpoint) {
        this.block = block;
        this.checkpoint = checkpoint;
      }

      @Override
      public void open() throws Exception {
        heads = Classifiers.load(checkpoint, block.heads(), block.labels());
      }

      @Override
      public List<Part> process(Unit<BlockFile> unit, Output output) throws Exception {
        NativeRuntime.setThreads(1);
        BlockFile b = unit.value();
        Block logP = heads.logProbabilities(b.read(FeatureTables.FEATURES, "feature"));
        return List.of(
            output.write(
                b.part().index(),
                Columns.of(LOG_P, logP.rows()).set("vector", logP.data()).build()),
            Pass.save(output, "largest", b, block.largest(logP)));
      }

      @Override
      public void close() {
        heads.close();
      }
    }
  }
}
