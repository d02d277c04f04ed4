package org.deepercluster.stages.beam;

import java.io.Serializable;
import java.util.List;
import org.deepercluster.stages.table.Part;

/**
 * What a stage does with one unit: read its input files, compute, write its output files. Instances
 * are serialised to the workers; one instance serves many units, one after the other.
 *
 * @param <U> the unit's value
 */
public interface UnitWork<U extends Serializable> extends Serializable {

  /** Prepares what all units share (a network, an index); called before the first unit. */
  default void open() throws Exception {}

  /**
   * Works on one unit. May be called again for the same unit after a failure, with another file
   * name each time; what was written before is then not listed and is deleted at the commit.
   *
   * @return the files written
   */
  List<Part> process(Unit<U> unit, Output output) throws Exception;

  /** Frees what {@link #open()} prepared. */
  default void close() {}
}
