package org.deepercluster.stages.table;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.Comparator;
import java.util.List;

/**
 * One written file of a table.
 *
 * @param table name of the table
 * @param index position among the table's files; the block id of later stages
 * @param path URI of the file
 * @param rows number of rows
 * @param bytes size of the file
 * @param sha256 digest of the file's bytes, in hex
 */
public record Part(
    @JsonProperty("table") String table,
    @JsonProperty("index") int index,
    @JsonProperty("path") String path,
    @JsonProperty("rows") long rows,
    @JsonProperty("bytes") long bytes,
    @JsonProperty("sha256") String sha256)
    implements Serializable, Comparable<Part> {
  private static final Comparator<Part> ORDER =
      Comparator.comparing(Part::table).thenComparingInt(Part::index).thenComparing(Part::path);

  /** The parts of one table, in their order. */
  public static List<Part> of(List<Part> parts, String table) {
    return parts.stream().filter(p -> p.table().equals(table)).toList();
  }

  @Override
  public int compareTo(Part o) {
    return ORDER.compare(this, o);
  }
}
