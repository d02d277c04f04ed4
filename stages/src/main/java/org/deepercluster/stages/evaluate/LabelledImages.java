package org.deepercluster.stages.evaluate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deepercluster.stages.augment.CropSampler;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.Pixels;
import org.deepercluster.stages.ingest.ImageStore;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * The labelled images of a collection, in its order, numbered from 0, with views of them. Views are
 * made by any number of threads.
 */
final class LabelledImages implements AutoCloseable {
  private final ImageStore store;
  private final int[] blocks;
  private final int[] rows;
  private final TransferLabels labels;

  private LabelledImages(ImageStore store, int[] blocks, int[] rows, TransferLabels labels) {
    this.store = store;
    this.blocks = blocks;
    this.rows = rows;
    this.labels = labels;
  }

  /**
   * Images with one label each; those without are left out.
   *
   * @param images files of the images table
   * @param labels files of the labels table
   * @param classes number of classes
   * @param chosen ids of the images to take, or null for all
   * @param purpose what needs one label, for the message where an image has several
   */
  static LabelledImages single(
      List<Part> images,
      List<Part> labels,
      int classes,
      java.util.Set<String> chosen,
      String purpose)
      throws IOException, StageException {
    Map<String, Integer> byId = new HashMap<>(IngestTables.labelsById(labels, purpose));
    if (chosen != null) {
      byId.keySet().retainAll(chosen);
    }
    Places places = Places.of(images, byId.keySet());
    int[] label = new int[places.ids().size()];
    for (int i = 0; i < label.length; i++) {
      label[i] = byId.get(places.ids().get(i));
    }
    return places.open(images, new TransferLabels.Single(label, classes));
  }

  /**
   * Images with any number of labels each, even none: a class that an image has no row of is
   * absent, one whose row says difficult is ignored.
   *
   * @param images files of the images table
   * @param labels files of the labels table
   * @param classes number of classes
   * @param chosen ids of the images to take, or null for all
   */
  static LabelledImages multi(List<Part> images, List<Part> labels, int classes, Set<String> chosen)
      throws IOException {
    Places places = Places.of(images, chosen);
    byte[] state = new byte[Math.multiplyExact(places.ids().size(), classes)];
    Arrays.fill(state, TransferLabels.Multi.ABSENT);
    Map<String, Integer> number = new HashMap<>();
    for (int i = 0; i < places.ids().size(); i++) {
      number.put(places.ids().get(i), i);
    }
    Columns c = TableReader.read(labels, IngestTables.LABELS, "image_id", "label", "difficult");
    for (int r = 0; r < c.rows(); r++) {
      Integer i = number.get(c.strings("image_id")[r]);
      if (i != null) {
        state[i * classes + c.ints("label")[r]] =
            c.ints("difficult")[r] == 0
                ? TransferLabels.Multi.PRESENT
                : TransferLabels.Multi.IGNORED;
      }
    }
    return places.open(images, new TransferLabels.Multi(state, classes));
  }

  /** Where images are. */
  private record Places(List<String> ids, List<int[]> at) {
    /** Those of the images table that were chosen; all for null. */
    static Places of(List<Part> images, Set<String> chosen) throws IOException {
      Places places = new Places(new ArrayList<>(), new ArrayList<>());
      for (Part p : images) {
        String[] ids =
            TableReader.read(List.of(p), IngestTables.IMAGES, "image_id").strings("image_id");
        for (int r = 0; r < ids.length; r++) {
          if (chosen == null || chosen.contains(ids[r])) {
            places.ids.add(ids[r]);
            places.at.add(new int[] {p.index(), r});
          }
        }
      }
      return places;
    }

    LabelledImages open(List<Part> images, TransferLabels labels) {
      return new LabelledImages(
          new ImageStore(images, Runtime.getRuntime().maxMemory() / 4),
          at.stream().mapToInt(a -> a[0]).toArray(),
          at.stream().mapToInt(a -> a[1]).toArray(),
          labels);
    }
  }

  /** Number of images. */
  int count() {
    return blocks.length;
  }

  /** What they show. */
  TransferLabels labels() {
    return labels;
  }

  /** One image, encoded. */
  EncodedImage get(int image) throws IOException {
    return store.get(blocks[image], rows[image]);
  }

  /** Writes the random view of an image that {@code drawSeed} draws. */
  void randomView(
      int image,
      CropSampler sampler,
      long drawSeed,
      int size,
      int channels,
      float[] out,
      int offset)
      throws IOException {
    EncodedImage encoded = get(image);
    CropSampler.View view = sampler.view(encoded.width(), encoded.height(), drawSeed);
    Pixels.randomView(encoded.decode(), view.crop(), view.flip(), 0, size, channels, out, offset);
  }

  @Override
  public void close() throws IOException {
    store.close();
  }
}
