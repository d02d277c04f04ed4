package org.deepercluster.stages.augment;

import java.io.Serializable;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;

/** Random views: the crop, flip and rotation that each draw of an epoch gets. */
public record AugmentConfig(
    @Key(
            doc = "Smallest share of the image's area that a random crop covers.",
            def = "0.08",
            min = 0,
            max = 1,
            aboveMin = true)
        double cropScaleMin,
    @Key(
            doc = "Largest share of the image's area that a random crop covers.",
            def = "1.0",
            min = 0,
            max = 1,
            aboveMin = true)
        double cropScaleMax,
    @Key(
            doc = "Largest aspect ratio of a random crop; the smallest is its inverse.",
            def = "1.3333333333333333",
            min = 1,
            max = 10)
        double cropRatioMax,
    @Key(doc = "Flip half of the draws horizontally.", def = "true") boolean flip)
    implements Serializable {
  /** Checks ranges. */
  public AugmentConfig {
    Schema.check(AugmentConfig.class, cropScaleMin, cropScaleMax, cropRatioMax, flip);
    Schema.require(
        cropScaleMin <= cropScaleMax,
        "must be at least cropScaleMin = " + cropScaleMin + ", got " + cropScaleMax,
        "cropScaleMax",
        "cropScaleMin");
  }
}
