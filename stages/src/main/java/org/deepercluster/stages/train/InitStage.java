package org.deepercluster.stages.train;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.targets.Targets;

/**
 * The untrained network: initial weights of θ, V and every W_s, as the training state that the
 * first epoch starts from and that evaluation compares with.
 *
 * @param model architecture
 * @param targets what the heads tell
 * @param seed the experiment's seed
 */
public record InitStage(ModelConfig model, Targets targets, long seed) implements Stage {
  @Override
  public String name() {
    return "init";
  }

  @Override
  public SortedMap<String, String> settings() {
    SortedMap<String, String> s = Settings.of(model);
    s.putAll(targets.settings());
    s.put("seed", String.valueOf(seed));
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of(ModelFile.CHECKPOINT);
  }

  @Override
  public StageResult run(StageContext context) throws Exception {
    List<Part> parts = context.run("", out -> new Initialise(this, out));
    TreeMap<String, Double> numbers = new TreeMap<>();
    numbers.put("bytes", (double) parts.get(0).bytes());
    return StageResult.of(parts, numbers);
  }

  private static final class Initialise extends StageTransform<Integer> {
    private static final long serialVersionUID = 1;
    private final Work work;

    Initialise(InitStage stage, String directory) {
      super(List.of(0), directory);
      this.work = new Work(stage.model, stage.targets, stage.seed);
    }

    @Override
    protected UnitWork<Integer> work() {
      return work;
    }
  }

  private record Work(ModelConfig model, Targets targets, long seed) implements UnitWork<Integer> {
    @Override
    public List<Part> process(Unit<Integer> unit, Output output) throws Exception {
      NativeRuntime.setThreads(1);
      try (Trainer trainer =
          new Trainer(
              Trunk.create(model, Seeds.of(seed, "trunk")),
              targets,
              0,
              0,
              Seeds.of(seed, "heads"))) {
        Checkpoint initial = Checkpoint.of(trainer);
        return List.of(output.writeFile(ModelFile.CHECKPOINT, 0, "safetensors", initial::write));
      }
    }
  }
}
