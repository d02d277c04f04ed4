package org.deepercluster.stages.table;

import java.io.Serializable;
import java.util.Objects;

/**
 * One column of a table. Every value is required; there are no nulls.
 *
 * @param name Parquet field name, snake_case
 * @param type what a value is
 */
public record Column(String name, Type type) implements Serializable {

  /** The kinds of value that tables hold, with the Parquet type that each is written as. */
  public enum Type {
    /** {@code binary (STRING)}. */
    STRING,
    /** {@code binary}. */
    BYTES,
    /** {@code int32}. */
    INT,
    /** {@code int64}. */
    LONG,
    /** {@code float}. */
    FLOAT,
    /** {@code double}. */
    DOUBLE,
    /** {@code boolean}. */
    BOOLEAN,
    /** Three-level {@code LIST} of required {@code float}; all rows of a batch have one length. */
    VECTOR
  }

  public Column {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(type, "type");
  }
}
