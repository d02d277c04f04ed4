package org.deepercluster.stages.beam;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;
import org.deepercluster.stages.table.TableSchema;
import org.deepercluster.stages.table.TableWriter;

/** Where a unit's files go, and how it says how far it is. One per unit and try. */
public final class Output {
  private static final long DISK_INTERVAL_NANOS = 500_000_000L;

  /** In a store each record is two requests. */
  private static final long STORE_INTERVAL_NANOS = 2_000_000_000L;

  private final String directory;
  private final int unit;
  private final long interval;

  /** Keeps the records of a second try of the unit apart from those of the first. */
  private final String attempt = UUID.randomUUID().toString().substring(0, 8);

  private final long started = System.nanoTime();
  private int sequence;
  private long lastReport = started;

  Output(String directory, int unit) throws IOException {
    this.directory = directory;
    this.unit = unit;
    this.interval = Files.onDisk(directory) ? DISK_INTERVAL_NANOS : STORE_INTERVAL_NANOS;
  }

  /** URI of the attempt's folder. */
  public String directory() {
    return directory;
  }

  /** Writes a whole file of a table. */
  public Part write(int index, Columns columns) throws IOException {
    return TableWriter.write(directory, index, columns);
  }

  /** Opens a file of a table for several batches. */
  public TableWriter open(TableSchema schema, int index) throws IOException {
    return TableWriter.open(directory, schema, index);
  }

  /**
   * Writes a file that is no Parquet table, such as weights.
   *
   * @param table name it is listed under
   * @param extension of the file's name, without the dot
   * @param content writes the bytes
   */
  public Part writeFile(String table, int index, String extension, TableWriter.Content content)
      throws IOException {
    return TableWriter.writeFile(directory, table, index, extension, content);
  }

  /**
   * Says how far the unit is; at most twice a second reaches the disk, and every two seconds a
   * store.
   *
   * @param done steps done
   * @param total steps in all
   * @param metrics numbers worth showing, by name
   */
  public void progress(long done, long total, Map<String, Double> metrics) throws IOException {
    long now = System.nanoTime();
    if (now - lastReport >= interval) {
      lastReport = now;
      report(new Progress(unit, sequence, done, total, false, new TreeMap<>(metrics)));
    }
  }

  void finished() throws IOException {
    report(new Progress(unit, sequence, 1, 1, true, new TreeMap<>()));
  }

  private void report(Progress p) throws IOException {
    Json.write(
        Paths.join(
            directory,
            Progress.FOLDER,
            String.format("%06d-%s-%06d.json", unit, attempt, sequence)),
        p);
    sequence++;
  }
}
