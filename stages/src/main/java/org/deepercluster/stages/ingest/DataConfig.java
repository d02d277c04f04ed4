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
                "Layout of the collection: `idx` (MNIST's IDX files, gzip or plain) or `images` (a"
                    + " folder tree of image files).",
            oneOf = {"idx", "images"})
        String format,
    @Key(
            doc =
                "The images: an IDX file for `idx`, a folder for `images`. Relative paths are"
                    + " relative to the YAML file; any Beam file system works.")
        String path,
    @Key(
            doc =
                "Labels: for `idx` an IDX label file; for `images` the word `folders` makes each"
                    + " top-level folder a class. Only evaluation, the report and `method:"
                    + " supervised` read them.",
            def = Key.NONE)
        String labels,
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
        String uniform,
    @Key(
            doc =
                "Images that repeat an earlier one, by content or nearly: `report` them in the table"
                    + " `duplicates`, or `drop` them as well.",
            def = "report",
            oneOf = {"report", "drop"})
        String duplicates)
    implements Serializable {
  /** Checks ranges. */
  public DataConfig {
    Schema.check(
        DataConfig.class,
        format,
        path,
        labels,
        limit,
        maxRejects,
        blockImages,
        minSide,
        maxPixels,
        truncated,
        animated,
        uniform,
        duplicates);
    Schema.require(
        !format.equals("images") || labels == null || labels.equals("folders"),
        "must be `folders` (each top-level folder is a class) for format images, got " + labels,
        "labels",
        "format");
  }

  /** A collection with the default rules for images. */
  public DataConfig(
      String format, String path, String labels, Long limit, double maxRejects, int blockImages) {
    this(
        format,
        path,
        labels,
        limit,
        maxRejects,
        blockImages,
        8,
        ImageCodec.MAX_PIXELS,
        "reject",
        "first",
        "reject",
        "report");
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
