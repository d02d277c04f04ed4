package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/** The features' files in shares, each of which a unit works on; one row group is in memory. */
final class FeatureRows {
  /** Bounds of a share's size, of whitened rows. */
  private static final long SMALLEST = 16L << 20;

  private static final long LARGEST = 256L << 20;

  /** A share is this part of the collection, within the bounds. */
  private static final int SHARES = 512;

  private FeatureRows() {}

  /**
   * Neighbouring files of the features that are worked on as one.
   *
   * @param parts in order
   * @param firstRow index in the collection of the first row
   */
  record Share(ArrayList<Part> parts, long firstRow) implements Serializable {}

  /**
   * Cuts the features into shares, by their sizes alone.
   *
   * @param dim dimension that the rows will have
   */
  static List<Share> shares(List<Part> features, int dim) {
    long rows = features.stream().mapToLong(Part::rows).sum();
    long bytes = Math.max(SMALLEST, Math.min(LARGEST, rows * dim * 4 / SHARES));
    return runs(features, bytes / 4 / dim);
  }

  /** Cuts the features into runs of at least so many rows. */
  static List<Share> runs(List<Part> features, long rows) {
    List<Share> shares = new ArrayList<>();
    ArrayList<Part> parts = new ArrayList<>();
    long first = 0;
    long next = 0;
    for (Part p : features) {
      parts.add(p);
      next += p.rows();
      if (next - first >= rows) {
        shares.add(new Share(parts, first));
        parts = new ArrayList<>();
        first = next;
      }
    }
    if (!parts.isEmpty()) {
      shares.add(new Share(parts, first));
    }
    return shares;
  }

  /** What is done with the rows of a row group. */
  interface Consumer {
    void accept(Block block) throws IOException;
  }

  /** Reads a share's row groups one after the other; blocks are numbered within the share. */
  static void read(Share share, Consumer to) throws IOException {
    long row = share.firstRow();
    int block = 0;
    for (Part p : share.parts()) {
      try (TableReader in = TableReader.open(p.path(), FeatureTables.FEATURES, "feature")) {
        for (int g = 0; g < in.rowGroups(); g++) {
          Columns c = in.rowGroup(g);
          if (c.rows() > 0) {
            to.accept(
                new Block(block++, row, c.rows(), c.dimension("feature"), c.vectors("feature")));
            row += c.rows();
          }
        }
      }
    }
  }

  /** Dimension of the features; 0 where there are none. */
  static int dim(List<Part> features) throws IOException {
    for (Part p : features) {
      if (p.rows() > 0) {
        try (TableReader in = TableReader.open(p.path(), FeatureTables.FEATURES, "feature")) {
          return in.rowGroup(0).dimension("feature");
        }
      }
    }
    return 0;
  }
}
