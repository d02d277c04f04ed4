package org.deepercluster.stages.ingest;

import java.io.Serializable;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.image.ImageCodec;
import org.deepercluster.stages.image.ImageRules;

/** One collection of images: where it is and how it is laid out. */
public record DataConfig(
    @Key(
            doc =
                "Layout of the collection: `idx` (MNIST's IDX files, gzip or plain), `images` (a"
                    + " folder tree of JPEG and PNG files), `imagenet` (ImageNet of"
                    + " 2012), `voc` (Pascal VOC), `webdataset` (tar"
                    + " shards), `zip` (one zip or a folder of them).",
            oneOf = {"idx", "images", "imagenet", "voc", "webdataset", "zip"})
        String format,
    @Key(
            doc =
                "The images: an IDX file for `idx`; for `zip` and `webdataset` a file, a folder or"
                    + " a pattern such as `train-{000..012}.tar`; a folder for the others. Relative paths are"
                    + " relative to the YAML file; any Beam file system works.")
        String path,
    @Key(
            doc =
                "Labels: for `idx` an IDX label file; for `images` and `zip` the word `folders` makes"
                    + " each top-level folder a class; for `webdataset` `cls` or `json:<field>`;"
                    + " other formats bring their labels with them. Only"
                    + " evaluation, the report and `method: supervised` read them.",
            def = Key.NONE)
        String labels,
    @Key(
            doc =
                "Which part of a collection that is published in parts; required there, and to be"
                    + " left out elsewhere. `imagenet`: `train` or `val`; `voc`: `train`, `val`, `trainval` or `test`.",
            def = Key.NONE)
        String split,
    @Key(
            doc = "Use only the first so many images, by order of path or index.",
            def = Key.NONE,
            min = 1)
        Long limit,
    @Key(
            doc = "Largest share of candidate images that may be rejected before the run stops.",
            def = "0.05",
            min = 0,
            max = 1)
        double maxRejects,
    @Key(
            doc = "Images per Parquet file; a file is the unit of work of every later stage.",
            def = "1024",
            min = 1,
            max = 1_000_000)
        int blockImages,
    @Key(doc = "Images with a side shorter than so many pixels are rejected.", def = "8", min = 1)
        int minSide,
    @Key(
            doc =
                "Images of more pixels are rejected, by what the file's header says and before any"
                    + " memory is taken for them; 67108864 is 8192 × 8192.",
            def = "67108864",
            min = 1,
            max = 268435456)
        long maxPixels,
    @Key(
            doc = "Image files that end early: `reject` them, or `decode` what is there of them.",
            def = "reject",
            oneOf = {"reject", "decode"})
        String truncated,
    @Key(
            doc = "Animations: use their `first` picture, or `reject` them.",
            def = "first",
            oneOf = {"first", "reject"})
        String animated,
    @Key(
            doc = "Images whose pixels are all of one colour: `reject` them, or `keep` them.",
            def = "reject",
            oneOf = {"reject", "keep"})
        String uniform)
    implements Serializable {
  /** Checks ranges. */
  public DataConfig {
    Schema.check(
        DataConfig.class,
        format,
        path,
        labels,
        split,
        limit,
        maxRejects,
        blockImages,
        minSide,
        maxPixels,
        truncated,
        animated,
        uniform);
    DataFormat layout = DataFormat.of(format);
    String fault = labels == null ? null : layout.faultOf(labels);
    Schema.require(fault == null, fault + ", got " + labels, "labels", "format");
    if (layout.splits().isEmpty()) {
      Schema.require(
          split == null,
          "must be left out for format " + format + ", which has no parts, got " + split,
          "split",
          "format");
    } else {
      Schema.require(
          split != null && layout.splits().contains(split),
          "must be one of "
              + String.join(", ", layout.splits())
              + " for format "
              + format
              + (split == null ? ", and is missing" : ", got " + split),
          "split",
          "format");
    }
  }

  /** True when a path stands for several files, such as {@code train-{000..012}.tar}. */
  public static boolean isPattern(String path) {
    return Shards.isPattern(path);
  }

  /** True when the collection is to have labels. */
  public boolean labelled() {
    return labels != null || DataFormat.of(format).bringsLabels();
  }

  /** A collection without parts, with the default rules for images. */
  public DataConfig(
      String format, String path, String labels, Long limit, double maxRejects, int blockImages) {
    this(format, path, labels, null, limit, maxRejects, blockImages);
  }

  /** A collection, or a part of one, with the default rules for images. */
  public DataConfig(
      String format,
      String path,
      String labels,
      String split,
      Long limit,
      double maxRejects,
      int blockImages) {
    this(
        format,
        path,
        labels,
        split,
        limit,
        maxRejects,
        blockImages,
        8,
        ImageCodec.MAX_PIXELS,
        "reject",
        "first",
        "reject");
  }

  /** Which images are used. */
  ImageRules rules() {
    return new ImageRules(
        truncated.equals("decode"),
        minSide,
        maxPixels,
        animated.equals("reject"),
        uniform.equals("reject"));
  }
}
