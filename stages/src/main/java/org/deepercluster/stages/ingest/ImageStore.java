package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * Random access to encoded images by block and row. Holds the row groups used last, up to a number
 * of bytes; a collection that fits is read once.
 *
 * <p>Safe for several threads.
 */
public final class ImageStore implements AutoCloseable {
  private final Map<Integer, Part> parts = new HashMap<>();
  private final Map<Integer, OpenBlock> open = new HashMap<>();
  private final LinkedHashMap<Long, Group> cache = new LinkedHashMap<>(64, 0.75f, true);
  private final long capacity;
  private long cached;

  private record Group(List<EncodedImage> images, long bytes) {}

  private record OpenBlock(TableReader reader, int[] firstRow) {}

  /**
   * A store.
   *
   * @param images files of the images table
   * @param capacityBytes encoded bytes to hold at most
   */
  public ImageStore(List<Part> images, long capacityBytes) {
    for (Part p : images) {
      parts.put(p.index(), p);
    }
    this.capacity = capacityBytes;
  }

  /**
   * One image.
   *
   * @param block index of its file in the images table
   * @param row its row in the file
   * @throws IOException when the file is gone or has no such row
   */
  public synchronized EncodedImage get(int block, int row) throws IOException {
    OpenBlock b = open(block);
    int g = group(b, row);
    if (row < 0 || g >= b.reader().rowGroups()) {
      throw new IOException(parts.get(block).path() + " has no row " + row);
    }
    long key = (long) block << 32 | g;
    Group group = cache.get(key);
    if (group == null) {
      group = load(b.reader(), g);
      cache.put(key, group);
      cached += group.bytes();
      var eldest = cache.entrySet().iterator();
      while (cached > capacity && cache.size() > 1) {
        cached -= eldest.next().getValue().bytes();
        eldest.remove();
      }
    }
    return group.images().get(row - b.firstRow()[g]);
  }

  private static int group(OpenBlock b, int row) {
    int g = 0;
    while (g + 1 < b.firstRow().length && b.firstRow()[g + 1] <= row) {
      g++;
    }
    return g;
  }

  private OpenBlock open(int block) throws IOException {
    OpenBlock b = open.get(block);
    if (b == null) {
      Part part = parts.get(block);
      if (part == null) {
        throw new IOException("the images table has no block " + block);
      }
      TableReader reader = TableReader.open(part.path(), IngestTables.IMAGES);
      b = new OpenBlock(reader, reader.firstRows());
      open.put(block, b);
    }
    return b;
  }

  private static Group load(TableReader reader, int g) throws IOException {
    Columns c = reader.rowGroup(g);
    ImageBlock block = ImageBlock.of(c);
    List<EncodedImage> images = new ArrayList<>(block.size());
    long bytes = 0;
    for (int i = 0; i < block.size(); i++) {
      images.add(block.get(i));
      bytes += block.get(i).bytes().length + 64;
    }
    return new Group(images, bytes);
  }

  @Override
  public synchronized void close() throws IOException {
    for (OpenBlock b : open.values()) {
      b.reader().close();
    }
    open.clear();
    cache.clear();
  }
}
