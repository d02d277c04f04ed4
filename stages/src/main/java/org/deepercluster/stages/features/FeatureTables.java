package org.deepercluster.stages.features;

import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.TableSchema;

/** The table that feature extraction writes. */
public final class FeatureTables {
  /** One row per image, in the order and blocks of the images table: f_θ(x), d floats. */
  public static final TableSchema FEATURES =
      TableSchema.named("features")
          .with("image_id", Type.STRING)
          .with("feature", Type.VECTOR)
          .build();

  private FeatureTables() {}
}
