package org.deepercluster.stages.evaluate;

import java.io.IOException;
import java.util.Map;
import java.util.function.Function;
import org.deepercluster.stages.augment.AugmentConfig;
import org.deepercluster.stages.augment.CropSampler;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.image.Image;
import org.deepercluster.stages.image.Pixels;
import org.deepercluster.stages.train.Batch;
import org.deepercluster.stages.train.EpochBatches;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Scores of images: the sum of a network's logits over several views of each, in inference mode. An
 * image is decoded once for all its views.
 */
final class ViewScores {
  /**
   * Views per inference call, about: fixed, so that results do not depend on where they are made.
   */
  private static final int VIEWS = 64;

  private ViewScores() {}

  /** Writes view {@code v} of an image, from {@code offset} on. */
  @FunctionalInterface
  interface View {
    void write(Image pixels, int image, int v, int size, int channels, float[] out, int offset);
  }

  /**
   * The views of an image.
   *
   * @param count how many
   * @param view writes one of them
   */
  record Views(int count, View view) {}

  /** The centre view alone. */
  static Views centre() {
    return new Views(
        1,
        (pixels, image, v, size, channels, out, offset) ->
            Pixels.centreView(pixels, size, channels, out, offset));
  }

  /** The classical ten: corners and centre, upright and mirrored. */
  static Views ten() {
    return new Views(
        Pixels.TEN,
        (pixels, image, v, size, channels, out, offset) ->
            Pixels.tenView(pixels, v, size, channels, out, offset));
  }

  /** Random views, drawn as in training. */
  static Views random(int count, AugmentConfig views, long seed) {
    CropSampler sampler = new CropSampler(views);
    return new Views(
        count,
        (pixels, image, v, size, channels, out, offset) -> {
          CropSampler.View view =
              sampler.view(
                  pixels.width(), pixels.height(), Seeds.of(Seeds.of(seed, (long) v), image));
          Pixels.randomView(pixels, view.crop(), view.flip(), 0, size, channels, out, offset);
        });
  }

  /** Takes the scores of an image: the sum of its views' logits, valid during the call only. */
  @FunctionalInterface
  interface Receiver {
    void accept(int image, double[] scores);
  }

  /**
   * Gives the scores of all images, one after the other.
   *
   * @param input whose size and channels the views have
   * @param logits of a batch of views, b × K row-major
   * @param threads that make views ahead
   * @param watcher told after each batch
   */
  static void each(
      ViewLearner input,
      Function<INDArray, float[]> logits,
      LabelledImages images,
      Views views,
      int threads,
      ViewTraining.Watcher watcher,
      Receiver receiver)
      throws IOException {
    int n = images.count();
    if (n == 0) {
      return;
    }
    int count = views.count();
    int size = input.size();
    int channels = input.channels();
    int values = channels * size * size;
    int[] all = new int[n];
    for (int i = 0; i < n; i++) {
      all[i] = i;
    }
    int perBatch = Math.max(1, VIEWS / count);
    try (EpochBatches batches =
        EpochBatches.open(
            all,
            all,
            perBatch,
            count * values,
            (begin, end, x) -> {
              for (int i = begin; i < end; i++) {
                Image pixels = images.get(i).decode();
                for (int v = 0; v < count; v++) {
                  int at = ((i - begin) * count + v) * values;
                  views.view().write(pixels, i, v, size, channels, x, at);
                }
              }
            },
            0,
            EpochBatches.count(n, perBatch),
            threads)) {
      while (batches.hasNext()) {
        Batch batch = batches.next();
        float[] z;
        try (INDArray x = ViewTraining.input(batch.x(), batch.size() * count, input)) {
          z = logits.apply(x);
        }
        int outputs = z.length / (batch.size() * count);
        for (int i = 0, at = 0; i < batch.size(); i++) {
          double[] scores = new double[outputs];
          for (int v = 0; v < count; v++) {
            for (int k = 0; k < outputs; k++) {
              scores[k] += z[at++];
            }
          }
          receiver.accept(batch.superClass()[i], scores);
        }
        watcher.step(batch.superClass()[batch.size() - 1] + 1, n, Map.of());
      }
    }
  }
}
