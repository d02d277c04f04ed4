package org.deepercluster.stages.ingest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * From what the partitions found to one row per image: the same content comes before a near one, an
 * earlier image before a later one. Writes one file for each file of images that has duplicates.
 */
final class MergeDuplicates extends StageTransform<MergeDuplicates.Blocks> {
  private static final long serialVersionUID = 1;

  /** Files of images from {@code from} to before {@code to}. */
  record Blocks(int from, int to) implements java.io.Serializable {}

  private final ArrayList<Part> found;

  /**
   * A merge.
   *
   * @param found files of {@link FindDuplicates#FOUND}
   * @param blocks number of files of images
   * @param units to part the work into
   */
  MergeDuplicates(List<Part> found, int blocks, int units, String directory) {
    super(
        IntStream.range(0, units)
            .mapToObj(
                u ->
                    new Blocks(
                        (int) ((long) blocks * u / units), (int) ((long) blocks * (u + 1) / units)))
            .toList(),
        directory);
    this.found = new ArrayList<>(found);
  }

  @Override
  public boolean isSmall() {
    return found.stream().mapToLong(Part::rows).sum() <= FindDuplicates.SMALL_ROWS;
  }

  @Override
  protected UnitWork<Blocks> work() {
    return new Work(found);
  }

  private static final class Work implements UnitWork<Blocks> {
    private static final long serialVersionUID = 1;

    private final ArrayList<Part> found;

    Work(ArrayList<Part> found) {
      this.found = found;
    }

    private record Row(String id, long firstOrdinal, String firstId, boolean exact, int distance) {
      boolean isBefore(Row other) {
        return exact == other.exact ? firstOrdinal < other.firstOrdinal : exact;
      }
    }

    @Override
    public List<Part> process(Unit<Blocks> unit, Output output) throws Exception {
      TreeMap<Integer, TreeMap<Long, Row>> byBlock = new TreeMap<>();
      int read = 0;
      for (Part part : found) {
        Columns c = TableReader.read(part.path(), FindDuplicates.FOUND);
        for (int i = 0; i < c.rows(); i++) {
          int block = c.ints("block")[i];
          if (block >= unit.value().from() && block < unit.value().to()) {
            Row row =
                new Row(
                    c.strings("image_id")[i],
                    c.longs("first_ordinal")[i],
                    c.strings("first_id")[i],
                    c.booleans("exact")[i],
                    c.ints("distance")[i]);
            byBlock
                .computeIfAbsent(block, b -> new TreeMap<>())
                .merge(c.longs("ordinal")[i], row, (a, b) -> a.isBefore(b) ? a : b);
          }
        }
        output.progress(++read, found.size() + 1, Map.of());
      }
      List<Part> parts = new ArrayList<>();
      for (Map.Entry<Integer, TreeMap<Long, Row>> e : byBlock.entrySet()) {
        List<Row> rows = List.copyOf(e.getValue().values());
        parts.add(
            output.write(
                e.getKey(),
                Columns.of(IngestTables.DUPLICATES, rows.size())
                    .set("image_id", rows.stream().map(Row::id).toArray(String[]::new))
                    .set("first_id", rows.stream().map(Row::firstId).toArray(String[]::new))
                    .set(
                        "kind",
                        rows.stream().map(r -> r.exact() ? "exact" : "near").toArray(String[]::new))
                    .set("distance", rows.stream().mapToInt(Row::distance).toArray())
                    .build()));
      }
      return parts;
    }
  }
}
