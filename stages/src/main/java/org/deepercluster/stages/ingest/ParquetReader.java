package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation.StringLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.deepercluster.stages.table.TableReader;

/**
 * Parquet files: one, those of a pattern or of a folder. One column holds images: their files'
 * bytes, in a binary column or in the field {@code bytes} of a structure; or, in a text column,
 * paths or web addresses. Another may hold classes.
 *
 * <p>An image's id is that of {@code <file>#<row>} for bytes, of its cell for paths.
 */
final class ParquetReader implements CollectionReader {
  static final String BYTES = "bytes";

  private final DataConfig config;
  private final List<String> classNames;

  ParquetReader(DataConfig config, List<String> classNames) {
    this.config = config;
    this.classNames = List.copyOf(classNames);
  }

  @Override
  public Listing list() throws IOException {
    Shards shards = Shards.find(config.path(), ".parquet");
    String classesFile = Storage.join(shards.root(), "classes.txt");
    Cells cells = null;
    RawLabels raw = new RawLabels();
    List<Long> rows = new ArrayList<>();
    String image = null;
    String label = null;
    for (Storage.Entry file : shards.files()) {
      String path = Storage.join(shards.root(), file.name());
      try (ParquetFileReader in = TableReader.openFile(path)) {
        MessageType schema = in.getFileMetaData().getSchema();
        List<String> columns = schema.getFields().stream().map(Type::getName).toList();
        image = Cells.imageColumn(path, columns, config.column());
        label = Cells.labelColumn(path, columns, config.labels());
        Type type = schema.getType(image);
        boolean text = isText(type);
        if (!text && !isBytes(type)) {
          throw new IOException(
              path
                  + ": column "
                  + image
                  + " must be binary, text or a structure with the binary field bytes; it is "
                  + type);
        }
        if (cells == null && text) {
          cells = new Cells(shards.root());
        }
        if (text != (cells != null)) {
          throw new IOException(path + ": column " + image + " is of another type than before it");
        }
        rows.add(rows(path, file.size(), in));
        read(path, in, text ? image : null, label, cells, raw);
      } catch (RuntimeException | OutOfMemoryError e) {
        throw damaged(path, e);
      }
    }
    if (cells != null) {
      return CsvReader.listing(
          config, classNames, cells, label != null, shards.root(), shards.files(), classesFile);
    }
    return bytes(shards, image, label, rows, raw, classesFile);
  }

  /** Rows of a file, as far as so many can be. */
  private static long rows(String path, long bytes, ParquetFileReader in) throws IOException {
    long rows = 0;
    for (BlockMetaData group : in.getRowGroups()) {
      rows += group.getRowCount();
      if (group.getRowCount() < 0 || rows < 0 || rows > bytes) {
        throw new IOException(
            path + ": is damaged: a file of " + bytes + " bytes states " + rows + " rows");
      }
    }
    return rows;
  }

  /**
   * What Parquet's reader says of a damaged file, with the file. A damaged size has it ask for an
   * array of up to 2 GiB at once, before it reads a byte: that fails without harm to anything else.
   */
  static IOException damaged(String path, Throwable e) {
    return new IOException(path + ": is damaged, or no Parquet that can be read: " + e, e);
  }

  private static boolean isText(Type type) {
    return type.isPrimitive()
        && type.getLogicalTypeAnnotation() instanceof StringLogicalTypeAnnotation;
  }

  private static boolean isBytes(Type type) {
    if (type.isPrimitive()) {
      return type.asPrimitiveType().getPrimitiveTypeName() == PrimitiveTypeName.BINARY
          && !type.isRepetition(Type.Repetition.REPEATED);
    }
    GroupType group = type.asGroupType();
    return group.containsField(BYTES) && isBytes(group.getType(BYTES));
  }

