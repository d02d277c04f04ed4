package org.deepercluster.stages.features;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.ingest.ImageBlock;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.ingest.SourceImage;
import org.deepercluster.stages.ingest.SourceImages;
import org.deepercluster.stages.ingest.SourceUnit;
import org.deepercluster.stages.model.ConvLayer;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableSchema;
import org.deepercluster.stages.table.TableWriter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Images of any collection → one vector each, straight from the files: for users who want features
 * and no experiment. Tables: {@link #VECTORS}, and {@link IngestTables#REJECTS} for images that
 * cannot be read.
 */
public final class EmbedImages extends StageTransform<SourceUnit> {
  private static final long serialVersionUID = 1;

  /** The trunk's output f_θ(x). */
  public static final String OUTPUT_LAYER = "features";

  /** One row per image: id, where it is, its vector. */
  public static final TableSchema VECTORS =
      TableSchema.named("vectors")
          .with("image_id", Type.STRING)
          .with("uri", Type.STRING)
          .with("vector", Type.VECTOR)
          .build();

  private final ModelConfig config;
  private final String model;
  private final String layer;

  /**
   * The transform, with a model that was exported.
   *
   * @param model URI of a {@code model.safetensors}
   * @param layer {@link #OUTPUT_LAYER}, or a convolution such as {@code conv5}: its activations
   *     after the ReLU, average-pooled below 10,000 values as for the linear classifiers
   * @param units of the collection
   * @param directory URI of the folder to write to
   */
  public EmbedImages(String model, String layer, List<SourceUnit> units, String directory) {
    this(null, model, layer, units, directory);
  }

  /**
   * The transform, with the network of a training state: its output, in the bits that {@link
   * FeaturesStage} gives.
   *
   * @param config its architecture
   * @param checkpoint URI of the training state
   * @param units of the collection
   * @param directory URI of the folder to write to
   */
  public EmbedImages(
      ModelConfig config, String checkpoint, List<SourceUnit> units, String directory) {
    this(config, checkpoint, OUTPUT_LAYER, units, directory);
  }

  private EmbedImages(
      ModelConfig config, String model, String layer, List<SourceUnit> units, String directory) {
    super(units, directory);
    this.config = config;
    this.model = model;
    this.layer = layer;
  }

  /** Names of the layers that a trunk has. */
  public static List<String> layers(Trunk trunk) {
    List<String> names = new ArrayList<>();
    trunk.convLayers().forEach(l -> names.add(l.name()));
    names.add(OUTPUT_LAYER);
    return names;
  }

  /** Length of a layer's vectors. */
  public static int dimension(Trunk trunk, String layer) {
    FeaturePooling pooling = EmbedImages.pooling(trunk, layer);
    return pooling == null ? trunk.featureDim() : pooling.dim();
  }

  private static FeaturePooling pooling(Trunk trunk, String layer) {
    for (ConvLayer l : trunk.convLayers()) {
      if (l.name().equals(layer)) {
        return FeaturePooling.of(l.channels(), l.height(), l.width());
      }
    }
    return null;
  }

  @Override
  protected UnitWork<SourceUnit> work() {
    return new Work(config, model, layer);
  }

  private static final class Work implements UnitWork<SourceUnit> {
    private static final long serialVersionUID = 1;
    private static final int BATCH = ImageBlock.INFERENCE_BATCH;

    private final ModelConfig config;
    private final String model;
    private final String layer;
    private transient Trunk trunk;
    private transient FeaturePooling pooling;

    Work(ModelConfig config, String model, String layer) {
      this.config = config;
      this.model = model;
      this.layer = layer;
    }

    @Override
    public void open() throws Exception {
      trunk = config == null ? ModelFile.load(model, 1) : ModelFile.trunk(config, model, 1);
      pooling = EmbedImages.pooling(trunk, layer);
    }

    @Override
    public List<Part> process(Unit<SourceUnit> unit, Output output) throws Exception {
      List<SourceImage> rejects = new ArrayList<>();
      List<Part> parts = new ArrayList<>();
      long rows = 0;
      try (TableWriter vectors = output.open(VECTORS, unit.index());
          SourceImages source = unit.value().open()) {
        List<SourceImage> batch = new ArrayList<>();
        for (SourceImage image = source.next(); image != null; image = source.next()) {
          if (image.rejection() != null) {
            rejects.add(image);
            continue;
          }
          batch.add(image);
          if (batch.size() == BATCH) {
            rows += append(vectors, batch);
            output.progress(rows + rejects.size(), unit.value().size(), Map.of());
          }
        }
        rows += append(vectors, batch);
        if (rows > 0) {
          parts.add(vectors.finish());
        }
      }
      if (!rejects.isEmpty()) {
        parts.add(output.write(unit.index(), IngestTables.rejects(rejects)));
      }
      return parts;
    }

    private int append(TableWriter out, List<SourceImage> batch) throws Exception {
      int n = batch.size();
      if (n == 0) {
        return 0;
      }
      ImageBlock block = ImageBlock.of(batch.stream().map(SourceImage::image).toList());
      INDArray x =
          block
              .batches(trunk.config().imageSize(), trunk.inputChannels(), n)
              .iterator()
              .next()
              .input();
      float[] v =
          pooling == null
              ? trunk.features(x).dup('c').data().asFloat()
              : pooling.pool(trunk.activations(x, List.of(layer)).get(layer));
      out.append(
          Columns.of(VECTORS, n)
              .set("image_id", batch.stream().map(SourceImage::id).toArray(String[]::new))
              .set("uri", batch.stream().map(SourceImage::uri).toArray(String[]::new))
              .set("vector", v)
              .build());
      batch.clear();
      return n;
    }

    @Override
    public void close() {
      trunk.close();
    }
  }
}
