package org.deepercluster.stages.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.deepercluster.stages.ingest.BucketFileSystem;
import org.deepercluster.stages.table.Column.Type;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TableTest {
  private static final TableSchema ALL =
      TableSchema.named("all")
          .with("string", Type.STRING)
          .with("bytes", Type.BYTES)
          .with("int", Type.INT)
          .with("long", Type.LONG)
          .with("float", Type.FLOAT)
          .with("double", Type.DOUBLE)
          .with("boolean", Type.BOOLEAN)
          .with("vector", Type.VECTOR)
          .build();

  private static final TableSchema VECTORS =
      TableSchema.named("vectors").with("id", Type.INT).with("vector", Type.VECTOR).build();

  @TempDir Path temporary;

  @BeforeEach
  void fileSystems() {
    BucketFileSystem.start();
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "bucket://seekable/table"})
  void everyTypeComesBackBitForBit(String place) throws IOException {
    String dir = place.equals("local") ? temporary.toString() : place;
    Part part = TableWriter.write(dir, 3, extremes());
    byte[] file = org.deepercluster.stages.table.Files.read(part.path());

    assertThat(part.table()).isEqualTo("all");
    assertThat(part.index()).isEqualTo(3);
    assertThat(part.rows()).isEqualTo(4);
    assertThat(part.bytes()).isEqualTo(file.length);
    assertThat(part.sha256()).isEqualTo(Digests.hex(Digests.sha256().digest(file)));
    assertThat(part.path()).startsWith(dir + "/all/part-00003-").endsWith(".parquet");
    assertSame(TableReader.read(part.path(), ALL), extremes());
  }

  @Test
  void anEmptyTableKeepsItsSchema() throws IOException {
    Columns none = batch(0, 0, 0);
    Part part = TableWriter.write(temporary.toString(), 0, none);
    Columns back = TableReader.read(part.path(), ALL);
    assertThat(part.rows()).isZero();
    assertThat(back.rows()).isZero();
    assertThat(back.dimension("vector")).isZero();
    assertSame(back, none);
    assertThat(TableReader.read(List.of(), ALL).rows()).isZero();
  }

  @Test
  void emptyVectorsComeBackEmpty() throws IOException {
    Columns empty =
        Columns.of(VECTORS, 3).set("id", new int[] {1, 2, 3}).set("vector", new float[0]).build();
    Part part = TableWriter.write(temporary.toString(), 0, empty);
    Columns back = TableReader.read(part.path(), VECTORS);
    assertThat(back.rows()).isEqualTo(3);
    assertThat(back.dimension("vector")).isZero();
    assertThat(back.ints("id")).containsExactly(1, 2, 3);
  }

  @Test
  void severalRowGroupsReadAsOneAndOneByOne() throws IOException {
    Columns all = batch(40, 5, 100_000);
    Part part = TableWriter.write(temporary.toString(), 0, all);
    assertSame(TableReader.read(part.path(), ALL), all);
    try (TableReader r = TableReader.open(part.path(), ALL, "long", "vector")) {
      int[] first = r.firstRows();
      assertThat(r.rowGroups()).isGreaterThan(2);
      assertThat(first).hasSize(r.rowGroups() + 1).startsWith(0).endsWith(40);
      // from back to front: a row group is read without those before it
      for (int g = r.rowGroups() - 1; g >= 0; g--) {
        Columns group = r.rowGroup(g);
        assertThat(group.rows()).isEqualTo(first[g + 1] - first[g]);
        assertThat(group.longs("long")[0]).isEqualTo(all.longs("long")[first[g]]);
        assertThat(group.vectors("vector")[4]).isEqualTo(all.vectors("vector")[first[g] * 5 + 4]);
      }
    }
  }

  @Test
  void aProjectionReadsOnlyWhatWasAskedFor() throws IOException {
    Part part = TableWriter.write(temporary.toString(), 0, extremes());
    Columns some = TableReader.read(part.path(), ALL, "vector", "int");
    assertThat(some.schema().columns()).extracting(Column::name).containsExactly("vector", "int");
    assertThat(some.ints("int")).isEqualTo(extremes().ints("int"));
    assertThat(some.vectors("vector")).isEqualTo(extremes().vectors("vector"));
    assertThatThrownBy(() -> some.longs("long"))
        .hasMessage("table all has no column long; it has [vector, int]");
    assertThatThrownBy(() -> some.strings("int")).hasMessage("column all.int is INT, not STRING");
  }

  @Test
  void filesOfOneTableAreReadInTheOrderGiven() throws IOException {
    Part a = TableWriter.write(temporary.toString(), 0, vectors(1, 2, 1f, 2f, 3f, 4f));
    Part none = TableWriter.write(temporary.toString(), 1, vectors(1, 0));
    Part b = TableWriter.write(temporary.toString(), 2, vectors(7, 1, 5f, 6f));
    Columns back = TableReader.read(List.of(b, none, a), VECTORS);
    assertThat(back.ints("id")).containsExactly(7, 1, 2);
    assertThat(back.vectors("vector")).containsExactly(5, 6, 1, 2, 3, 4);
  }

  @Test
  void otherColumnsThanExpectedAreNamed() throws IOException {
    Part part = TableWriter.write(temporary.toString(), 0, vectors(1, 1, 1f));
    TableSchema wanted = TableSchema.named("vectors").with("label", Type.INT).build();
    assertThatThrownBy(() -> TableReader.read(part.path(), wanted))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(part.path())
        .hasMessageContaining("label")
        .hasMessageContaining("is not there");
    TableSchema otherType = TableSchema.named("vectors").with("id", Type.LONG).build();
    assertThatThrownBy(() -> TableReader.read(part.path(), otherType))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("int64 id")
        .hasMessageContaining("int32 id");
  }

  @Test
  void whatIsNoTableIsSaidToBeNone() throws IOException {
    Path text = temporary.resolve("notes.parquet");
    Files.writeString(text, "no Parquet in here, only words that go on for a while");
    assertThatThrownBy(() -> TableReader.read(text.toString(), VECTORS))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(text.toString())
        .hasMessageContaining("is not a Parquet file");
    Path half = temporary.resolve("half.parquet");
    byte[] whole = Files.readAllBytes(Path.of(write(vectors(1, 2, 1f, 2f)).path()));
    Files.write(half, java.util.Arrays.copyOf(whole, whole.length / 2));
    assertThatThrownBy(() -> TableReader.read(half.toString(), VECTORS))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(half.toString());
    assertThatThrownBy(() -> TableReader.read(temporary + "/none.parquet", VECTORS))
        .isInstanceOf(FileNotFoundException.class)
        .hasMessageContaining("none.parquet");
    BucketFileSystem.put("bucket://plain/x.parquet", whole);
    assertThatThrownBy(() -> TableReader.read("bucket://plain/x.parquet", VECTORS))
        .hasMessage("bucket://plain/x.parquet: this file system cannot seek, which Parquet needs");
  }

  @Test
  void vectorsOfUnequalLengthAreRefused() throws IOException {
    assertThatThrownBy(() -> vectors(1, 2, 1f, 2f, 3f))
        .hasMessage("column vectors.vector has 3 values for 2 rows");
    assertThatThrownBy(() -> vectors(1, 0, 1f))
        .hasMessage("column vectors.vector has 1 values for 0 rows");

    Part mixed = write(vectors(1, 2, 1f, 2f, 3f, 4f), vectors(3, 1, 5f));
    assertThatThrownBy(() -> TableReader.read(mixed.path(), VECTORS))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(mixed.path() + ": column vector has 5 values in 3 rows");
    // 2 + 2 + 5 values in 3 rows: the sum alone does not tell
    Part even = write(vectors(1, 2, 1f, 2f, 3f, 4f), vectors(3, 1, 1f, 2f, 3f, 4f, 5f));
    assertThatThrownBy(() -> TableReader.read(even.path(), VECTORS))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("a vector is not 3 long");
    Part someEmpty = write(vectors(1, 2), vectors(3, 1, 1f, 2f));
    assertThatThrownBy(() -> TableReader.read(someEmpty.path(), VECTORS))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("column vector");

    // 2 vectors of 1 and 2 of 3: between files as well
    Part narrow = write(vectors(1, 2, 1f, 2f));
    Part wide = write(vectors(3, 2, 1f, 2f, 3f, 4f, 5f, 6f));
    assertThatThrownBy(() -> TableReader.read(List.of(narrow, wide), VECTORS))
        .hasMessageContaining("column vectors.vector")
        .hasMessageContaining("1")
        .hasMessageContaining("3");
  }

  @Test
  void aColumnOfAnotherTypeOrLengthIsNamed() {
    assertThatThrownBy(() -> Columns.of(VECTORS, 1).set("id", new long[] {1}))
        .hasMessage("column vectors.id takes int[], not long[]");
    assertThatThrownBy(() -> Columns.of(VECTORS, 2).set("id", new int[] {1}))
        .hasMessage("column vectors.id has 1 values for 2 rows");
    assertThatThrownBy(() -> Columns.of(VECTORS, 1).set("id", new int[] {1}).build())
        .hasMessage("column vectors.vector was not set");
    assertThatThrownBy(
            () -> {
              try (TableWriter w = TableWriter.open(temporary.toString(), ALL, 0)) {
                w.append(vectors(1, 1, 1f));
              }
            })
        .hasMessageContaining("for table");
    assertThatThrownBy(() -> TableSchema.named("none").build())
        .hasMessage("table none has no columns");
  }

  @Test
  void theSameRowsGiveTheSameBytesUnderAnotherName() throws IOException {
    Columns all = batch(40, 5, 60_000);
    Part once = TableWriter.write(temporary.toString(), 0, all);
    Part again = TableWriter.write(temporary.toString(), 0, all);
    assertThat(again.sha256()).isEqualTo(once.sha256());
    assertThat(again.path()).isNotEqualTo(once.path());

    Columns a = vectors(1, 3, 1f, 2f, 3f, 4f, 5f, 6f);
    Columns one = vectors(1, 1, 1f, 2f);
    Columns two = vectors(2, 2, 3f, 4f, 5f, 6f);
    assertThat(write(one, two).sha256())
        .as("however the rows come in batches")
        .isEqualTo(write(a).sha256());
    assertThat(write(vectors(1, 3, 1f, 2f, 3f, 4f, 5f, 7f)).sha256())
        .isNotEqualTo(write(a).sha256());
  }

  /**
   * A process of its own each time: what depends on hash codes of objects differs between them. The
   * number belongs to the version of parquet-java in use.
   */
  @Test
  void theSameRowsGiveTheSameBytesInEveryProcess() throws IOException {
    assertThat(TableWriter.write(temporary.toString(), 0, extremes()).sha256())
        .isEqualTo("1b96bf775876da00209512c5eea5dd5cc3c48be08b5a90bf804beb124a6483a4");
  }

  @Test
  void otherFilesAreListedAsTablesAre() throws IOException {
    Part p =
        TableWriter.writeFile(
            "bucket://seekable/run", "checkpoint", 0, "safetensors", out -> out.write(new byte[9]));
    assertThat(p.bytes()).isEqualTo(9);
    assertThat(p.rows()).isEqualTo(1);
    assertThat(p.path()).startsWith("bucket://seekable/run/checkpoint/part-00000-");
    assertThat(p.sha256()).isEqualTo(Digests.hex(Digests.sha256().digest(new byte[9])));
    assertThat(BucketFileSystem.keys()).containsExactly(p.path());
  }

  private Part write(Columns... batches) throws IOException {
    try (TableWriter w = TableWriter.open(temporary.toString(), batches[0].schema(), 0)) {
      for (Columns b : batches) {
        w.append(b);
      }
      return w.finish();
    }
  }

  private static Columns vectors(int firstId, int rows, float... values) {
    int[] id = new int[rows];
    java.util.Arrays.setAll(id, i -> firstId + i);
    return Columns.of(VECTORS, rows).set("id", id).set("vector", values).build();
  }

  private static Columns extremes() {
    return Columns.of(ALL, 4)
        .set("string", new String[] {"", "ä\u0000漢\uD83D\uDE00", "a/b c\"", " "})
        .set("bytes", new byte[][] {{}, {0}, {-1, 127, -128}, {80, 65, 82, 49}})
        .set("int", new int[] {0, -1, Integer.MAX_VALUE, Integer.MIN_VALUE})
        .set("long", new long[] {0, -1, Long.MAX_VALUE, Long.MIN_VALUE})
        .set("float", new float[] {-0f, Float.NaN, Float.NEGATIVE_INFINITY, Float.MIN_VALUE})
        .set("double", new double[] {-0.0, Double.NaN, Double.POSITIVE_INFINITY, Double.MIN_VALUE})
        .set("boolean", new boolean[] {true, false, false, true})
        .set("vector", new float[] {1, -0f, Float.NaN, 4, Float.MAX_VALUE, 6, 7, Float.MIN_VALUE})
        .build();
  }

  private static Columns batch(int rows, int dim, int bytes) {
    SplittableRandom random = new SplittableRandom(7);
    String[] s = new String[rows];
    byte[][] b = new byte[rows][];
    long[] l = new long[rows];
    for (int i = 0; i < rows; i++) {
      s[i] = "row " + i % 7;
      b[i] = new byte[bytes];
      random.nextBytes(b[i]);
      l[i] = random.nextLong();
    }
    float[] v = new float[rows * dim];
    for (int i = 0; i < v.length; i++) {
      v[i] = (float) random.nextDouble();
    }
    return Columns.of(ALL, rows)
        .set("string", s)
        .set("bytes", b)
        .set("int", random.ints(rows).toArray())
        .set("long", l)
        .set("float", new float[rows])
        .set("double", random.doubles(rows).toArray())
        .set("boolean", new boolean[rows])
        .set("vector", v)
        .build();
  }

  private static void assertSame(Columns a, Columns b) {
    assertThat(a.rows()).isEqualTo(b.rows());
    assertThat(a.strings("string")).isEqualTo(b.strings("string"));
    assertThat(a.bytes("bytes")).isDeepEqualTo(b.bytes("bytes"));
    assertThat(a.ints("int")).isEqualTo(b.ints("int"));
    assertThat(a.longs("long")).isEqualTo(b.longs("long"));
    assertThat(a.floats("float")).isEqualTo(b.floats("float"));
    assertThat(a.doubles("double")).isEqualTo(b.doubles("double"));
    assertThat(a.booleans("boolean")).isEqualTo(b.booleans("boolean"));
    assertThat(a.vectors("vector")).isEqualTo(b.vectors("vector"));
  }
}
