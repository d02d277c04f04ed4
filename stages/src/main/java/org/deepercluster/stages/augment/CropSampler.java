package org.deepercluster.stages.augment;

import java.util.SplittableRandom;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.image.CropBox;

/**
 * Random resized crops (Szegedy et al., CVPR 2015; the rule of torchvision's {@code
 * RandomResizedCrop}) and flips. Up to ten times, an area is drawn uniformly between the two scales
 * and an aspect ratio log-uniformly between 1/ratio and ratio; the first box that fits is put at a
 * uniformly random place. If none fits: the largest centred box whose ratio is allowed.
 *
 * <p>A view depends on its draw's seed and the image's sides alone.
 */
public final class CropSampler {
  private static final int ATTEMPTS = 10;

  private final AugmentConfig config;

  /**
   * What one draw shows of its image, before its rotation.
   *
   * @param crop in pixels of the decoded image
   * @param flip mirrored left and right
   */
  public record View(CropBox crop, boolean flip) {}

  /**
   * A sampler.
   *
   * @throws IllegalArgumentException unless 0 &lt; cropScaleMin ≤ cropScaleMax ≤ 1 and cropRatioMax
   *     ≥ 1
   */
  public CropSampler(AugmentConfig config) {
    double min = config.cropScaleMin();
    double max = config.cropScaleMax();
    if (!(min > 0 && min <= max && max <= 1)) {
      throw new IllegalArgumentException(
          "cropScaleMin " + min + " and cropScaleMax " + max + ": need 0 < min ≤ max ≤ 1");
    }
    if (!(config.cropRatioMax() >= 1)) {
      throw new IllegalArgumentException(
          "cropRatioMax " + config.cropRatioMax() + ": must be at least 1");
    }
    this.config = config;
  }

  /**
   * Seed of the draw at {@code position}: what the draw table stores.
   *
   * @param epochSeed the stream of this epoch
   * @param position position in the epoch, over all shares
   */
  public static long drawSeed(long epochSeed, long position) {
    return Seeds.of(Seeds.of(epochSeed, "views"), position);
  }

  /**
   * The view of one draw.
   *
   * @param width columns of the image
   * @param height rows of the image
   * @param drawSeed see {@link #drawSeed}
   */
  public View view(int width, int height, long drawSeed) {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "image of " + width + "×" + height + " pixels: both sides must be at least 1");
    }
    SplittableRandom random = Seeds.random(drawSeed);
    boolean flip = random.nextBoolean() && config.flip();
    return new View(crop(width, height, random), flip);
  }

  private CropBox crop(int width, int height, SplittableRandom random) {
    double ratio = config.cropRatioMax();
    double logRatio = StrictMath.log(ratio);
    double scales = config.cropScaleMax() - config.cropScaleMin();
    for (int i = 0; i < ATTEMPTS; i++) {
      double area =
          (double) width * height * (config.cropScaleMin() + random.nextDouble() * scales);
      double aspect = StrictMath.exp(logRatio * (2 * random.nextDouble() - 1));
      int w = (int) Math.rint(Math.sqrt(area * aspect));
      int h = (int) Math.rint(Math.sqrt(area / aspect));
      if (w > 0 && w <= width && h > 0 && h <= height) {
        return new CropBox(random.nextInt(width - w + 1), random.nextInt(height - h + 1), w, h);
      }
    }
    int w = (int) Math.max(1, Math.min(width, Math.rint(height * ratio)));
    int h = (int) Math.max(1, Math.min(height, Math.rint(width * ratio)));
    return new CropBox((width - w) / 2, (height - h) / 2, w, h);
  }
}
