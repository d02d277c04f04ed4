package org.deepercluster.stages.ingest;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableSchema;

/**
 * Compares images within one partition of their hashes. The partitions, by content and by each band
 * of the perceptual hash, are small enough for memory; {@link MergeDuplicates} puts together what
 * they find. Every unit reads the hashes table and keeps its partition: some 50 bytes per image.
 */
final class FindDuplicates extends StageTransform<FindDuplicates.Partition> {
  private static final long serialVersionUID = 1;

  /** Rows in a partition, about: 2 million take some 300 MB. */
  static final long PARTITION_ROWS = 2_000_000;

  /** So many rows are compared in less time than a job takes to start. */
  static final long SMALL_ROWS = 50_000;

  /** One row per image and partition that an earlier one like it was found in. */
  static final TableSchema FOUND =
      TableSchema.named("found")
          .with("ordinal", Type.LONG)
          .with("block", Type.INT)
          .with("image_id", Type.STRING)
          .with("first_ordinal", Type.LONG)
          .with("first_id", Type.STRING)
          .with("exact", Type.BOOLEAN)
          .with("distance", Type.INT)
          .build();

  /** A part of the comparison. */
  record Partition(int band, int partition) implements Serializable {}

  private final ArrayList<Part> hashes;
  private final int partitions;

  FindDuplicates(List<Part> hashes, long partitionRows, String directory) {
    super(partitions(hashes, partitionRows), directory);
    this.hashes = new ArrayList<>(hashes);
    this.partitions = count(hashes, partitionRows);
  }

  /** How many partitions each comparison has. */
  static int count(List<Part> hashes, long partitionRows) {
    long rows = hashes.stream().mapToLong(Part::rows).sum();
    return (int) Math.max(1, (rows + partitionRows - 1) / partitionRows);
  }

  private static List<Partition> partitions(List<Part> hashes, long partitionRows) {
    int partitions = count(hashes, partitionRows);
    return IntStream.range(DuplicateSearch.CONTENT, DuplicateSearch.BANDS)
        .boxed()
        .flatMap(band -> IntStream.range(0, partitions).mapToObj(p -> new Partition(band, p)))
        .toList();
  }

  @Override
  public boolean isSmall() {
    return hashes.stream().mapToLong(Part::rows).sum() <= SMALL_ROWS;
  }

  @Override
  protected UnitWork<Partition> work() {
    return new Work(hashes, partitions);
  }

  private static final class Work implements UnitWork<Partition> {
    private static final long serialVersionUID = 1;

    private final ArrayList<Part> hashes;
    private final int partitions;

    Work(ArrayList<Part> hashes, int partitions) {
      this.hashes = hashes;
      this.partitions = partitions;
    }

    @Override
    public List<Part> process(Unit<Partition> unit, Output output) throws Exception {
      int band = unit.value().band();
      boolean content = band == DuplicateSearch.CONTENT;
      HashRows rows = HashRows.read(hashes, band, unit.value().partition(), partitions);
      output.progress(1, 2, Map.of());
      int[] first =
          content
              ? DuplicateSearch.exact(rows.key, rows.low)
              : DuplicateSearch.near(rows.key, band);
      int[] found = IntStream.range(0, first.length).filter(i -> first[i] >= 0).toArray();
      if (found.length == 0) {
        return List.of();
      }
      boolean[] exact = new boolean[found.length];
      java.util.Arrays.fill(exact, content);
      return List.of(
          output.write(
              unit.index(),
              Columns.of(FOUND, found.length)
                  .set("ordinal", IntStream.of(found).mapToLong(i -> rows.ordinal[i]).toArray())
                  .set("block", IntStream.of(found).map(i -> rows.block[i]).toArray())
                  .set("image_id", strings(found, i -> rows.id[i]))
                  .set(
                      "first_ordinal",
                      IntStream.of(found).mapToLong(i -> rows.ordinal[first[i]]).toArray())
                  .set("first_id", strings(found, i -> rows.id[first[i]]))
                  .set("exact", exact)
                  .set(
                      "distance",
                      IntStream.of(found)
                          .map(i -> content ? 0 : Long.bitCount(rows.key[i] ^ rows.key[first[i]]))
                          .toArray())
                  .build()));
    }

    private static String[] strings(int[] rows, java.util.function.IntFunction<String> value) {
      return IntStream.of(rows).mapToObj(value).toArray(String[]::new);
    }
  }
}
