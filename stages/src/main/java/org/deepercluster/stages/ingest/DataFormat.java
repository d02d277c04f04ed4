package org.deepercluster.stages.ingest;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/** Layouts of collections that are read; the name in lower case is the setting's word. */
enum DataFormat {
  CIFAR10,
  CIFAR100,
  CSV,
  IDX,
  IMAGES,
  IMAGENET,
  PARQUET,
  PLACES205,
  STL10,
  VOC,
  WEBDATASET,
  YFCC100M,
  ZIP;

  /** The layout of that name; its setting is checked before. */
  static DataFormat of(String word) {
    return valueOf(word.toUpperCase(Locale.ROOT));
  }

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Parts that it is published in; empty when it has none. */
  List<String> splits() {
    return switch (this) {
      case CIFAR10, CIFAR100 -> List.of("train", "test");
      case CSV, IDX, IMAGES, PARQUET, WEBDATASET, YFCC100M, ZIP -> List.of();
      case IMAGENET -> List.of("train", "val");
      case PLACES205 -> List.of("train", "val", "test");
      case STL10 -> List.of("train", "test", "unlabeled");
      case VOC -> List.of("train", "val", "trainval", "test");
    };
  }

  /**
   * Images of a part as it was published: for YFCC100M those that Caron et al. trained on.
   *
   * @param split one of {@link #splits}, or null where there are none
   * @return empty for layouts that anyone may use
   */
  OptionalLong published(String split) {
    Long images =
        switch (this) {
          case CIFAR10, CIFAR100 -> Map.of("train", 50_000L, "test", 10_000L).get(split);
          case IMAGENET -> Map.of("train", 1_281_167L, "val", 50_000L).get(split);
          case PLACES205 -> Map.of("train", 2_448_873L, "val", 20_500L, "test", 41_000L).get(split);
          case STL10 -> Map.of("train", 5_000L, "test", 8_000L, "unlabeled", 100_000L).get(split);
          case VOC ->
              Map.of("train", 2_501L, "val", 2_510L, "trainval", 5_011L, "test", 4_952L).get(split);
          case YFCC100M -> (Long) 95_920_149L;
          case CSV, IDX, IMAGES, PARQUET, WEBDATASET, ZIP -> null;
        };
    return images == null ? OptionalLong.empty() : OptionalLong.of(images);
  }

  /** What the setting {@code labels} must be; null when it is as it should. */
  String faultOf(String labels) {
    return switch (this) {
      case IMAGES, ZIP ->
          labels.equals("folders")
              ? null
              : "must be `folders` (each top-level folder is a class) for format " + word();
      case CIFAR10, IMAGENET, PLACES205, STL10, VOC ->
          "must be left out for format " + word() + ", which brings its labels";
      case CIFAR100 ->
          labels.equals("fine") || labels.equals("coarse")
              ? null
              : "must be `fine` (the default) or `coarse` for format cifar100";
      case WEBDATASET ->
          WebDatasetReader.isLabels(labels)
              ? null
              : "must be `cls` or `json:<field>` for format webdataset";
      case CSV, IDX, PARQUET, YFCC100M -> null;
    };
  }

  /** What to set the setting {@code labels} to where there are to be some. */
  String howToLabel() {
    return switch (this) {
      case IMAGES, ZIP -> "set it to `folders`, where each folder is a class";
      case IDX -> "set it to the IDX file of labels";
      case WEBDATASET -> "set it to the entry that has them, such as cls or json:label";
      case YFCC100M -> "set it to the file of hashtags";
      case CIFAR10, CIFAR100, CSV, IMAGENET, PARQUET, PLACES205, STL10, VOC ->
          "format " + word() + " brings them";
    };
  }

  /** True when labels come with the images, or may, without a setting that names them. */
  boolean bringsLabels() {
    return switch (this) {
      case CIFAR10, CIFAR100, CSV, IMAGENET, PARQUET, PLACES205, STL10, VOC -> true;
      case IDX, IMAGES, WEBDATASET, YFCC100M, ZIP -> false;
    };
  }
}
