package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.apache.commons.csv.DuplicateHeaderMode;

/**
 * A table in CSV (RFC 4180) or, where the file ends in {@code .tsv}, with tabs; UTF-8, the first
 * line names the columns. One column holds paths or web addresses of images, another may hold
 * classes.
 *
 * <p>An image's id is that of its cell.
 */
final class CsvReader implements CollectionReader {
  private final DataConfig config;
  private final List<String> classNames;

  CsvReader(DataConfig config, List<String> classNames) {
    this.config = config;
    this.classNames = List.copyOf(classNames);
  }

  @Override
  public Listing list() throws IOException {
    String path = config.path();
    Storage.Entry file = Storage.stat(path);
    String root = Storage.folderOf(path).isEmpty() ? "." : Storage.folderOf(path);
    Cells cells = new Cells(root);
    boolean labelled;
    CSVFormat format =
        (path.toLowerCase(Locale.ROOT).endsWith(".tsv") ? CSVFormat.TDF : CSVFormat.RFC4180)
            .builder()
            .setHeader()
            .setDuplicateHeaderMode(DuplicateHeaderMode.DISALLOW)
            .setSkipHeaderRecord(true)
            .setIgnoreEmptyLines(true)
            .build();
    try (Reader in = new BufferedReader(new InputStreamReader(Storage.open(path, 0), UTF_8));
        CSVParser rows = parse(path, in, format)) {
      List<String> columns = rows.getHeaderNames();
      String image = Cells.imageColumn(path, columns, config.column());
      String label = Cells.labelColumn(path, columns, config.labels());
      labelled = label != null;
      for (CSVRecord row : rows) {
        if (!row.isConsistent()) {
          throw new IOException(
              path
                  + ", line "
                  + rows.getCurrentLineNumber()
                  + ": has "
                  + row.size()
                  + " cells, the first line names "
                  + columns.size()
                  + " columns");
        }
        cells.add(row.get(image).strip(), labelled ? row.get(label).strip() : null);
      }
    } catch (UncheckedIOException | IllegalArgumentException | IllegalStateException e) {
      throw new IOException(path + ": cannot be read as CSV: " + e.getMessage(), e);
    }
    return listing(
        config,
        classNames,
        cells,
        labelled,
        root,
        List.of(file),
        Storage.join(root, "classes.txt"));
  }

  private static CSVParser parse(String path, Reader in, CSVFormat format) throws IOException {
    try {
      return CSVParser.parse(withoutMark(in), format);
    } catch (IOException e) {
      throw new IOException(path + ": cannot be read as CSV: " + e.getMessage(), e);
    }
  }

  /** The stream after the byte-order mark that some programs put first. */
  private static Reader withoutMark(Reader in) throws IOException {
    in.mark(1);
    if (in.read() != 0xFEFF) {
      in.reset();
    }
    return in;
  }

  /** A listing of the images that a table names. */
  static Listing listing(
      DataConfig config,
      List<String> classNames,
      Cells cells,
      boolean labelled,
      String root,
      List<Storage.Entry> tables,
      String classesFile)
      throws IOException {
    RawLabels raw = new RawLabels();
    List<Item> items = cells.items(raw);
    if (items.isEmpty()) {
      throw new IOException(config.path() + ": holds no rows");
    }
    List<String> names = List.of();
    if (labelled) {
      Classes classes = raw.classes(config.path(), classesFile, classNames);
      names = classes.names();
      items = Items.labelled(items, raw.labels(classes));
    }
    List<String> words = new ArrayList<>(names);
    words.add("column=" + config.column());
    words.add("labels=" + config.labels());
    return Items.listing(config, items, true, names, 0, InputDigest.of(root, tables, words));
  }
}
