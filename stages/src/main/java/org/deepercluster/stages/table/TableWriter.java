package org.deepercluster.stages.table;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.fs.ResourceId;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;

/**
 * Writes one Parquet file of a table under a name that no other attempt uses. Floats go from the
 * array to the page without boxing. The same rows give the same bytes.
 *
 * <p>Tables with vectors or raw bytes are left uncompressed (they do not compress); the others are
 * compressed with Snappy.
 */
public final class TableWriter implements AutoCloseable {
  private static final long ROW_GROUP_BYTES = 64L << 20;

  /** Raw bytes are read row by row in random order: a small group is read for each. */
  private static final long BYTES_ROW_GROUP_BYTES = 1L << 20;

  private final TableSchema schema;
  private final int index;
  private final String path;
  private final MessageDigest sha256;
  private final CountingOutput counting;
  private final ParquetWriter<RowOf> writer;
  private final RowOf row = new RowOf();
  private long rows;

  private TableWriter(TableSchema schema, int index, String path) throws IOException {
    this.schema = schema;
    this.index = index;
    this.path = path;
    this.sha256 = Digests.sha256();
    ResourceId id = Files.resource(path, false);
    OutputStream file =
        Channels.newOutputStream(FileSystems.create(id, "application/octet-stream"));
    this.counting = new CountingOutput(new BufferedOutputStream(file, 1 << 16), sha256);
    boolean bytes = schema.columns().stream().anyMatch(c -> c.type() == Column.Type.BYTES);
    boolean dense =
        bytes || schema.columns().stream().anyMatch(c -> c.type() == Column.Type.VECTOR);
    this.writer =
        new Builder(ParquetFiles.output(counting, path), schema)
            .withConf(new PlainParquetConfiguration())
            .withCompressionCodec(
                dense ? CompressionCodecName.UNCOMPRESSED : CompressionCodecName.SNAPPY)
            // One encoding per column: a footer lists several in the order of their hash codes,
            // which
            // is another in each process.
            .withWriterVersion(ParquetProperties.WriterVersion.PARQUET_2_0)
            .withDictionaryEncoding(false)
            .withRowGroupSize(bytes ? BYTES_ROW_GROUP_BYTES : ROW_GROUP_BYTES)
            .withMinRowCountForPageSizeCheck(bytes ? 8 : 100)
            .build();
  }

  /**
   * Opens a new file below {@code directory}.
   *
   * @param directory URI of the attempt's folder, with or without a slash at its end
   * @param schema the table; its name becomes a folder
   * @param index position of the file among the table's files
   */
  public static TableWriter open(String directory, TableSchema schema, int index)
      throws IOException {
    String path = unique(directory, schema.name(), index, "parquet");
    return new TableWriter(schema, index, path);
  }

  /**
   * Writes a file that is no Parquet table under a name that no other attempt uses.
   *
   * @param directory URI of the attempt's folder
   * @param table name that the file is listed under
   * @param extension of the file's name, without the dot
   */
  public static Part writeFile(
      String directory, String table, int index, String extension, Content content)
      throws IOException {
    String path = unique(directory, table, index, extension);
    MessageDigest sha256 = Digests.sha256();
    CountingOutput out = create(path, sha256);
    try (out) {
      content.write(out);
    }
    return new Part(table, index, path, 1, out.bytes, Digests.hex(sha256.digest()));
  }

  /** Writes the bytes of a file; need not close the stream. */
  public interface Content {
    void write(OutputStream out) throws IOException;
  }

  private static String unique(String directory, String table, int index, String extension) {
    String unique = UUID.randomUUID().toString().substring(0, 8);
    return Paths.join(directory, table, String.format("part-%05d-%s.%s", index, unique, extension));
  }

  private static CountingOutput create(String path, MessageDigest digest) throws IOException {
    ResourceId id = Files.resource(path, false);
    OutputStream file =
        Channels.newOutputStream(FileSystems.create(id, "application/octet-stream"));
    return new CountingOutput(new BufferedOutputStream(file, 1 << 16), digest);
  }

