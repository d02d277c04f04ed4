package org.deepercluster.stages.table;

import java.io.IOException;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.EncodingStats;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.column.values.rle.RunLengthBitPackingHybridDecoder;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ColumnPath;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/**
 * Reads Parquet files of a table into primitive arrays, one row group at a time, only the columns
 * asked for.
 */
public final class TableReader implements AutoCloseable {
  private final TableSchema schema;
  private final String path;
  private final MessageType parquet;
  private final ParquetFileReader file;

  private TableReader(TableSchema schema, String path) throws IOException {
    this.schema = schema;
    this.path = path;
    this.parquet = schema.toParquet();
    this.file = openFile(path);
    MessageType found = file.getFileMetaData().getSchema();
    for (Type field : parquet.getFields()) {
      if (!found.containsField(field.getName()) || !found.getType(field.getName()).equals(field)) {
        file.close();
        throw new IOException(
            path
                + ": column "
                + field
                + " of table "
                + schema.name()
                + " is not there; the file has "
                + found);
      }
    }
    file.setRequestedSchema(parquet);
  }

  /**
   * Opens any Parquet file, whatever its schema.
   *
   * @throws IOException when it is none
   */
  public static ParquetFileReader openFile(String path) throws IOException {
    InputFile input = ParquetFiles.input(path);
    ParquetFileReader file = null;
    try {
      file =
          ParquetFileReader.open(
              input, ParquetReadOptions.builder(new PlainParquetConfiguration()).build());
      requireInside(file, input.getLength());
      return file;
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      if (file != null) {
        file.close();
      }
      throw new IOException(path + ": is damaged, or no Parquet file: " + e.getMessage(), e);
    }
  }

  /** Checks where a footer says that columns lie: what is read of them is taken into memory. */
  private static void requireInside(ParquetFileReader file, long length) throws IOException {
    for (BlockMetaData group : file.getRowGroups()) {
      for (ColumnChunkMetaData c : group.getColumns()) {
        long from = c.getStartingPos();
        if (from < 0 || c.getTotalSize() < 0 || c.getTotalSize() > length - from) {
          throw new IOException(
              "column "
                  + c.getPath()
                  + " lies at byte "
                  + from
                  + " with "
                  + c.getTotalSize()
                  + " bytes, the file has "
                  + length);
        }
      }
    }
  }

  /**
   * Opens a file.
   *
   * @param path URI of the file
   * @param schema the table it belongs to
   * @param columns the columns to read; none: all
   * @throws IOException when the file is no Parquet file or lacks a column
   */
  public static TableReader open(String path, TableSchema schema, String... columns)
      throws IOException {
    return new TableReader(
        columns.length == 0 ? schema : schema.project(Arrays.asList(columns)), path);
  }

  /** Reads all rows of one file. */
  public static Columns read(String path, TableSchema schema, String... columns)
      throws IOException {
    try (TableReader r = open(path, schema, columns)) {
      List<Columns> groups = new ArrayList<>();
      for (int g = 0; g < r.rowGroups(); g++) {
        groups.add(r.rowGroup(g));
      }
      return groups.size() == 1 ? groups.get(0) : Columns.concat(r.schema, groups);
    }
  }

  /** Reads all rows of several files, in the order given. */
  public static Columns read(List<Part> parts, TableSchema schema, String... columns)
      throws IOException {
    List<Columns> all = new ArrayList<>();
    for (Part p : parts) {
      all.add(read(p.path(), schema, columns));
    }
    return Columns.concat(
        columns.length == 0 ? schema : schema.project(Arrays.asList(columns)), all);
  }

  /** Number of row groups. */
  public int rowGroups() {
    return file.getRowGroups().size();
  }

  /** First row of each row group, counted over the file; one entry more for the end. */
  public int[] firstRows() {
    int[] first = new int[rowGroups() + 1];
    for (int g = 0; g < rowGroups(); g++) {
      first[g + 1] = first[g] + Math.toIntExact(file.getRowGroups().get(g).getRowCount());
    }
    return first;
  }

  /** Reads one row group. */
  public Columns rowGroup(int index) throws IOException {
    PageReadStore pages = file.readRowGroup(index);
    int rows = Math.toIntExact(pages.getRowCount());
    Map<ColumnPath, ColumnChunkMetaData> chunks = new HashMap<>();
    for (ColumnChunkMetaData c : file.getRowGroups().get(index).getColumns()) {
      chunks.put(c.getPath(), c);
    }
    ColumnReadStoreImpl store =
        new ColumnReadStoreImpl(
            pages, new Ignore(parquet), parquet, file.getFileMetaData().getCreatedBy());
    Columns.Builder out = Columns.of(schema, rows);
    for (int i = 0; i < schema.columns().size(); i++) {
      Column c = schema.columns().get(i);
      ColumnDescriptor descriptor = parquet.getColumns().get(i);
      out.set(
          c.name(),
          c.type() == Column.Type.VECTOR && plain(chunks.get(ColumnPath.get(descriptor.getPath())))
              ? plainVectors(c, pages.getPageReader(descriptor), rows)
              : values(c, store.getColumnReader(descriptor), rows));
    }
    return out.build();
  }

