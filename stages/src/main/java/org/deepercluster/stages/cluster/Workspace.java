package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;

/**
 * What one thread needs for clustering and keeps from unit to unit: room outside the heap, whose
 * size is bounded by the constants of this package, and the few shared files read last.
 */
final class Workspace implements AutoCloseable {
  /** Shared files that are kept; a pass needs two. */
  private static final int KEPT = 4;

  final Room rows = new Room();
  final Room centroids = new Room();

  /** Whose values {@link #centroids} holds; null for nobody's. */
  CentroidReader.Resident resident;

  private final Products[] products = new Products[2];

  private final Map<String, Object> shared =
      new LinkedHashMap<>(8, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Object> eldest) {
          return size() > KEPT;
        }
      };

  /** A file that {@link Scratch#share} wrote. */
  <T> T load(String path, Class<T> type) throws IOException {
    Object value = shared.get(path);
    if (value == null) {
      value = Scratch.load(path, type);
      shared.put(path, value);
    }
    return type.cast(value);
  }

  /** Two of what multiplies codes of vectors of a dimension, so that two tiles of rows can wait. */
  Products products(int which, int dim) {
    if (products[which] == null || products[which].dim() != dim) {
      if (products[which] != null) {
        products[which].close();
      }
      products[which] = new Products(Kernel.ROWS, Kernel.COLUMNS, dim);
    }
    return products[which];
  }

  /** Forgets the centroids, so that their room may be used. */
  void release() {
    if (resident != null) {
      resident.free();
      resident = null;
    }
  }

  @Override
  public void close() {
    rows.free();
    release();
    centroids.free();
    for (int i = 0; i < products.length; i++) {
      if (products[i] != null) {
        products[i].close();
        products[i] = null;
      }
    }
    shared.clear();
  }

  /** Floats outside the heap. */
  static final class Room {
    private FloatPointer pointer;
    private ByteBuffer bytes;
    private FloatBuffer floats;

    /** Makes sure of room for this many floats; what was there may be lost. */
    void ensure(long count) {
      if (pointer == null || pointer.capacity() < count) {
        free();
        if (count > Integer.MAX_VALUE / 4) {
          throw new IllegalArgumentException(
              "a share of " + count + " floats is too large; use smaller files of features");
        }
        pointer = new FloatPointer(Math.max(1, count));
        bytes = pointer.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        floats = bytes.asFloatBuffer();
      }
    }

    FloatPointer at(long index) {
      return index == 0 ? pointer : pointer.getPointer(index);
    }

    FloatBuffer floats() {
      return floats;
    }

    /** The bytes of these floats, to be filled. */
    ByteBuffer bytes(int from, int count) {
      return bytes.duplicate().position(from * 4).limit((from + count) * 4);
    }

    void get(int from, float[] to, int count) {
      floats.get(from, to, 0, count);
    }

    void free() {
      if (pointer != null) {
        pointer.deallocate();
        pointer = null;
      }
    }
  }
}
