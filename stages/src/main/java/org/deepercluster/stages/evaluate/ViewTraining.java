package org.deepercluster.stages.evaluate;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deepercluster.stages.augment.AugmentConfig;
import org.deepercluster.stages.augment.CropSampler;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.model.Safetensors;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Paths;
import org.deepercluster.stages.table.TableWriter;
import org.deepercluster.stages.train.Batch;
import org.deepercluster.stages.train.EpochBatches;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Trains a learner on random views of labelled images: epoch after epoch all images in a new order,
 * each once, with a new crop and flip. After every so many steps the state is written to a folder;
 * who comes next, after a kill at any moment, goes on from there, and gets the same bits.
 *
 * @param steps in all
 * @param batchSize images per step; the last batch of an epoch may be smaller, and takes in a
 *     single image that would be left over
 * @param views crops and flips
 * @param keepEvery steps between two states that are kept
 * @param threads that make views ahead
 * @param seed of orders, crops and flips
 */
record ViewTraining(
    long steps, int batchSize, AugmentConfig views, int keepEvery, int threads, long seed)
    implements Serializable {
  /** Points of the course. */
  private static final int POINTS = 100;

  /** Told how far a training is. */
  @FunctionalInterface
  interface Watcher {
    void step(long done, long total, Map<String, Double> losses) throws IOException;
  }

  /**
   * The course of a training: about a hundred points, each the mean of the losses since the one
   * before.
   *
   * @param step steps done
   * @param losses as the learner names them
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared by value
  record Point(@JsonProperty("step") long step, @JsonProperty("losses") double[] losses) {}

  /** Steps of one epoch. */
  static int stepsPerEpoch(int images, int batchSize) {
    return EpochBatches.count(images, batchSize);
  }

  /**
   * Runs it, or what is left of it.
   *
   * @param images at least one
   * @param keep where states are kept
   * @return the course
   */
  List<Point> run(ViewLearner learner, LabelledImages images, Keep keep, Watcher watcher)
      throws IOException {
    if (images.count() == 0) {
      throw new IllegalArgumentException("training needs at least one labelled image, got none");
    }
    int perEpoch = stepsPerEpoch(images.count(), batchSize);
    long window = Math.max(1, steps / POINTS);
    List<String> names = learner.losses();
    Saved saved = keep.load(learner);
    List<Point> course = new ArrayList<>(saved.course());
    double[] sums = saved.sums().length == 0 ? new double[names.size()] : saved.sums();
    long since = saved.since();
    long t = saved.step();
    while (t < steps) {
      long epoch = t / perEpoch;
      int first = (int) (t % perEpoch);
      int end = (int) Math.min(perEpoch, first + steps - t);
      try (EpochBatches batches = batches(learner, images, epoch, first, end)) {
        while (batches.hasNext()) {
          Batch batch = batches.next();
          double[] losses;
          try (INDArray x = input(batch.x(), batch.size(), learner)) {
            losses = learner.step(x, batch.superClass(), t++);
          }
          Map<String, Double> shown = new TreeMap<>();
          for (int i = 0; i < losses.length; i++) {
            sums[i] += losses[i];
            shown.put(names.get(i), losses[i]);
          }
          since++;
          if (t % window == 0 || t == steps) {
            double[] means = new double[sums.length];
            for (int i = 0; i < means.length; i++) {
              means[i] = sums[i] / since;
            }
            course.add(new Point(t, means));
            sums = new double[sums.length];
            since = 0;
          }
          if (t % keepEvery == 0 || t == steps) {
            keep.save(learner, t, course, sums, since);
          }
          watcher.step(t, steps, shown);
        }
      }
    }
    return course;
  }

  private EpochBatches batches(
      ViewLearner learner, LabelledImages images, long epoch, int first, int end) {
    int[] order = new int[images.count()];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    long epochSeed = Seeds.of(seed, epoch);
    Seeds.shuffle(order, 0, order.length, Seeds.random(Seeds.of(epochSeed, "order")));
    CropSampler sampler = new CropSampler(views);
    int size = learner.size();
    int channels = learner.channels();
    int values = channels * size * size;
    // A draw's target is the image itself: what it is taught is the learner's business.
    return EpochBatches.open(
        order,
        order,
        batchSize,
        values,
        (begin, to, x) -> {
          for (int i = begin; i < to; i++) {
            images.randomView(
                order[i],
                sampler,
                CropSampler.drawSeed(epochSeed, i),
                size,
                channels,
                x,
                (i - begin) * values);
          }
        },
        first,
        end,
        threads);
  }

  static INDArray input(float[] x, int images, ViewLearner learner) {
    return Nd4j.createFromArray(x)
        .reshape('c', images, learner.channels(), learner.size(), learner.size());
  }

  /**
   * What is kept of an unfinished training, beside the learner's state.
   *
   * @param step steps done
   * @param file URI of the state; empty at the start
   * @param course so far
   * @param sums of the losses since its last point
   * @param since steps since then
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared by value
  private record Saved(
      @JsonProperty("step") long step,
      @JsonProperty("file") String file,
      @JsonProperty("course") List<Point> course,
      @JsonProperty("sums") double[] sums,
      @JsonProperty("since") long since) {}

  /**
   * A place for the state of one training. The record of a state is written after it and as a
   * whole, and states have names that no other attempt uses.
   *
   * @param directory URI of a folder
   * @param name of the training, the same for every attempt
   */
  record Keep(String directory, String name) implements Serializable {
    private Saved load(ViewLearner learner) throws IOException {
      if (!Files.exists(path())) {
        return new Saved(0, "", List.of(), new double[0], 0);
      }
      Saved saved = Json.read(path(), Saved.class);
      try (InputStream in = new BufferedInputStream(Files.open(saved.file()), 1 << 20)) {
        learner.restore(Safetensors.read(in));
      }
      return saved;
    }

    private void save(ViewLearner learner, long step, List<Point> course, double[] sums, long since)
        throws IOException {
      String before = Files.exists(path()) ? Json.read(path(), Saved.class).file() : null;
      var state = new LinkedHashMap<>(learner.state());
      String file =
          TableWriter.writeFile(
                  directory, name, 0, "safetensors", out -> Safetensors.write(out, state, Map.of()))
              .path();
      Json.write(path(), new Saved(step, file, course, sums, since));
      if (before != null) {
        Files.delete(List.of(before));
      }
    }

    private String path() {
      return Paths.join(directory, name + ".json");
    }
  }
}
