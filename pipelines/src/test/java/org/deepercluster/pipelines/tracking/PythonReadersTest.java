package org.deepercluster.pipelines.tracking;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableWriter;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What the program writes, read by NumPy and pyarrow, which come with MLflow: an exported model
 * gives the same features there. Recipe: {@code src/test/python/readers.py}.
 */
class PythonReadersTest {
  @Test
  void anExportedModelGivesTheSameFeaturesInNumPy(@TempDir Path dir) throws Exception {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    Path python;
    try {
      python = new LocalServer().install(line -> {});
    } catch (PythonMissingException e) {
      Assumptions.abort("left out, there is no Python here: " + e.getMessage());
      return;
    }
    int n = 6;
    int size = 28;
    ModelConfig config = new ModelConfig("vgg-small", size, "rgb", 4, 0.5);
    float[] x = new float[n * 3 * size * size];
    var random = Seeds.random(5);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (2 * random.nextDouble() - 1);
    }
    float[] features;
    Path model;
    try (Trunk trunk = Trunk.create(config, 3)) {
      INDArray input = Nd4j.createFromArray(x).reshape('c', n, 3, size, size);
      // Statistics other than 0 and 1, as training leaves them.
      var unused = trunk.forwardTrain(input, 1);
      features = trunk.features(input).dup('c').data().asFloat();
      model = Path.of(ModelFile.export(config, trunk.tensors(), dir.toString()).get(0));
    }
    ByteBuffer bytes = ByteBuffer.allocate(4 * x.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(x);
    Path input = Files.write(dir.resolve("input.bin"), bytes.array());
    String[] ids = new String[n];
    Arrays.setAll(ids, i -> "image" + i);
    Part table =
        TableWriter.write(
            dir.toString(),
            0,
            Columns.of(FeatureTables.FEATURES, n)
                .set("image_id", ids)
                .set("feature", features)
                .build());

    Process process =
        new ProcessBuilder(
                python.toString(),
                Path.of("src/test/python/readers.py").toAbsolutePath().toString(),
                model.toString(),
                input.toString(),
                table.path(),
                String.valueOf(n),
                "3",
                String.valueOf(size))
            .redirectErrorStream(true)
            .start();
    String said =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).as(said).isZero();
    // float32 here, float64 there
    assertThat(Double.parseDouble(said)).isLessThan(1e-5);
  }
}
