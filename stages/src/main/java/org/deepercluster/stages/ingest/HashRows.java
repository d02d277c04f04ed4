package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/** Rows of the hashes table, side by side, in the order of the images. */
final class HashRows {
  /** Images before this one in the whole table. */
  long[] ordinal = new long[16];

  /** Index of the image's file. */
  int[] block = new int[16];

  String[] id = new String[16];

  /** What is compared: half of the content's hash, or the perceptual one. */
  long[] key = new long[16];

  /** The other half of the content's hash. */
  long[] low = new long[16];

  private int size;

  private HashRows() {}

  /**
   * Reads the rows of one partition.
   *
   * @param hashes files of the whole table, in order
   * @param band by which rows are parted and compared, or {@link DuplicateSearch#CONTENT}
   * @param partition of {@code partitions}; the key's band, or its content hash, modulo these
   */
  static HashRows read(List<Part> hashes, int band, int partition, int partitions)
      throws IOException {
    HashRows rows = new HashRows();
    long before = 0;
    boolean content = band == DuplicateSearch.CONTENT;
    for (Part part : hashes) {
      Columns c = TableReader.read(part.path(), IngestTables.HASHES);
      for (int i = 0; i < c.rows(); i++) {
        long key = c.longs(content ? "content" : "perceptual")[i];
        long value = content ? key >>> 1 : DuplicateSearch.band(key, band);
        if (value % partitions == partition && (content || c.booleans("comparable")[i])) {
          rows.add(
              before + i, part.index(), c.strings("image_id")[i], key, c.longs("content_low")[i]);
        }
      }
      before += c.rows();
    }
    rows.trim(rows.size);
    return rows;
  }

  private void add(long ordinalOf, int blockOf, String idOf, long keyOf, long lowOf) {
    if (size == ordinal.length) {
      trim(2 * size);
    }
    ordinal[size] = ordinalOf;
    block[size] = blockOf;
    id[size] = idOf;
    key[size] = keyOf;
    low[size++] = lowOf;
  }

  private void trim(int length) {
    ordinal = Arrays.copyOf(ordinal, length);
    block = Arrays.copyOf(block, length);
    id = Arrays.copyOf(id, length);
    key = Arrays.copyOf(key, length);
    low = Arrays.copyOf(low, length);
  }
}
