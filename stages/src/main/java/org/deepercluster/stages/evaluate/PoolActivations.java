package org.deepercluster.stages.evaluate;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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
 * Activations of convolutions after their ReLU, pooled, and the output of the last block after its
 * max pooling, of all labelled images: one pass of a network over a block for all layers.
 */
final class PoolActivations extends StageTransform<PoolActivations.Task> {
  private static final long serialVersionUID = 1;

  private final ModelConfig model;
  private final ArrayList<String> layers;

  /**
   * A pass.
   *
   * @param layers names of convolutions, {@link EvaluateTables#LAST_BLOCK}, or both
   */
  PoolActivations(ModelConfig model, List<String> layers, List<Task> tasks, String directory) {
    super(tasks, directory);
    this.model = model;
    this.layers = new ArrayList<>(layers);
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
    return new Work(model, layers);
  }

  private static final class Work implements UnitWork<Task> {
    private static final long serialVersionUID = 1;

    private final ModelConfig model;
    private final ArrayList<String> wanted;
    private transient Trunk trunk;
    private transient String loaded;

    Work(ModelConfig model, ArrayList<String> wanted) {
      this.model = model;
      this.wanted = wanted;
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
      List<ConvLayer> all = trunk.convLayers();
      ConvLayer last = all.get(all.size() - 1);
      boolean lastBlock = wanted.contains(EvaluateTables.LAST_BLOCK);
      List<ConvLayer> layers = all.stream().filter(l -> wanted.contains(l.name())).toList();
      Map<String, FeaturePooling> poolings = new LinkedHashMap<>();
      Map<String, float[]> features = new LinkedHashMap<>();
      for (ConvLayer l : layers) {
        FeaturePooling pooling = FeaturePooling.of(l.channels(), l.height(), l.width());
        poolings.put(l.name(), pooling);
        features.put(l.name(), new float[Math.multiplyExact(images.size(), pooling.dim())]);
      }
      if (lastBlock) {
        int dim = last.channels() * (last.height() / 2) * (last.width() / 2);
        features.put(EvaluateTables.LAST_BLOCK, new float[Math.multiplyExact(images.size(), dim)]);
      }
      List<String> names = new ArrayList<>(poolings.keySet());
      if (lastBlock && !names.contains(last.name())) {
        names.add(last.name());
      }
      for (ImageBlock.Batch b :
          images.batches(model.imageSize(), trunk.inputChannels(), ImageBlock.INFERENCE_BATCH)) {
        Map<String, INDArray> activations = trunk.activations(b.input(), names);
        for (Map.Entry<String, FeaturePooling> p : poolings.entrySet()) {
          put(p.getValue().pool(activations.get(p.getKey())), b, features.get(p.getKey()));
        }
        if (lastBlock) {
          put(
              FeaturePooling.maxPool(activations.get(last.name())),
              b,
              features.get(EvaluateTables.LAST_BLOCK));
        }
        output.progress(b.from() + b.size(), images.size(), Map.of());
      }
      List<Part> parts = new ArrayList<>();
      for (Map.Entry<String, float[]> f : features.entrySet()) {
        parts.add(
            output.write(
                task.images().index(),
                Columns.of(
                        EvaluateTables.layer(task.network(), task.set(), f.getKey()), images.size())
                    .set("image_id", images.ids())
                    .set("feature", f.getValue())
                    .build()));
      }
      return parts;
    }

    private static void put(float[] rows, ImageBlock.Batch b, float[] features) {
      System.arraycopy(rows, 0, features, b.from() * (rows.length / b.size()), rows.length);
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
