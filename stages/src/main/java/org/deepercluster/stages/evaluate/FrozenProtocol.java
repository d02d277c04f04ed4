package org.deepercluster.stages.evaluate;

import java.util.List;

/**
 * A protocol on the features of a frozen network, which are computed once for all layers: each
 * image as it is seen in inference, activations pooled. Every layer and network has units of work
 * of its own.
 */
public sealed interface FrozenProtocol extends Protocol
    permits EvaluateConfig.Linear, EvaluateConfig.LowShot, EvaluateConfig.Knn, Svm {

  /**
   * Layers to measure: {@code all} convolutions, the {@code last} one, {@code last-block} (the
   * output of the last block after its max pooling), or names with commas between.
   */
  String layers();

  /**
   * Units of work of a layer: repetitions, classes, or whatever does not depend on the others.
   *
   * @param classes of the labels
   * @return at least 1
   */
  default int units(int classes) {
    return 1;
  }

  /**
   * Does one unit of one layer of one network.
   *
   * @param name of the protocol's instance
   * @param features the layer's
   * @param unit from 0
   * @param seed of the evaluation: the same for all networks, layers and units
   */
  List<Result> probe(String name, Features features, int unit, long seed);

  /** The results that the rows of all units make, each under its name. */
  default List<Measurement> results(List<Measurement> rows) {
    return Measurement.means(rows);
  }

  @Override
  default List<Measurement> measure(Evaluation evaluation) throws Exception {
    return Probe.measure(evaluation, List.of(new Probe.Named(evaluation.name(), this)), List.of());
  }
}
