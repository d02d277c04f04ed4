package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;

/**
 * Blocks of vectors in the files of a table, read again at each walk; one block is in memory at a
 * time.
 */
final class BlockFiles implements Iterable<Block> {
  private final List<BlockFile> files;
  private final TableSchema schema;
  private final String column;

  /**
   * Blocks, one per file.
   *
   * @param parts the table's files, in order
   * @param schema of the table
   * @param column its vectors
   */
  BlockFiles(List<Part> parts, TableSchema schema, String column) {
    this.files = BlockFile.of(parts);
    this.schema = schema;
    this.column = column;
  }

  @Override
  public Iterator<Block> iterator() {
    Iterator<BlockFile> i = files.iterator();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return i.hasNext();
      }

      @Override
      public Block next() {
        try {
          return i.next().read(schema, column);
        } catch (IOException e) {
          throw new java.io.UncheckedIOException(e);
        }
      }
    };
  }

  /**
   * One file and its place among the others.
   *
   * @param id place in the order, from 0 without gaps
   * @param firstRow index in the collection of its first row
   * @param part the file
   */
  record BlockFile(int id, long firstRow, Part part) implements java.io.Serializable {
    static List<BlockFile> of(List<Part> parts) {
      List<BlockFile> files = new ArrayList<>();
      long first = 0;
      for (Part p : parts) {
        files.add(new BlockFile(files.size(), first, p));
        first += p.rows();
      }
      return files;
    }

    Block read(TableSchema schema, String column) throws IOException {
      Columns c = TableReader.read(part.path(), schema, column);
      return new Block(id, firstRow, c.rows(), Math.max(1, c.dimension(column)), c.vectors(column));
    }
  }
}
