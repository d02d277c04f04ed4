package org.deepercluster.pipelines.run;

import java.io.IOException;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Paths;

/** The ways to name a model. */
public final class ModelReference {
  private ModelReference() {}

  /**
   * URI of a model's weights.
   *
   * @param model a {@code .safetensors} file, the folder of a run, or a run's id or {@code
   *     <experiment>/<id>}
   * @param output folder in which runs named by id are looked for
   * @throws org.deepercluster.stages.config.InvalidSettingsException when there is no such model
   */
  public static String weights(String model, String output) throws IOException {
    if (model.endsWith(".safetensors")) {
      String path = RunStore.absolute(model);
      Schema.require(Files.exists(path), "must be a file that is there, got " + path, "MODEL");
      return path;
    }
    String folder = RunStore.absolute(model);
    if (!Files.exists(Paths.join(folder, "model", "model.safetensors"))) {
      folder = RunView.find(model, output).directory();
    }
    return FeatureExtraction.weights(folder);
  }
}
