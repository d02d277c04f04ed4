package org.deepercluster.stages.table;

import java.util.ArrayList;
import java.util.List;

/**
 * A batch of rows, column by column, in primitive arrays: what a table is written from and read
 * into.
 */
public final class Columns {
  private final TableSchema schema;
  private final int rows;
  private final Object[] data;

  private Columns(TableSchema schema, int rows, Object[] data) {
    this.schema = schema;
    this.rows = rows;
    this.data = data;
  }

  /** Starts a batch of {@code rows} rows; every column must then be set. */
  public static Builder of(TableSchema schema, int rows) {
    return new Builder(schema, rows);
  }

  /** Which columns the batch has. */
  public TableSchema schema() {
    return schema;
  }

  /** Number of rows. */
  public int rows() {
    return rows;
  }

  /** Values of a {@code STRING} column; the array is the batch's own. */
  public String[] strings(String column) {
    return (String[]) get(column, Column.Type.STRING);
  }

  /** Values of a {@code BYTES} column. */
  public byte[][] bytes(String column) {
    return (byte[][]) get(column, Column.Type.BYTES);
  }

  /** Values of an {@code INT} column. */
  public int[] ints(String column) {
    return (int[]) get(column, Column.Type.INT);
  }

  /** Values of a {@code LONG} column. */
  public long[] longs(String column) {
    return (long[]) get(column, Column.Type.LONG);
  }

  /** Values of a {@code FLOAT} column. */
  public float[] floats(String column) {
    return (float[]) get(column, Column.Type.FLOAT);
  }

  /** Values of a {@code DOUBLE} column. */
  public double[] doubles(String column) {
    return (double[]) get(column, Column.Type.DOUBLE);
  }

  /** Values of a {@code BOOLEAN} column. */
  public boolean[] booleans(String column) {
    return (boolean[]) get(column, Column.Type.BOOLEAN);
  }

  /** Values of a {@code VECTOR} column: row-major, rows × dimension. */
  public float[] vectors(String column) {
    return (float[]) get(column, Column.Type.VECTOR);
  }

  /** Length of the vectors of a {@code VECTOR} column; 0 when there are no rows. */
  public int dimension(String column) {
    return rows == 0 ? 0 : vectors(column).length / rows;
  }

  Object raw(int index) {
    return data[index];
  }

  private Object get(String column, Column.Type type) {
    int i = schema.indexOf(column);
    Column c = schema.columns().get(i);
    if (c.type() != type) {
      throw new IllegalArgumentException(
          "column " + schema.name() + "." + column + " is " + c.type() + ", not " + type);
    }
    return data[i];
  }

  /** The batches one after the other, as one; they must have one schema. */
  public static Columns concat(TableSchema schema, List<Columns> parts) {
    int rows = parts.stream().mapToInt(Columns::rows).sum();
    Builder b = of(schema, rows);
    for (int i = 0; i < schema.columns().size(); i++) {
      Column c = schema.columns().get(i);
      List<Object> arrays = new ArrayList<>();
      for (Columns p : parts) {
        if (p.rows > 0) {
          arrays.add(p.data[i]);
        }
      }
      if (c.type() == Column.Type.VECTOR) {
        int[] dims =
            parts.stream()
                .filter(p -> p.rows > 0)
                .mapToInt(p -> p.dimension(c.name()))
                .distinct()
                .toArray();
        if (dims.length > 1) {
          throw new IllegalArgumentException(
              String.format(
                  "column %s.%s has vectors of %d and of %d values; all must have one length",
                  schema.name(), c.name(), dims[0], dims[1]));
        }
      }
      b.data[i] = join(c.type(), arrays);
    }
    return b.build();
  }

  /**
   * Some of the rows.
   *
   * @param chosen their indices, in the order to take them
   */
  public Columns select(int[] chosen) {
    Builder b = of(schema, chosen.length);
    for (int i = 0; i < data.length; i++) {
      Column c = schema.columns().get(i);
      int width = c.type() == Column.Type.VECTOR ? dimension(c.name()) : 1;
      Object out =
          java.lang.reflect.Array.newInstance(
              data[i].getClass().getComponentType(), chosen.length * width);
      for (int r = 0; r < chosen.length; r++) {
        System.arraycopy(data[i], chosen[r] * width, out, r * width, width);
      }
      b.data[i] = out;
    }
    return b.build();
  }

  private static Object join(Column.Type type, List<Object> arrays) {
    int length = 0;
    for (Object a : arrays) {
      length = Math.addExact(length, java.lang.reflect.Array.getLength(a));
    }
    Object out =
        switch (type) {
          case STRING -> new String[length];
          case BYTES -> new byte[length][];
          case INT -> new int[length];
          case LONG -> new long[length];
          case FLOAT, VECTOR -> new float[length];
          case DOUBLE -> new double[length];
          case BOOLEAN -> new boolean[length];
        };
    int at = 0;
    for (Object a : arrays) {
      int n = java.lang.reflect.Array.getLength(a);
      System.arraycopy(a, 0, out, at, n);
      at += n;
    }
    return out;
  }

  /** Sets the columns of a batch; arrays are kept, not copied. */
  public static final class Builder {
    private final TableSchema schema;
    private final int rows;
    private final Object[] data;

    private Builder(TableSchema schema, int rows) {
      this.schema = schema;
      this.rows = rows;
      this.data = new Object[schema.columns().size()];
    }

    /**
     * Sets a column.
     *
     * @param values an array of the column's type with one value per row; for vectors a row-major
     *     {@code float[]} of rows × dimension
     * @throws IllegalArgumentException when type or length do not fit
     */
    public Builder set(String column, Object values) {
      int i = schema.indexOf(column);
      Column c = schema.columns().get(i);
      Class<?> wanted =
          switch (c.type()) {
            case STRING -> String[].class;
            case BYTES -> byte[][].class;
            case INT -> int[].class;
            case LONG -> long[].class;
            case FLOAT, VECTOR -> float[].class;
            case DOUBLE -> double[].class;
            case BOOLEAN -> boolean[].class;
          };
      if (!wanted.isInstance(values)) {
        throw new IllegalArgumentException(
            "column "
                + schema.name()
                + "."
                + column
                + " takes "
                + wanted.getSimpleName()
                + ", not "
                + values.getClass().getSimpleName());
      }
      int n = java.lang.reflect.Array.getLength(values);
      boolean fits =
          c.type() == Column.Type.VECTOR ? (rows == 0 ? n == 0 : n % rows == 0) : n == rows;
      if (!fits) {
        throw new IllegalArgumentException(
            "column "
                + schema.name()
                + "."
                + column
                + " has "
                + n
                + " values for "
                + rows
                + " rows");
      }
      data[i] = values;
      return this;
    }

    /** The batch; every column must have been set. */
    public Columns build() {
      for (int i = 0; i < data.length; i++) {
        if (data[i] == null) {
          throw new IllegalStateException(
              "column " + schema.name() + "." + schema.columns().get(i).name() + " was not set");
        }
      }
      return new Columns(schema, rows, data);
    }
  }
}
