package org.deepercluster.stages.train;

import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.TableSchema;

/** The table that training writes beside its weights. */
public final class TrainTables {
  /**
   * One row per step and worker: losses are means over the worker's batch, {@code *_correct} how
   * many of its images were told right (with several heads, {@code sub_correct} is their sum);
   * {@code super_*} are 0 without V, {@code sub_*} without W.
   */
  public static final TableSchema STEPS =
      TableSchema.named("steps")
          .with("worker", Type.INT)
          .with("step", Type.LONG)
          .with("images", Type.INT)
          .with("lr", Type.DOUBLE)
          .with("super_loss", Type.DOUBLE)
          .with("sub_loss", Type.DOUBLE)
          .with("super_correct", Type.INT)
          .with("sub_correct", Type.INT)
          .build();

  private TrainTables() {}
}
