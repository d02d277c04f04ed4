package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.Pixels;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The images of one file of the images table, encoded, in memory. */
public final class ImageBlock {
  /** Images per inference call; fixed, so that results do not depend on where they are made. */
  public static final int INFERENCE_BATCH = 64;

  private final String[] ids;
  private final String[] uris;
  private final List<EncodedImage> images;

  private ImageBlock(String[] ids, String[] uris, List<EncodedImage> images) {
    this.ids = ids;
    this.uris = uris;
    this.images = images;
  }

  /**
   * A run of images as network input.
   *
   * @param from index of its first image in the block
   * @param size number of images
   * @param input float32[size][c][h][w], normalised centre views
   */
  public record Batch(int from, int size, INDArray input) {}

  /** Reads a file of the images table. */
  public static ImageBlock read(Part part) throws IOException {
    return of(TableReader.read(part.path(), IngestTables.IMAGES));
  }

  /** The images of rows of the images table. */
  public static ImageBlock of(Columns c) {
    List<EncodedImage> images = new ArrayList<>(c.rows());
    for (int r = 0; r < c.rows(); r++) {
      images.add(
          new EncodedImage(
              c.strings("encoding")[r],
              c.ints("width")[r],
              c.ints("height")[r],
              c.ints("channels")[r],
              c.bytes("bytes")[r]));
    }
    return new ImageBlock(c.strings("image_id"), c.strings("uri"), images);
  }

  /** Images without ids, such as those that come straight from their files. */
  public static ImageBlock of(List<EncodedImage> images) {
    return new ImageBlock(new String[0], new String[0], List.copyOf(images));
  }

  /** Number of images. */
  public int size() {
    return images.size();
  }

  /** Their ids, in order. */
  public String[] ids() {
    return ids;
  }

  /** Where they came from, in order. */
  public String[] uris() {
    return uris;
  }

  /** One image, encoded. */
  public EncodedImage get(int row) {
    return images.get(row);
  }

  /**
   * Centre views of all images, batch after batch.
   *
   * @param size side of the network's input in pixels
   * @param channels of the network's input, 1 or 3
   * @param batch images per batch; the last may be smaller
   */
  public Iterable<Batch> batches(int size, int channels, int batch) {
    int values = channels * size * size;
    return () ->
        new Iterator<>() {
          private int at;

          @Override
          public boolean hasNext() {
            return at < images.size();
          }

          @Override
          public Batch next() {
            if (!hasNext()) {
              throw new NoSuchElementException();
            }
            int n = Math.min(batch, images.size() - at);
            float[] x = new float[n * values];
            for (int i = 0; i < n; i++) {
              Pixels.centreView(images.get(at + i), size, channels, x, i * values);
            }
            Batch b = new Batch(at, n, Nd4j.createFromArray(x).reshape(n, channels, size, size));
            at += n;
            return b;
          }
        };
  }
}
