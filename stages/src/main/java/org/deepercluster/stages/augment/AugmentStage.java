package org.deepercluster.stages.augment;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.targets.Targets;

/**
 * Draws one epoch: which image, which crop, which rotation, for which target. Table: {@link
 * AugmentTables#DRAWS}. Pixels are made by the trainer.
 *
 * <p>Inputs: {@code images}; {@code assignments} for methods that cluster; {@code labels} for
 * supervision.
 *
 * @param config crops and flips
 * @param targets numbering of the classes
 * @param workers training workers, each of which gets a share
 * @param epoch which epoch
 * @param seed the experiment's seed
 */
public record AugmentStage(AugmentConfig config, Targets targets, int workers, int epoch, long seed)
    implements Stage {
  /** What the sampler and the columns of the draw table take. */
  private static final int BYTES_PER_DRAW = 100;

  @Override
  public String name() {
    return "augment";
  }

  @Override
  public SortedMap<String, String> settings() {
    SortedMap<String, String> s = Settings.of(config);
    s.putAll(targets.settings());
    s.put("workers", String.valueOf(workers));
    s.put("epoch", String.valueOf(epoch));
    s.put("seed", String.valueOf(seed));
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of("draws");
  }

  /** One worker draws the epoch, and holds its table. */
  @Override
  public Work work(ToLongFunction<String> images) {
    double n = images.applyAsLong("images");
    return new Work(0, 0, 0, 0, n, 1, BYTES_PER_DRAW * n);
  }

  @Override
  public StageResult run(StageContext context) throws Exception {
    if (context.hasInput("labels") && epoch == 0) {
      var unused =
          IngestTables.labelsById(context.input("labels").table("labels"), DrawEpoch.SUPERVISED);
    }
    List<Part> parts =
        context.run(
            "",
            out ->
                new DrawEpoch(
                    config,
                    targets,
                    workers,
                    Seeds.of(Seeds.of(seed, "augment"), epoch),
                    context.input("images").table("images"),
                    context.hasInput("assignments")
                        ? context.input("assignments").table("assignments")
                        : List.of(),
                    context.hasInput("labels")
                        ? context.input("labels").table("labels")
                        : List.of(),
                    out));
    TreeMap<String, Double> numbers = new TreeMap<>();
    numbers.put("draws", (double) parts.stream().mapToLong(Part::rows).sum());
    return StageResult.of(parts, numbers);
  }
}
