package org.deepercluster.stages.ingest;

import java.io.Serializable;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;

/** One collection of images: where it is and how it is laid out. */
public record DataConfig(
    @Key(
            doc =
                "Layout of the collection: `idx` (MNIST's IDX files, gzip or plain) or `images` (a"
                    + " folder tree of JPEG and PNG files).",
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
            doc =
                "Which part of a collection that is published in parts. Must be left out for `idx`"
                    + " and `images`, which have none.",
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
        int blockImages)
    implements Serializable {
  /** Checks ranges. */
  public DataConfig {
    Schema.check(DataConfig.class, format, path, labels, split, limit, maxRejects, blockImages);
    Schema.require(
        !format.equals("images") || labels == null || labels.equals("folders"),
        "must be `folders` (each top-level folder is a class) for format images, got " + labels,
        "labels",
        "format");
    Schema.require(
        split == null,
        "must be left out for format " + format + ", which has no parts, got " + split,
        "split",
        "format");
  }

  /** A collection without parts. */
  public DataConfig(
      String format, String path, String labels, Long limit, double maxRejects, int blockImages) {
    this(format, path, labels, null, limit, maxRejects, blockImages);
  }
}
