package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Makes listings of items. */
final class Items {
  private Items() {}

  /**
   * Applies the limit and cuts the items into units.
   *
   * @param listed whether all are images by a list's word; else those that neither are nor are
   *     named like images do not count for the limit
   * @param skipped what was left out before
   */
  static Listing listing(
      DataConfig config,
      List<Item> items,
      boolean listed,
      List<String> classNames,
      long skipped,
      InputDigest digest)
      throws IOException {
    long leftOut = skipped;
    List<Item> used = items;
    if (config.limit() != null && config.limit() < items.size()) {
      used = new ArrayList<>();
      try (PlaceReader reader = new PlaceReader()) {
        for (int i = 0; i < items.size() && used.size() < config.limit(); i++) {
          if (listed || ItemUnit.isCandidate(items.get(i), reader)) {
            used.add(items.get(i));
          } else {
            leftOut++;
          }
        }
      }
    }
    if (used.isEmpty()) {
      throw new IOException(config.path() + ": holds no images; JPEG or PNG files are needed");
    }
    List<SourceUnit> units = new ArrayList<>();
    for (int from = 0; from < used.size(); from += config.blockImages()) {
      List<Item> part =
          used.subList(from, (int) Math.min(used.size(), (long) from + config.blockImages()));
      units.add(
          new ItemUnit(units.size(), part, listed, bytes(part), new ImageFiles(config.rules())));
    }
    return new Listing(units, classNames, used.size(), leftOut, digest);
  }

  /** The items with these labels, in the same order. */
  static List<Item> labelled(List<Item> items, List<List<Label>> labels) {
    List<Item> all = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      Item item = items.get(i);
      all.add(new Item(item.name(), item.uri(), item.place(), labels.get(i), item.rejection()));
    }
    return all;
  }

  /** Bytes to read, about. */
  static long bytes(List<Item> items) {
    long bytes = 0;
    for (Item item : items) {
      if (item.place() instanceof Place.Bytes b) {
        bytes += b.length();
      } else if (item.place() instanceof Place.ZipEntry z) {
        bytes += z.compressed();
      }
    }
    return bytes;
  }
}
