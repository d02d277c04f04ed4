package org.deepercluster.stages.features;

import java.util.List;
import java.util.Map;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.ingest.ImageBlock;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.nd4j.linalg.api.ndarray.INDArray;

/** f_θ of every image of a block, un-rotated, in inference mode (step 1.a of the method). */
final class ExtractFeatures extends StageTransform<Part> {
  private static final long serialVersionUID = 1;

  private final ModelConfig model;
  private final String checkpoint;

  /**
   * The transform.
   *
   * @param model architecture
   * @param checkpoint URI of the weights
   * @param images files of the images table
   */
  ExtractFeatures(ModelConfig model, String checkpoint, List<Part> images, String directory) {
    super(images, directory);
    this.model = model;
    this.checkpoint = checkpoint;
  }

  @Override
  public boolean keepsUnits() {
    return true;
  }

  @Override
  protected UnitWork<Part> work() {
    return new Work(model, checkpoint);
  }

  private static final class Work implements UnitWork<Part> {
    private static final long serialVersionUID = 1;

    private final ModelConfig model;
    private final String checkpoint;
    private transient Trunk trunk;

    Work(ModelConfig model, String checkpoint) {
      this.model = model;
      this.checkpoint = checkpoint;
    }

    @Override
    public void open() throws Exception {
      trunk = ModelFile.trunk(model, checkpoint, 1);
    }

    @Override
    public List<Part> process(Unit<Part> unit, Output output) throws Exception {
      ImageBlock images = ImageBlock.read(unit.value());
      int d = trunk.featureDim();
      float[] features = new float[Math.multiplyExact(images.size(), d)];
      for (ImageBlock.Batch b :
          images.batches(model.imageSize(), trunk.inputChannels(), ImageBlock.INFERENCE_BATCH)) {
        INDArray f = trunk.features(b.input());
        System.arraycopy(f.dup('c').data().asFloat(), 0, features, b.from() * d, b.size() * d);
        output.progress(b.from() + b.size(), images.size(), Map.of());
      }
      return List.of(
          output.write(
              unit.value().index(),
              Columns.of(FeatureTables.FEATURES, images.size())
                  .set("image_id", images.ids())
                  .set("feature", features)
                  .build()));
    }

    @Override
    public void close() {
      trunk.close();
    }
  }
}
