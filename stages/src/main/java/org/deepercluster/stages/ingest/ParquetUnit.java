package org.deepercluster.stages.ingest;

import static org.deepercluster.stages.image.RejectedImageException.Cause.NOT_AN_IMAGE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.TOO_LARGE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNREADABLE;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.deepercluster.stages.image.RejectedImageException;
import org.deepercluster.stages.table.TableReader;

/**
 * Rows of a Parquet file whose images are in it.
 *
 * @param index position among the units
 * @param path the file
 * @param name of the file within the collection
 * @param column of the images
 * @param from first row, counted over the file
 * @param size rows
 * @param labels classes of each row, or null
 * @param bytes to read, about
 * @param rules what becomes of a file
 */
record ParquetUnit(
    int index,
    String path,
    String name,
    String column,
    long from,
    int size,
    List<List<Label>> labels,
    long bytes,
    ImageFiles rules)
    implements SourceUnit {

  @Override
  public String firstFile() {
    return path;
  }

  @Override
  public SourceImages open() throws IOException {
    return new Rows(TableReader.openFile(path));
  }

  private final class Rows implements SourceImages {
    private final ParquetFileReader in;
    private final MessageType projection;
    private RecordReader<Group> records;
    private int group = -1;
    private long groupEnd;
    private int next;
    private byte[] file;

    Rows(ParquetFileReader in) {
      this.in = in;
      MessageType schema = in.getFileMetaData().getSchema();
      this.projection = new MessageType(schema.getName(), schema.getType(column));
      in.setRequestedSchema(projection);
    }

    @Override
    public SourceImage next() throws IOException {
      if (next == size) {
        return null;
      }
      long row = from + next;
      file = null;
      RejectedImageException rejected = null;
      try {
        if (row >= groupEnd) {
          openGroupOf(row);
        }
        file = file(records.read());
      } catch (RejectedImageException e) {
        rejected = e;
      } catch (IOException | RuntimeException | OutOfMemoryError e) {
        throw new IOException(path + ": row " + row + " cannot be read: " + e, e);
      }
      String id = InputDigest.imageId(name + '#' + row);
      String uri = path + '#' + row;
      List<Label> classes = labels == null ? List.of() : labels.get(next);
      next++;
      try {
        if (rejected != null) {
          throw rejected;
        }
        return SourceImage.accepted(id, uri, classes, rules.of(file));
      } catch (RejectedImageException e) {
        return SourceImage.rejected(id, uri, classes, e);
      }
    }

    /** Opens the row group that holds a row, at that row. */
    private void openGroupOf(long row) throws IOException {
      List<BlockMetaData> groups = in.getRowGroups();
      long start = groupEnd;
      do {
        group++;
        if (group == groups.size()) {
          throw new IOException(path + ": has no row " + row + "; it had when it was listed");
        }
        start = groupEnd;
        groupEnd += groups.get(group).getRowCount();
      } while (row >= groupEnd);
      PageReadStore pages = in.readRowGroup(group);
      records = ParquetReader.records(projection, pages);
      for (long r = start; r < row; r++) {
        var unused = records.read();
      }
    }

    private byte[] file(Group record) {
      if (record.getFieldRepetitionCount(0) == 0) {
        throw new RejectedImageException(UNREADABLE, "the cell is empty");
      }
      Group of = record;
      String field = column;
      if (!projection.getType(0).isPrimitive()) {
        of = record.getGroup(0, 0);
        field = ParquetReader.BYTES;
        if (of.getFieldRepetitionCount(field) == 0) {
          throw new RejectedImageException(UNREADABLE, "the cell's field bytes is empty");
        }
      }
      byte[] file = of.getBinary(field, 0).getBytes();
      if (file.length > ImageFiles.MAX_FILE_BYTES) {
        throw new RejectedImageException(
            TOO_LARGE, "the cell has " + file.length + " bytes; at most 256 MiB are read");
      }
      if (file.length == 0) {
        throw new RejectedImageException(NOT_AN_IMAGE, "the cell has no bytes");
      }
      return file;
    }

    @Override
    public InputStream again() {
      return file == null ? InputStream.nullInputStream() : new ByteArrayInputStream(file);
    }

    @Override
    public long skipped() {
      return 0;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
