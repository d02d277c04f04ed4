package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * The rows that a unit of a pass works on: pieces of files of rows, ordered by group.
 *
 * @param index place among the level's chunks
 * @param pieces at least one
 */
record Chunk(int index, ArrayList<Piece> pieces) implements Serializable {

  /**
   * Neighbouring rows of a file that belong to one group.
   *
   * @param group super-cluster; 0 on level 1
   * @param file where they are
   * @param from first row within the file
   * @param rows how many
   */
  record Piece(int group, RowFile file, int from, int rows) implements Serializable {}

  /** Number of rows. */
  int rows() {
    return pieces.stream().mapToInt(Piece::rows).sum();
  }

  /** The group of its first rows; 0 without rows. */
  int firstGroup() {
    return pieces.isEmpty() ? 0 : pieces.get(0).group();
  }

  /** One more than the group of its last rows; 0 without rows. */
  int endGroup() {
    return pieces.isEmpty() ? 0 : pieces.get(pieces.size() - 1).group() + 1;
  }

  /**
   * All chunks of a level.
   *
   * @param groups 1 on level 1, m on level 2
   */
  record Layout(int groups, int dim, ArrayList<Chunk> chunks) implements Serializable {
    /** Each file is a chunk. */
    static Layout whole(List<RowFile> files) {
      ArrayList<Chunk> chunks = new ArrayList<>();
      for (RowFile f : files) {
        chunks.add(
            new Chunk(chunks.size(), new ArrayList<>(List.of(new Piece(0, f, 0, f.rows())))));
      }
      return new Layout(1, files.get(0).dim(), chunks);
    }

    /**
     * Cuts files whose rows are ordered by group.
     *
     * @param files in order
     * @param counts of each file, the rows in each group
     * @param rows a chunk is complete when it has this many
     */
    static Layout grouped(List<RowFile> files, List<int[]> counts, int groups, int rows) {
      int[] next = new int[files.size()];
      ArrayList<Chunk> chunks = new ArrayList<>();
      ArrayList<Piece> pieces = new ArrayList<>();
      int total = 0;
      for (int g = 0; g < groups; g++) {
        for (int f = 0; f < files.size(); f++) {
          int n = counts.get(f)[g];
          if (n == 0) {
            continue;
          }
          pieces.add(new Piece(g, files.get(f), next[f], n));
          next[f] += n;
          total += n;
          if (total >= rows) {
            chunks.add(new Chunk(chunks.size(), pieces));
            pieces = new ArrayList<>();
            total = 0;
          }
        }
      }
      if (!pieces.isEmpty() || chunks.isEmpty()) {
        chunks.add(new Chunk(chunks.size(), pieces));
      }
      return new Layout(groups, files.get(0).dim(), chunks);
    }

    double squares() {
      return files().stream().mapToDouble(RowFile::squares).sum();
    }

    double largest() {
      return files().stream().mapToDouble(RowFile::largest).max().orElse(0);
    }

    /** The files, each once, in order of their first rows. */
    List<RowFile> files() {
      java.util.TreeMap<Long, RowFile> files = new java.util.TreeMap<>();
      for (Chunk c : chunks) {
        for (Piece p : c.pieces()) {
          if (p.file().rows() > 0) {
            files.put(p.file().firstRow(), p.file());
          }
        }
      }
      return List.copyOf(files.values());
    }
  }
}
