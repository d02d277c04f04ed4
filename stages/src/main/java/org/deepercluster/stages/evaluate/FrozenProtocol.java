package org.deepercluster.stages.evaluate;

import java.util.List;

/**
 * A protocol on the features of a frozen network, which are computed once for all layers: each
 * image as it is seen in inference, activations pooled. Every layer, network and repetition is a
 * unit of work.
 */
public sealed interface FrozenProtocol extends Protocol
    permits EvaluateConfig.Linear, EvaluateConfig.LowShot, EvaluateConfig.Knn {

  /**
   * Layers to measure: {@code all} convolutions, the {@code last} one, {@code last-block} (the
   * output of the last block after its max pooling), or names with commas between.
   */
  String layers();

  /** Repetitions that do not depend on one another; at least 1. */
  default int repetitions() {
    return 1;
  }

  /**
   * Measures one layer of one network.
   *
   * @param name of the protocol's instance
   * @param train labelled features to train on
   * @param test labelled features to test on
   * @param layer their layer
   * @param repetition from 0
   * @param seed of the evaluation: the same for all networks, layers and repetitions
   */
  List<Result> probe(
      String name, Examples train, Examples test, String layer, int repetition, long seed);

  @Override
  default List<Measurement> measure(Evaluation evaluation) throws Exception {
    return Probe.measure(evaluation, List.of(new Probe.Named(evaluation.name(), this)), List.of());
  }
}
