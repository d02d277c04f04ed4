package org.deepercluster.stages.ingest;

import java.io.Serializable;
import java.util.List;

/**
 * A collection, listed: its units in order.
 *
 * @param units what to read; in the order of record numbers or of paths (by code point)
 * @param classNames names of the classes by index; empty without labels
 * @param files records or files in all units together, at least 1
 * @param skipped hidden files and things that are neither files nor folders, not in any unit
 * @param digest what the collection is, for the manifest
 */
public record Listing(
    List<SourceUnit> units, List<String> classNames, long files, long skipped, InputDigest digest)
    implements Serializable {
  /** Copies the lists. */
  public Listing {
    units = List.copyOf(units);
    classNames = List.copyOf(classNames);
  }
}
