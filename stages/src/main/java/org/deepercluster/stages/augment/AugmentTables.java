package org.deepercluster.stages.augment;

import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.TableSchema;

/** The table that augmentation writes. */
public final class AugmentTables {
  /**
   * One row per draw of the epoch; file w is the share of training worker w, in the order in which
   * it trains. {@code block} and {@code row} are where the image is in the images table; the crop
   * is in pixels of the image; {@code rotation} counts quarter turns counter-clockwise; {@code
   * seed} is the draw's own.
   */
  public static final TableSchema DRAWS =
      TableSchema.named("draws")
          .with("position", Type.LONG)
          .with("image_id", Type.STRING)
          .with("block", Type.INT)
          .with("row", Type.INT)
          .with("crop_x", Type.INT)
          .with("crop_y", Type.INT)
          .with("crop_width", Type.INT)
          .with("crop_height", Type.INT)
          .with("flip", Type.BOOLEAN)
          .with("rotation", Type.INT)
          .with("super_class", Type.INT)
          .with("sub_class", Type.INT)
          .with("seed", Type.LONG)
          .build();

  /**
   * The draw table with the targets of several heads: {@code sub_class} of head 0, {@code
   * sub_class_1} of head 1, and so on.
   *
   * @param heads H, at least 1
   */
  public static TableSchema draws(int heads) {
    return DRAWS.repeat("sub_class", heads);
  }

  private AugmentTables() {}
}
