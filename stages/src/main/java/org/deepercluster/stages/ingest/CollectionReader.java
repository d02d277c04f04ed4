package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.List;

/** Lists a collection of images; the units it gives are then read in any order, by any worker. */
public interface CollectionReader {
  /**
   * Lists the collection. Faults of the collection as a whole are found here, before any work
   * begins; those of single images only when they are read.
   *
   * @throws IOException with the place, what was found there and what would be right
   */
  Listing list() throws IOException;

  /** The reader for {@code config.format()}; without one it looks at the place first. */
  static CollectionReader of(DataConfig config) {
    return of(config, List.of());
  }

  /**
   * The reader for {@code config.format()}, with the classes numbered as in another collection: the
   * labels of a test set must mean the same as those of the training set.
   *
   * @param classNames names by index, from that collection's {@link Listing}; empty: number them by
   *     this collection
   */
  static CollectionReader of(DataConfig config, List<String> classNames) {
    if (config.format() == null) {
      return () -> of(FormatDetector.resolve(config), classNames).list();
    }
    return switch (config.format()) {
      case "cifar10", "cifar100", "stl10" -> new RecordReader(config, classNames);
      case "csv" -> new CsvReader(config, classNames);
      case "idx" -> new IdxReader(config, classNames);
      case "images" -> new FolderReader(config, classNames);
      case "imagenet" -> new ImageNetReader(config, classNames);
      case "parquet" -> new ParquetReader(config, classNames);
      case "places205" -> new PlacesReader(config, classNames);
      case "voc" -> new VocReader(config, classNames);
      case "webdataset" -> new WebDatasetReader(config, classNames);
      case "yfcc100m" -> new YfccReader(config, classNames);
      case "zip" -> new ZipReader(config, classNames);
      default ->
          throw new IllegalArgumentException("format '" + config.format() + "' has no reader");
    };
  }
}