  /** Writes a whole file at once. */
  public static Part write(String directory, int index, Columns columns) throws IOException {
    try (TableWriter w = open(directory, columns.schema(), index)) {
      w.append(columns);
      return w.finish();
    }
  }

  /** Appends the rows of a batch of the same schema. */
  public void append(Columns batch) throws IOException {
    if (!batch.schema().equals(schema)) {
      throw new IllegalArgumentException("batch of " + batch.schema() + " for table " + schema);
    }
    row.batch = batch;
    for (int r = 0; r < batch.rows(); r++) {
      row.row = r;
      writer.write(row);
    }
    rows += batch.rows();
  }

  /** Completes the file and says what was written. */
  public Part finish() throws IOException {
    writer.close();
    return new Part(schema.name(), index, path, rows, counting.bytes, Digests.hex(sha256.digest()));
  }

  @Override
  public void close() throws IOException {
    writer.close();
  }

  private static final class RowOf {
    private Columns batch;
    private int row;
  }

  private static final class CountingOutput extends DigestOutputStream {
    private long bytes;

    CountingOutput(OutputStream out, MessageDigest digest) {
      super(out, digest);
    }

    @Override
    public void write(int b) throws IOException {
      super.write(b);
      bytes++;
    }

    @Override
    public void write(byte[] b, int off, int len) throws IOException {
      super.write(b, off, len);
      bytes += len;
    }
  }

  @SuppressWarnings("deprecation") // abstract in the superclass, so it must be there
  private static final class Builder extends ParquetWriter.Builder<RowOf, Builder> {
    private final TableSchema schema;

    Builder(OutputFile file, TableSchema schema) {
      super(file);
      this.schema = schema;
    }

    @Override
    protected Builder self() {
      return this;
    }

    @Override
    protected WriteSupport<RowOf> getWriteSupport(Configuration conf) {
      return new Support(schema);
    }

    @Override
    protected WriteSupport<RowOf> getWriteSupport(ParquetConfiguration conf) {
      return new Support(schema);
    }
  }

  @SuppressWarnings("deprecation") // abstract in the superclass, so it must be there
  private static final class Support extends WriteSupport<RowOf> {
    private final TableSchema schema;
    private RecordConsumer out;

    Support(TableSchema schema) {
      this.schema = schema;
    }

    @Override
    public WriteContext init(Configuration configuration) {
      return context();
    }

    @Override
    public WriteContext init(ParquetConfiguration configuration) {
      return context();
    }

    private WriteContext context() {
      Map<String, String> extra = new HashMap<>();
      return new WriteContext(schema.toParquet(), extra);
    }

    @Override
    public void prepareForWrite(RecordConsumer recordConsumer) {
      this.out = recordConsumer;
    }

    @Override
    public void write(RowOf at) {
      Columns batch = at.batch;
      int r = at.row;
      out.startMessage();
      for (int i = 0; i < schema.columns().size(); i++) {
        Column c = schema.columns().get(i);
        Object values = batch.raw(i);
        out.startField(c.name(), i);
        switch (c.type()) {
          case STRING -> out.addBinary(Binary.fromString(((String[]) values)[r]));
          case BYTES -> out.addBinary(Binary.fromConstantByteArray(((byte[][]) values)[r]));
          case INT -> out.addInteger(((int[]) values)[r]);
          case LONG -> out.addLong(((long[]) values)[r]);
          case FLOAT -> out.addFloat(((float[]) values)[r]);
          case DOUBLE -> out.addDouble(((double[]) values)[r]);
          case BOOLEAN -> out.addBoolean(((boolean[]) values)[r]);
          case VECTOR -> vector((float[]) values, r, batch.rows());
        }
        out.endField(c.name(), i);
      }
      out.endMessage();
    }

    private void vector(float[] values, int r, int rows) {
      int d = values.length / rows;
      out.startGroup();
      if (d > 0) {
        out.startField("list", 0);
        for (int j = r * d; j < (r + 1) * d; j++) {
          out.startGroup();
          out.startField("element", 0);
          out.addFloat(values[j]);
          out.endField("element", 0);
          out.endGroup();
        }
        out.endField("list", 0);
      }
      out.endGroup();
    }
  }
}
