package org.deepercluster.stages.evaluate;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The labelled features of one layer of one network, as all measurements on them share them; not
 * for several threads.
 */
final class Features {
  private final String layer;
  private final Examples train;
  private final Examples test;
  private final Map<String, Object> derived = new HashMap<>();

  /**
   * Features.
   *
   * @param layer name of their layer
   * @param train to train classifiers on
   * @param test to test them on
   */
  Features(String layer, Examples train, Examples test) {
    this.layer = layer;
    this.train = train;
    this.test = test;
  }

  /** Name of the layer. */
  String layer() {
    return layer;
  }

  /** Features per image. */
  int dim() {
    return train.dim();
  }

  /** What classifiers are trained on, images with several classes included. */
  Examples trainExamples() {
    return train;
  }

  /** What they are tested on. */
  Examples testExamples() {
    return test;
  }

  /** The training images with their one label. */
  LabelledFeatures train() {
    return once("train", train::single);
  }

  /** The test images with their one label. */
  LabelledFeatures test() {
    return once("test", test::single);
  }

  /**
   * What is computed from the features once for all measurements.
   *
   * @param key name of it
   */
  @SuppressWarnings("unchecked")
  <T> T once(String key, Supplier<T> value) {
    return (T) derived.computeIfAbsent(key, k -> value.get());
  }
}
