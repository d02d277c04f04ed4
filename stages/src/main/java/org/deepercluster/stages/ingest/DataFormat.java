package org.deepercluster.stages.ingest;

import java.util.List;
import java.util.Locale;

/** Layouts of collections that are read; the name in lower case is the setting's word. */
enum DataFormat {
  IDX,
  IMAGES,
  IMAGENET,
  VOC,
  WEBDATASET,
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
      case IDX, IMAGES, WEBDATASET, ZIP -> List.of();
      case IMAGENET -> List.of("train", "val");
      case VOC -> List.of("train", "val", "trainval", "test");
    };
  }

  /** What the setting {@code labels} must be; null when it is as it should. */
  String faultOf(String labels) {
    return switch (this) {
      case IMAGES, ZIP ->
          labels.equals("folders")
              ? null
              : "must be `folders` (each top-level folder is a class) for format " + word();
      case IMAGENET, VOC -> "must be left out for format " + word() + ", which brings its labels";
      case WEBDATASET ->
          WebDatasetReader.isLabels(labels)
              ? null
              : "must be `cls` or `json:<field>` for format webdataset";
      case IDX -> null;
    };
  }

  /** True when labels come with the images, without a setting that names them. */
  boolean bringsLabels() {
    return this == IMAGENET || this == VOC;
  }
}
