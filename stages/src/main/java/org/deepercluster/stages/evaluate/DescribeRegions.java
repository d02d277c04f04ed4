package org.deepercluster.stages.evaluate;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.image.CropBox;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.Image;
import org.deepercluster.stages.image.Pixels;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Region vectors of all images, and of the queries' boxes in them. */
final class DescribeRegions extends StageTransform<DescribeRegions.Task> {
  private static final long serialVersionUID = 1;

  private final Work work;

  DescribeRegions(
      ModelConfig model,
      Retrieval config,
      String layer,
      ArrayList<Landmarks.Query> queries,
      List<Task> tasks,
      String directory) {
    super(tasks, directory);
    this.work = new Work(model, config, layer, queries);
  }

  /**
   * A block of images to be seen by a network.
   *
   * @param network whose activations are taken
   * @param set {@code train} or {@code test}
   * @param images file of the images table
   */
  record Task(Evaluation.Network network, String set, Part images) implements Serializable {}

  /**
   * A row for each region, an image's rows side by side; {@code query} is empty for the whole
   * image, or the query that is a part of it.
   */
  static TableSchema table(String network, String set) {
    return TableSchema.named(network + "-" + set + "-regions")
        .with("name", Type.STRING)
        .with("query", Type.STRING)
        .with("vector", Type.VECTOR)
        .build();
  }

  @Override
  protected UnitWork<Task> work() {
    return work;
  }

  private static final class Work implements UnitWork<Task> {
    private static final long serialVersionUID = 1;

    private final ModelConfig model;
    private final Retrieval config;
    private final String layer;
    private final ArrayList<Landmarks.Query> queries;
    private transient Trunk trunk;
    private transient String loaded;

    Work(ModelConfig model, Retrieval config, String layer, ArrayList<Landmarks.Query> queries) {
      this.model = model;
      this.config = config;
      this.layer = layer;
      this.queries = queries;
    }

    @Override
    public List<Part> process(Unit<Task> unit, Output output) throws Exception {
      Task task = unit.value();
      if (!task.network().checkpoint().equals(loaded)) {
        close();
        trunk = ModelFile.trunk(model, task.network().checkpoint(), 1);
        loaded = task.network().checkpoint();
      }
      Columns c = TableReader.read(task.images().path(), IngestTables.IMAGES);
      List<String> names = new ArrayList<>();
      List<String> parts = new ArrayList<>();
      List<float[]> vectors = new ArrayList<>();
      int channels = 0;
      for (int i = 0; i < c.rows(); i++) {
        Image image =
            new EncodedImage(
                    c.strings("encoding")[i],
                    c.ints("width")[i],
                    c.ints("height")[i],
                    c.ints("channels")[i],
                    c.bytes("bytes")[i])
                .decode();
        String uri = c.strings("uri")[i];
        String name = uri.replaceFirst(".*/", "").replaceFirst("\\.[^.]*$", "");
        List<String> queried = new ArrayList<>(List.of(""));
        List<CropBox> boxes = new ArrayList<>(List.of(CropBox.whole(image)));
        for (Landmarks.Query q : task.set().equals("test") ? queries : List.<Landmarks.Query>of()) {
          if (q.image().equals(name)) {
            queried.add(q.name());
            boxes.add(box(q, image));
          }
        }
        for (int b = 0; b < boxes.size(); b++) {
          INDArray map = map(image, boxes.get(b));
          channels = (int) map.size(1);
          float[] v =
              Rmac.vectors(
                  map.dup('c').ravel().toFloatVector(),
                  channels,
                  (int) map.size(2),
                  (int) map.size(3),
                  config.levels());
          for (int r = 0; r < v.length / channels; r++) {
            names.add(name);
            parts.add(queried.get(b));
          }
          vectors.add(v);
        }
        output.progress(i + 1, c.rows(), Map.of());
      }
      float[] all = new float[Math.multiplyExact(names.size(), channels)];
      int at = 0;
      for (float[] v : vectors) {
        System.arraycopy(v, 0, all, at, v.length);
        at += v.length;
      }
      return List.of(
          output.write(
              task.images().index(),
              Columns.of(table(task.network().name(), task.set()), names.size())
                  .set("name", names.toArray(String[]::new))
                  .set("query", parts.toArray(String[]::new))
                  .set("vector", all)
                  .build()));
    }

    /** A query's box, within the image and at least a pixel in each direction. */
    private static CropBox box(Landmarks.Query q, Image image) {
      int x = clamp((int) Math.floor(q.box().get(0)), image.width() - 1);
      int y = clamp((int) Math.floor(q.box().get(1)), image.height() - 1);
      int right = clamp((int) Math.ceil(q.box().get(2)), image.width());
      int bottom = clamp((int) Math.ceil(q.box().get(3)), image.height());
      return new CropBox(x, y, Math.max(1, right - x), Math.max(1, bottom - y));
    }

    private static int clamp(int v, int most) {
      return Math.max(0, Math.min(v, most));
    }

    /** Activations of a part, at the scale that the whole image is seen at. */
    private INDArray map(Image image, CropBox box) {
      int width = model.imageSize();
      int height = model.imageSize();
      if (trunk.takesAnySize()) {
        double scale = (double) config.maxSide() / Math.max(image.width(), image.height());
        width = Math.max(trunk.smallestSide(), (int) Math.round(box.width() * scale));
        height = Math.max(trunk.smallestSide(), (int) Math.round(box.height() * scale));
      }
      int channels = trunk.inputChannels();
      float[] x = Pixels.resized(image, box, width, height, channels);
      return trunk
          .activations(Nd4j.createFromArray(x).reshape(1, channels, height, width), List.of(layer))
          .get(layer);
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
