package org.deepercluster.stages.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Safetensors;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.TableWriter;

/**
 * The weights of an earlier run, as a training state without heads: what the run that evaluates
 * them has in the place of a training of its own. They are read where the run is started, so that
 * its workers need not see the file.
 *
 * @param model architecture that the experiment gives
 * @param weights URI of a {@code model.safetensors}
 * @param sha256 of that file, in hexadecimal
 */
public record WeightsStage(ModelConfig model, String weights, String sha256) implements Stage {
  @Override
  public String name() {
    return "init";
  }

  @Override
  public SortedMap<String, String> settings() {
    // A copy of the file elsewhere is the same network.
    SortedMap<String, String> s = Settings.of(model);
    s.put("weights", sha256);
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of(ModelFile.CHECKPOINT);
  }

  @Override
  public StageResult run(StageContext context) throws Exception {
    ModelFile.Exported exported = ModelFile.read(weights);
    SortedMap<String, String> given = Settings.of(model);
    SortedMap<String, String> found = Settings.of(exported.config());
    // Dropout has no weights and no part in inference.
    given.remove("dropout");
    found.remove("dropout");
    if (!given.equals(found)) {
      throw new StageException(
          weights + " holds a network with model = " + found + ", but the experiment has " + given);
    }
    Map<String, Tensor> state = new LinkedHashMap<>();
    exported.tensors().forEach((name, t) -> state.put(ModelFile.TRUNK_PREFIX + name, t));
    try (Trunk trunk = Trunk.create(model, 0)) {
      trunk.load(exported.tensors());
    } catch (RuntimeException e) {
      throw new StageException(weights + ": " + e.getMessage());
    }
    TreeMap<String, Double> numbers = new TreeMap<>();
    var part =
        TableWriter.writeFile(
            context.directory(),
            ModelFile.CHECKPOINT,
            0,
            "safetensors",
            out -> Safetensors.write(out, state, Map.of()));
    numbers.put("bytes", (double) part.bytes());
    return StageResult.of(List.of(part), numbers);
  }
}