  private Object values(Column c, ColumnReader in, int rows) throws IOException {
    switch (c.type()) {
      case STRING -> {
        String[] v = new String[rows];
        for (int r = 0; r < rows; r++) {
          v[r] = in.getBinary().toStringUsingUTF8();
          in.consume();
        }
        return v;
      }
      case BYTES -> {
        byte[][] v = new byte[rows][];
        for (int r = 0; r < rows; r++) {
          v[r] = in.getBinary().getBytes();
          in.consume();
        }
        return v;
      }
      case INT -> {
        int[] v = new int[rows];
        for (int r = 0; r < rows; r++) {
          v[r] = in.getInteger();
          in.consume();
        }
        return v;
      }
      case LONG -> {
        long[] v = new long[rows];
        for (int r = 0; r < rows; r++) {
          v[r] = in.getLong();
          in.consume();
        }
        return v;
      }
      case FLOAT -> {
        float[] v = new float[rows];
        for (int r = 0; r < rows; r++) {
          v[r] = in.getFloat();
          in.consume();
        }
        return v;
      }
      case DOUBLE -> {
        double[] v = new double[rows];
        for (int r = 0; r < rows; r++) {
          v[r] = in.getDouble();
          in.consume();
        }
        return v;
      }
      case BOOLEAN -> {
        boolean[] v = new boolean[rows];
        for (int r = 0; r < rows; r++) {
          v[r] = in.getBoolean();
          in.consume();
        }
        return v;
      }
      default -> {
        return vectors(c, in, rows);
      }
    }
  }

  /** Whether all pages are as {@link TableWriter} writes them: whole pages can then be copied. */
  private static boolean plain(ColumnChunkMetaData chunk) {
    EncodingStats stats = chunk.getEncodingStats();
    return stats != null
        && stats.usesV2Pages()
        && !stats.hasDictionaryPages()
        && stats.getDataEncodings().equals(Set.of(Encoding.PLAIN))
        && chunk.getStatistics() != null
        && chunk.getStatistics().getNumNulls() == 0;
  }

  /** Vectors of one length, page after page; the levels say where each begins. */
  private float[] plainVectors(Column c, PageReader in, int rows) throws IOException {
    long total = in.getTotalValueCount();
    if (rows == 0 || total % rows != 0 || total > Integer.MAX_VALUE - 8) {
      throw uneven(c, total, rows);
    }
    int d = (int) (total / rows);
    float[] v = new float[(int) total];
    int at = 0;
    for (DataPage page = in.readPage(); page != null; page = in.readPage()) {
      DataPageV2 p = (DataPageV2) page;
      int n = p.getValueCount();
      RunLengthBitPackingHybridDecoder levels =
          new RunLengthBitPackingHybridDecoder(1, p.getRepetitionLevels().toInputStream());
      for (int i = at; i < at + n; i++) {
        if ((levels.readInt() == 0) != (i % d == 0)) {
          throw new IOException(
              path
                  + ": column "
                  + c.name()
                  + ", row "
                  + i / d
                  + ": a vector is not "
                  + d
                  + " long");
        }
      }
      p.getData()
          .toInputStream()
          .slice(4 * n)
          .order(ByteOrder.LITTLE_ENDIAN)
          .asFloatBuffer()
          .get(v, at, n);
      at += n;
    }
    return v;
  }

  private IOException uneven(Column c, long total, int rows) {
    return new IOException(
        path
            + ": column "
            + c.name()
            + " has "
            + total
            + " values in "
            + rows
            + " rows; all vectors of a row group must have one length");
  }

  @SuppressWarnings("deprecation") // the number of values has no other accessor
  private float[] vectors(Column c, ColumnReader in, int rows) throws IOException {
    long total = in.getTotalValueCount();
    if (rows == 0) {
      return new float[0];
    }
    if (total % rows != 0 || total > Integer.MAX_VALUE - 8) {
      throw uneven(c, total, rows);
    }
    int d = (int) (total / rows);
    // An empty vector counts as one value, which is not defined.
    boolean empty = in.getCurrentDefinitionLevel() == 0;
    float[] v = new float[empty ? 0 : (int) total];
    for (int i = 0; i < total; i++) {
      boolean first = in.getCurrentRepetitionLevel() == 0;
      if (first != (i % d == 0) || (in.getCurrentDefinitionLevel() == 0) != empty) {
        throw new IOException(
            path
                + ": column "
                + c.name()
                + ", row "
                + i / d
                + ": a vector is not "
                + (empty ? 0 : d)
                + " long");
      }
      if (!empty) {
        v[i] = in.getFloat();
      }
      in.consume();
    }
    return v;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  /** Converters that the column readers ask for and never call: values are taken directly. */
  private static final class Ignore extends GroupConverter {
    private final GroupType type;

    Ignore(GroupType type) {
      this.type = type;
    }

    @Override
    public Converter getConverter(int fieldIndex) {
      Type field = type.getType(fieldIndex);
      return field.isPrimitive() ? new PrimitiveConverter() {} : new Ignore(field.asGroupType());
    }

    @Override
    public void start() {}

    @Override
    public void end() {}
  }
}