  /** Reads texts and labels, whichever are asked for. */
  private static void read(
      String path, ParquetFileReader in, String image, String label, Cells cells, RawLabels raw)
      throws IOException {
    MessageType schema = in.getFileMetaData().getSchema();
    List<Type> wanted = new ArrayList<>();
    if (image != null) {
      wanted.add(schema.getType(image));
    }
    if (label != null && !label.equals(image)) {
      wanted.add(labelType(path, schema.getType(label)));
    }
    if (wanted.isEmpty()) {
      return;
    }
    MessageType projection = new MessageType(schema.getName(), wanted);
    in.setRequestedSchema(projection);
    for (PageReadStore pages = group(path, in); pages != null; pages = group(path, in)) {
      RecordReader<Group> records = records(projection, pages);
      for (long r = 0; r < pages.getRowCount(); r++) {
        Group row = records.read();
        String of = label == null ? null : value(row, label);
        if (image != null) {
          String cell = value(row, image);
          cells.add(cell == null ? "" : cell, of);
        } else {
          raw.add(of == null || of.isEmpty() ? new String[0] : new String[] {of});
        }
      }
    }
  }

  private static PageReadStore group(String path, ParquetFileReader in) throws IOException {
    try {
      return in.readNextRowGroup();
    } catch (IOException e) {
      throw damaged(path, e);
    }
  }

  private static Type labelType(String path, Type type) throws IOException {
    boolean known = type.isPrimitive() && !type.isRepetition(Type.Repetition.REPEATED);
    if (known && !isText(type)) {
      PrimitiveTypeName name = type.asPrimitiveType().getPrimitiveTypeName();
      known = name == PrimitiveTypeName.INT32 || name == PrimitiveTypeName.INT64;
    }
    if (!known) {
      throw new IOException(
          path
              + ": column "
              + type.getName()
              + " of labels must be text or whole numbers; it is "
              + type);
    }
    return type;
  }

  static RecordReader<Group> records(MessageType projection, PageReadStore pages) {
    return new ColumnIOFactory()
        .getColumnIO(projection)
        .getRecordReader(pages, new GroupRecordConverter(projection));
  }

  private static String value(Group row, String column) {
    return row.getFieldRepetitionCount(column) == 0
        ? null
        : row.getValueToString(row.getType().getFieldIndex(column), 0);
  }

  private Listing bytes(
      Shards shards, String image, String label, List<Long> rows, RawLabels raw, String classesFile)
      throws IOException {
    List<String> names = List.of();
    List<List<Label>> labels = null;
    if (label != null) {
      Classes classes = raw.classes(config.path(), classesFile, classNames);
      names = classes.names();
      labels = raw.labels(classes);
    }
    long left = config.limit() == null ? Long.MAX_VALUE : config.limit();
    List<SourceUnit> units = new ArrayList<>();
    long files = 0;
    int at = 0;
    for (int f = 0; f < rows.size(); f++) {
      Storage.Entry file = shards.files().get(f);
      long used = Math.min(rows.get(f), left);
      for (long from = 0; from < used; from += config.blockImages()) {
        int count = (int) Math.min(config.blockImages(), used - from);
        units.add(
            new ParquetUnit(
                units.size(),
                Storage.join(shards.root(), file.name()),
                file.name(),
                image,
                from,
                count,
                labels == null
                    ? null
                    : List.copyOf(labels.subList(at + (int) from, at + (int) from + count)),
                file.size() * count / Math.max(1, rows.get(f)),
                new ImageFiles(config.rules())));
      }
      at += Math.toIntExact(rows.get(f));
      files += used;
      left -= used;
    }
    if (files == 0) {
      throw new IOException(config.path() + ": holds no rows");
    }
    List<String> words = new ArrayList<>(names);
    words.add("column=" + config.column());
    words.add("labels=" + config.labels());
    return new Listing(
        units,
        names,
        files,
        shards.skipped(),
        InputDigest.of(shards.root(), shards.files(), words));
  }
}
