package org.deepercluster.stages.ingest;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.beam.sdk.util.SerializableUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParquetReaderTest {
  private static final String ROOT = Formats.ROOT + "/parquet/";

  @TempDir Path folder;

  @Test
  void readsBytesStructuresAndPaths() throws IOException {
    Formats.check("parquet/bytes", config(ROOT + "bytes", null, null, null));
    Formats.check("parquet/bytes", config(ROOT + "bytes/part-{0..1}.parquet", null, null, null));
    Formats.check(
        "parquet/structure", config(ROOT + "structure.parquet", "image", "category", null));
    Formats.check("parquet/paths", config(ROOT + "paths.parquet", null, null, null));
  }

  @Test
  void unitsReadTheirRowsOnTheirOwn() throws IOException {
    Listing listing = Formats.list(config(ROOT + "bytes", null, null, 6L));
    assertThat(listing.files()).isEqualTo(6);
    assertThat(listing.units()).extracting(SourceUnit::size).containsExactly(3, 1, 2);
    List<SourceImage> second = IdxReaderTest.read(SerializableUtils.clone(listing.units().get(1)));
    assertThat(second)
        .extracting(SourceImage::uri)
        .containsExactly(ROOT + "bytes/part-0.parquet#3");
    assertThat(second.get(0).labels()).containsExactly(new Label(0, "0"));
    DataConfig large = Formats.any("parquet", ROOT + "bytes", null, null, null, null, null, 100);
    assertThat(IdxReaderTest.readAll(Formats.list(large)))
        .as("across row groups")
        .hasSize(7)
        .allMatch(i -> i.rejection() == null);
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    fails(
        ROOT + "bytes",
        "nothing",
        null,
        "part-0.parquet: has no column nothing; its columns are id");
    fails(
        ROOT + "bytes",
        "id",
        null,
        "part-0.parquet: column id must be binary, text or a structure");
    fails(ROOT + "bytes", null, "image", "column image of labels must be text or whole numbers");
    fails(ROOT + "pics", null, null, "pics: holds no .parquet files");
    byte[] whole = Files.readAllBytes(Path.of(ROOT + "paths.parquet"));
    Path cut = folder.resolve("cut.parquet");
    Files.write(cut, Arrays.copyOf(whole, whole.length - 100));
    fails(cut.toString(), null, null, "cut.parquet");
    Files.writeString(cut, "no parquet file, but long enough to be one");
    fails(cut.toString(), null, null, "cut.parquet");
    Files.copy(Path.of(ROOT + "bytes/part-0.parquet"), folder.resolve("z.parquet"));
    Files.write(cut, whole);
    fails(folder.toString(), null, null, "z.parquet: column image is of another type than before");
  }

  /** Thrift's compact protocol: 7 bits a byte, the sign last; found by their neighbours. */
  @Test
  void whatADamagedFileStatesIsNotTakenIntoMemory() throws IOException {
    byte[] whole = Files.readAllBytes(Path.of(ROOT + "structure.parquet"));
    Path path = folder.resolve("damaged.parquet");
    for (int header = 4; header < 12; header++) { // of the first page
      byte[] damaged = whole.clone();
      Arrays.fill(damaged, header, header + 4, (byte) 0xFF);
      Files.write(path, damaged);
      refused(path, damaged.length);
    }
    int footer =
        whole.length - 8 - ByteBuffer.wrap(whole).order(LITTLE_ENDIAN).getInt(whole.length - 8);
    for (int at = footer; at < whole.length - 8; at += 3) {
      byte[] damaged = whole.clone();
      Arrays.fill(damaged, at, at + 3, (byte) 0xFF);
      Files.write(path, damaged);
      refused(path, damaged.length);
    }
  }

  /** Reads a file to its end, or fails with its name. */
  private static void refused(Path path, int bytes) {
    try {
      Listing listing = Formats.list(config(path.toString(), null, null, null));
      assertThat(listing.files()).isLessThanOrEqualTo(bytes);
      assertThat(IdxReaderTest.readAll(listing)).hasSize((int) listing.files());
    } catch (IOException e) {
      assertThat(e).hasMessageContaining(path.toString());
    }
  }

  @Test
  void emptyCellsAreRejected() throws IOException {
    DataConfig config = config(ROOT + "structure.parquet", "category", "category", null);
    List<SourceImage> read = IdxReaderTest.readAll(Formats.list(config));
    assertThat(read).extracting(i -> i.rejection().cause()).containsOnly("unreadable");
    assertThat(read).as("equal cells are one image").hasSize(3);
  }

  private static void fails(String path, String column, String labels, String message) {
    assertThatThrownBy(() -> Formats.list(config(path, column, labels, null)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  private static DataConfig config(String path, String column, String labels, Long limit) {
    return Formats.table("parquet", path, column, labels, limit);
  }
}
