package org.deepercluster.stages.cluster;

/**
 * A run of consecutive feature vectors: one file of the collection.
 *
 * <p>Blocks are the unit of determinism: whatever a pass computes, it computes per block, with
 * tiles that start at the block's first row. The same collection cut into other blocks may differ
 * in the last bit; the same blocks never do, whoever works on them and in which order.
 *
 * @param id the block's place in the fixed order, from 0
 * @param firstRow index in the collection of the block's first row
 * @param rows number of vectors n_b, at least 0
 * @param dim dimension d of each vector, at least 1
 * @param data {@code rows × dim}, row-major float32; not copied, not to be changed
 */
public record Block(int id, long firstRow, int rows, int dim, float[] data) {
  /** Checks that the sizes agree. */
  public Block {
    if (id < 0 || firstRow < 0 || rows < 0 || dim < 1) {
      throw new IllegalArgumentException(
          "block: id, firstRow and rows must be at least 0 and dim at least 1, got id "
              + id
              + ", firstRow "
              + firstRow
              + ", rows "
              + rows
              + ", dim "
              + dim);
    }
    if (data.length != (long) rows * dim) {
      throw new IllegalArgumentException(
          "block " + id + ": " + rows + " × " + dim + " values expected, got " + data.length);
    }
  }
}
