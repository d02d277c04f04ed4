package org.deepercluster.stages.table;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/**
 * Name and columns of a table; the name is also the folder of its files and the Parquet message's
 * name.
 */
public record TableSchema(String name, List<Column> columns) implements Serializable {

  public TableSchema {
    columns = List.copyOf(columns);
    if (columns.isEmpty()) {
      throw new IllegalArgumentException("table " + name + " has no columns");
    }
  }

  /** Starts a schema with no columns yet. */
  public static Builder named(String name) {
    return new Builder(name);
  }

  /**
   * Position of a column.
   *
   * @throws IllegalArgumentException naming the columns there are
   */
  int indexOf(String column) {
    for (int i = 0; i < columns.size(); i++) {
      if (columns.get(i).name().equals(column)) {
        return i;
      }
    }
    throw new IllegalArgumentException(
        "table "
            + name
            + " has no column "
            + column
            + "; it has "
            + columns.stream().map(Column::name).toList());
  }

  /**
   * This table with one of its columns several times: {@code column}, and behind the others {@code
   * column_1} and so on, of the same type.
   *
   * @param count how often, at least 1
   */
  public TableSchema repeat(String column, int count) {
    List<Column> all = new ArrayList<>(columns);
    for (int i = 1; i < count; i++) {
      all.add(new Column(repeated(column, i), columns.get(indexOf(column)).type()));
    }
    return new TableSchema(name, all);
  }

  /** Name of the {@code i}-th of a repeated column, from 0. */
  public static String repeated(String column, int i) {
    return i == 0 ? column : column + "_" + i;
  }

  /** The schema restricted to the given columns, in their order. */
  TableSchema project(List<String> names) {
    List<Column> kept = new ArrayList<>();
    for (String n : names) {
      kept.add(columns.get(indexOf(n)));
    }
    return new TableSchema(name, kept);
  }

  /** The Parquet schema: vectors as three-level lists with required elements. */
  MessageType toParquet() {
    List<Type> fields = new ArrayList<>();
    for (Column c : columns) {
      fields.add(
          switch (c.type()) {
            case STRING ->
                Types.required(PrimitiveTypeName.BINARY)
                    .as(LogicalTypeAnnotation.stringType())
                    .named(c.name());
            case BYTES -> Types.required(PrimitiveTypeName.BINARY).named(c.name());
            case INT -> Types.required(PrimitiveTypeName.INT32).named(c.name());
            case LONG -> Types.required(PrimitiveTypeName.INT64).named(c.name());
            case FLOAT -> Types.required(PrimitiveTypeName.FLOAT).named(c.name());
            case DOUBLE -> Types.required(PrimitiveTypeName.DOUBLE).named(c.name());
            case BOOLEAN -> Types.required(PrimitiveTypeName.BOOLEAN).named(c.name());
            case VECTOR ->
                Types.requiredList().requiredElement(PrimitiveTypeName.FLOAT).named(c.name());
          });
    }
    return new MessageType(name, fields);
  }

  /** Collects columns. */
  public static final class Builder {
    private final String name;
    private final List<Column> columns = new ArrayList<>();

    private Builder(String name) {
      this.name = name;
    }

    /** Adds a column. */
    public Builder with(String column, Column.Type type) {
      columns.add(new Column(column, type));
      return this;
    }

    /** The finished schema. */
    public TableSchema build() {
      return new TableSchema(name, columns);
    }
  }
}
