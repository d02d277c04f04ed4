package org.deepercluster.stages.evaluate;

import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.TableSchema;

/** The tables of the evaluation. */
public final class EvaluateTables {
  /**
   * One row per measurement. {@code network} is {@code trained} or {@code random} (untrained);
   * {@code layer} is empty for a measurement of the whole network; {@code sd} is NaN where the
   * value is no mean over repetitions. Accuracies are in percent.
   */
  public static final TableSchema RESULTS =
      TableSchema.named("results")
          .with("network", Type.STRING)
          .with("protocol", Type.STRING)
          .with("metric", Type.STRING)
          .with("layer", Type.STRING)
          .with("value", Type.DOUBLE)
          .with("sd", Type.DOUBLE)
          .build();

  /**
   * Losses of one training over its steps: a row per loss and point. {@code metric} ends with the
   * training's name, as in {@code loss/trained-0}; it is not kept.
   */
  static final TableSchema COURSE =
      TableSchema.named("course")
          .with("metric", Type.STRING)
          .with("step", Type.LONG)
          .with("value", Type.DOUBLE)
          .build();

  /** Stands for a layer's name: the output of the last block, after its max pooling. */
  static final String LAST_BLOCK = "last-block";

  private EvaluateTables() {}

  /** Pooled activations of one layer; files are those of a network and a set of labelled images. */
  static TableSchema layer(String network, String set, String conv) {
    return TableSchema.named(network + "-" + set + "-" + conv)
        .with("image_id", Type.STRING)
        .with("feature", Type.VECTOR)
        .build();
  }
}
