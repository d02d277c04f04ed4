package org.deepercluster.stages.evaluate;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.features.FeaturePooling;
import org.deepercluster.stages.ingest.ImageBlock;
import org.deepercluster.stages.model.ConvLayer;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Activations of every convolution after its ReLU, pooled, and the output of the last block after
 * its max pooling, of all labelled images: one pass of a network over a block for all layers.
 */
final class PoolActivations extends StageTransform<PoolActivations.Task> {
  private static final long serialVersionUID = 1;

  private final ModelConfig model;

  PoolActivations(ModelConfig model, List<Task> tasks, String directory) {
    super(tasks, directory);
    this.model = model;
  }

  /**
   * A block of images to be seen by a network.
   *
   * @param network {@code trained} or {@code random}
   * @param checkpoint URI of its weights
   * @param set {@code train} or {@code test}
   * @param images file of the images table
   */
  record Task(String network, String checkpoint, String set, Part images) implements Serializable {}

  @Override
  protected UnitWork<Task> work() {
    return new Work(model);
  }

  private static final class Work implements UnitWork<Task> {
    private static final long serialVersionUID = 1;

    private final ModelConfig model;
    private transient Trunk trunk;
    private transient String loaded;

    Work(ModelConfig model) {
      this.model = model;
    }

    @Override
    public List<Part> process(Unit<Task> unit, Output output) throws Exception {
      Task task = unit.value();
      if (!task.checkpoint().equals(loaded)) {
        close();
        trunk = ModelFile.trunk(model, task.checkpoint(), 1);
        loaded = task.checkpoint();
      }
      ImageBlock images = ImageBlock.read(task.images());
      List<ConvLayer> layers = trunk.convLayers();
      List<FeaturePooling> poolings = new ArrayList<>();
      List<float[]> features = new ArrayList<>();
      for (ConvLayer l : layers) {
        FeaturePooling pooling = FeaturePooling.of(l.channels(), l.height(), l.width());
        poolings.add(pooling);
        features.add(new float[Math.multiplyExact(images.size(), pooling.dim())]);
      }
      float[] lastBlock = null;
      List<String> names = layers.stream().map(ConvLayer::name).toList();
      for (ImageBlock.Batch b :
          images.batches(model.imageSize(), trunk.inputChannels(), ImageBlock.INFERENCE_BATCH)) {
        Map<String, INDArray> activations = trunk.activations(b.input(), names);
        for (int i = 0; i < names.size(); i++) {
          float[] pooled = poolings.get(i).pool(activations.get(names.get(i)));
          System.arraycopy(
              pooled, 0, features.get(i), b.from() * poolings.get(i).dim(), pooled.length);
        }
        float[] block = FeaturePooling.maxPool(activations.get(names.get(names.size() - 1)));
        if (lastBlock == null) {
          lastBlock = new float[Math.multiplyExact(images.size(), block.length / b.size())];
        }
        System.arraycopy(block, 0, lastBlock, b.from() * (block.length / b.size()), block.length);
        output.progress(b.from() + b.size(), images.size(), Map.of());
      }
      List<Part> parts = new ArrayList<>();
      parts.add(
          output.write(
              task.images().index(),
              Columns.of(
                      EvaluateTables.layer(task.network(), task.set(), EvaluateTables.LAST_BLOCK),
                      images.size())
                  .set("image_id", images.ids())
                  .set("feature", lastBlock)
                  .build()));
      for (int i = 0; i < names.size(); i++) {
        parts.add(
            output.write(
                task.images().index(),
                Columns.of(
                        EvaluateTables.layer(task.network(), task.set(), names.get(i)),
                        images.size())
                    .set("image_id", images.ids())
                    .set("feature", features.get(i))
                    .build()));
      }
      return parts;
    }

    @Override
    public void close() {
      if (trunk != null) {
        trunk.close();
        trunk = null;
        loaded = null;
      }
    }
  }
}
