package org.deepercluster.stages.features;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.table.Part;

/**
 * Features of all images, for clustering. Table: {@link FeatureTables#FEATURES}. Inputs: {@code
 * images}; {@code model}, a stage that left a checkpoint.
 *
 * @param model architecture
 */
public record FeaturesStage(ModelConfig model) implements Stage {
  @Override
  public String name() {
    return "features";
  }

  @Override
  public SortedMap<String, String> settings() {
    return Settings.of(model);
  }

  @Override
  public List<String> outputs() {
    return List.of("features");
  }

  @Override
  public Work work(ToLongFunction<String> images) {
    return Work.inference(images.applyAsLong("images"), model.operations());
  }

  @Override
  public StageResult run(StageContext context) throws Exception {
    String checkpoint = ModelFile.path(context.input("model"));
    List<Part> images = context.input("images").table("images");
    List<Part> parts = context.run("", out -> new ExtractFeatures(model, checkpoint, images, out));
    TreeMap<String, Double> numbers = new TreeMap<>();
    numbers.put("images", (double) parts.stream().mapToLong(Part::rows).sum());
    return StageResult.of(parts, numbers);
  }
}
