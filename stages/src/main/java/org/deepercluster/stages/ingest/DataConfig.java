package org.deepercluster.stages.ingest;

import java.io.Serializable;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.image.ImageCodec;
import org.deepercluster.stages.image.ImageRules;

/** One collection of images: where it is and how it is laid out. */
public record DataConfig(
    @Key(
            doc =
                "Layout of the collection; without it the place is looked at, and the log says what"
                    + " was found. Each has a card in `stages/docs/formats`: `cifar10`,"
                    + " `cifar100`, `csv` (a table of paths or web addresses), `idx` (MNIST's IDX"
                    + " files, gzip or plain), `images` (a folder tree of image files), `imagenet`,"
                    + " `parquet` (a table of images, paths or web addresses), `places205`,"
                    + " `stl10`, `voc`, `webdataset` (tar shards), `yfcc100m`, `zip` (one zip or a"
                    + " folder of them).",
            oneOf = {
              "cifar10",
              "cifar100",
              "csv",
              "idx",
              "images",
              "imagenet",
              "parquet",
              "places205",
              "stl10",
              "voc",
              "webdataset",
              "yfcc100m",
              "zip"
            },
            def = Key.NONE)
        String format,
    @Key(
            doc =
                "The images: an IDX file for `idx`, a file for `csv`; for `parquet`, `zip` and `webdataset` a file, a folder or"
                    + " a pattern such as `train-{000..012}.tar`; a folder for the others. Relative paths are"
                    + " relative to the YAML file; any Beam file system works.")
        String path,
    @Key(
            doc =
                "Labels: an IDX file for `idx`; `folders`, each top-level folder being a class, for"
                    + " `images` and `zip`; `cls` or `json:<field>` for `webdataset`; a file of"
                    + " hashtags for `yfcc100m`; a column for `csv` and `parquet`, without it"
                    + " `label`, `labels`, `class`, `class_name` or `category` if there is one;"
                    + " `fine` or `coarse` for `cifar100`. Other formats bring them. Only"
                    + " evaluation, the report and `method: supervised` read them.",
            def = Key.NONE)
        String labels,
    @Key(
            doc =
                "Which part of a collection that is published in parts; required there, to be left"
                    + " out elsewhere. `cifar10`, `cifar100`: `train`, `test`; `imagenet`: `train`,"
                    + " `val`; `places205`: `train`, `val`, `test`; `stl10`: `train`, `test`,"
                    + " `unlabeled`; `voc`: `train`, `val`, `trainval`, `test`.",
            def = Key.NONE)
        String split,
    @Key(
            doc =
                "For `csv` and `parquet`: the column of the images; without it the first of"
                    + " `image`, `image_path`, `path`, `file_name`, `filename`, `file`, `url`,"
                    + " `image_url`, `uri` that there is.",
            def = Key.NONE)
        String column,
    @Key(
            doc =
                "For `yfcc100m`: a file with the numbers of the images to use, one a line; without"
                    + " it all that there are.",
            def = Key.NONE)
        String list,
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
        split,
        column,
        list,
        limit,
        maxRejects,
        blockImages,
        minSide,
        maxPixels,
        truncated,
        animated,
        uniform,
        duplicates);
    if (format != null) {
      check(format, labels, split, column, list);
    }
  }

  /** The rules of a format. */
  private static void check(
      String format, String labels, String split, String column, String list) {
    DataFormat layout = DataFormat.of(format);
    String fault = labels == null ? null : layout.faultOf(labels);
    Schema.require(fault == null, fault + ", got " + labels, "labels", "format");
    Schema.require(
        column == null || layout == DataFormat.CSV || layout == DataFormat.PARQUET,
        "must be left out for format " + format + ", which has no columns, got " + column,
        "column",
        "format");
    Schema.require(
        list == null || layout == DataFormat.YFCC100M,
        "must be left out for format " + format + ", which has no list of numbers, got " + list,
        "list",
        "format");
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

  /** The same collection, with its layout known. */
  DataConfig withFormat(String found) {
    return new DataConfig(
        found,
        path,
        labels,
        split,
        column,
        list,
        limit,
        maxRejects,
        blockImages,
        minSide,
        maxPixels,
        truncated,
        animated,
        uniform,
        duplicates);
  }

  /** True when a path stands for several files, such as {@code train-{000..012}.tar}. */
  public static boolean isPattern(String path) {
    return Shards.isPattern(path);
  }

  /** Images of the collection as it was published; empty for a collection of one's own. */
  public OptionalLong published() {
    if (format == null) {
      return OptionalLong.empty();
    }
    OptionalLong all = DataFormat.of(format).published(split);
    return all.isEmpty() || limit == null ? all : OptionalLong.of(Math.min(limit, all.getAsLong()));
  }

  /**
   * True when the collection is to have labels; without a format, when it has parts, since those
   * that are published in parts bring their labels.
   */
  public boolean labelled() {
    return labels != null
        || (format == null ? split != null : DataFormat.of(format).bringsLabels());
  }

  /** What to set so that a collection that is not {@link #labelled()} is. */
  public String howToLabel() {
    if (format != null) {
      return DataFormat.of(format).howToLabel();
    }
    return "set it (`folders` for a folder per class), or set format to one with labels of its own ("
        + Arrays.stream(DataFormat.values())
            .filter(DataFormat::bringsLabels)
            .map(DataFormat::word)
            .collect(Collectors.joining(", "))
        + ")";
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
        null,
        null,
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
