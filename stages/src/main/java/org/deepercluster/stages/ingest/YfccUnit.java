package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Images of YFCC100M's zips, which are listed again where they are read: a hundred million entries
 * are no load for whoever lists the collection, and none is sent to workers.
 *
 * @param index position among the units
 * @param ranges of images, in order
 * @param bytes to read, about
 * @param rules what becomes of a file
 */
record YfccUnit(int index, List<Range> ranges, long bytes, ImageFiles rules) implements SourceUnit {
  /** Copies the ranges. */
  YfccUnit {
    ranges = List.copyOf(ranges);
  }

  /**
   * Images of one zip, by number.
   *
   * @param number of the zip: aabbb
   * @param path of the zip
   * @param images that the zip held when it was listed
   * @param from first of these
   * @param to the one after the last
   */
  record Range(int number, String path, int images, int from, int to)
      implements java.io.Serializable {}

  @Override
  public int size() {
    return ranges.stream().mapToInt(r -> r.to() - r.from()).sum();
  }

  @Override
  public String firstFile() {
    return ranges.get(0).path();
  }

  @Override
  public SourceImages open() throws IOException {
    List<Item> items = new ArrayList<>();
    for (Range range : ranges) {
      List<Item> all = YfccReader.read(range.number(), range.path()).items();
      if (all.size() != range.images()) {
        throw new IOException(
            range.path()
                + ": holds "
                + all.size()
                + " images; when it was listed it held "
                + range.images());
      }
      items.addAll(all.subList(range.from(), range.to()));
    }
    return new ItemUnit(index, items, true, bytes, rules).open();
  }
}
