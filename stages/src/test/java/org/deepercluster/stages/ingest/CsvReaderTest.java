package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.beam.sdk.util.SerializableUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvReaderTest {
  @TempDir Path folder;

  @Test
  void readsTables() throws IOException {
    List<SourceImage> read =
        Formats.check("csv", config(Formats.ROOT + "/csv/images.csv", null, null));
    assertThat(read.get(1).uri()).isEqualTo(Formats.ROOT + "/csv/pics/a, \"b\".jpg");
    Formats.check("tsv", config(Formats.ROOT + "/csv/images.tsv", "where", "number"));
    Listing listing = Formats.list(config(Formats.ROOT + "/csv/images.csv", null, "note"));
    assertThat(listing.classNames()).containsExactly("...");
    assertThat(IdxReaderTest.read(SerializableUtils.clone(listing.units().get(1)))).hasSize(1);
  }

  @Test
  void numbersAreNamedByTheClassesFile() throws IOException {
    Formats.copy("csv", folder);
    Files.writeString(folder.resolve("classes.txt"), "zero\none\ntwo\n");
    DataConfig config = config(folder + "/images.tsv", "where", "number");
    assertThat(IdxReaderTest.readAll(Formats.list(config)).get(3).labels())
        .containsExactly(new Label(2, "two"));
    Files.writeString(folder.resolve("classes.txt"), "zero\none\n");
    assertThatThrownBy(() -> Formats.list(config)).hasMessageContaining("holds label 2, but");
    assertThatThrownBy(
            () ->
                CollectionReader.of(
                        config(Formats.ROOT + "/csv/images.tsv", "where", "number"), List.of("a"))
                    .list())
        .hasMessageContaining("the other collection names 1 classes");
  }

  @Test
  void badCellsAreRejected() throws IOException {
    write("path\nmissing.jpg\n../up.jpg\n\"\"\nfile.jpg\n");
    Files.writeString(folder.resolve("file.jpg"), "no image");
    Listing listing = Formats.list(config(folder + "/t.csv", null, null));
    assertThat(listing.classNames()).isEmpty();
    assertThat(IdxReaderTest.readAll(listing))
        .extracting(i -> i.rejection().cause())
        .containsExactly("unreadable", "unsafe", "unreadable", "not-an-image");
  }

  @Test
  void cellsThatNameNoFileAreRejectedAndNotWaitedFor() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    write("path\n/dev/zero\na\0b.jpg\n.\npipe\n");
    Listing listing = Formats.list(config(folder + "/t.csv", null, null));
    assertThat(IdxReaderTest.readAll(listing))
        .extracting(i -> i.rejection().cause() + ": " + i.rejection().detail())
        .satisfiesExactly(
            zero -> assertThat(zero).startsWith("unreadable").endsWith("is a device or a pipe"),
            nul -> assertThat(nul).startsWith("unreadable").contains("is no path"),
            dot -> assertThat(dot).startsWith("unreadable").endsWith("is a folder"),
            fifo -> assertThat(fifo).startsWith("unreadable").endsWith("is a device or a pipe"));
  }

  @Test
  void absolutePathsAreReadAsTheyAre() throws IOException {
    Formats.copy("csv", folder.resolve("elsewhere"));
    write("path\n" + folder + "/elsewhere/pics/1.jpg\n");
    List<SourceImage> read =
        IdxReaderTest.readAll(Formats.list(config(folder + "/t.csv", null, null)));
    assertThat(read).singleElement().matches(i -> i.rejection() == null);
    assertThat(read.get(0).id()).isEqualTo(InputDigest.imageId(folder + "/elsewhere/pics/1.jpg"));
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    fails("a,b\n1,2\n", null, "has no column of images: name it in data.column, or call it one of");
    fails("path,b\n1,2\n", "c", "t.csv: has no column c; its columns are path, b");
    fails("path,b\n1\n", null, "t.csv, line 2: has 1 cells, the first line names 2 columns");
    fails("path\n", null, "t.csv: holds no rows");
    fails("", null, "has no column of images");
    fails("path,path\na,b\n", null, "t.csv: cannot be read as CSV: ");
    fails("path\n\"a\n", null, "t.csv: cannot be read as CSV: ");
    fails("\"path\"x\na\n", null, "t.csv: cannot be read as CSV: ");
    fails("path\nnowhere:/a.jpg\n", null, folder + "/: nowhere:/a.jpg: there is no connector");
    assertThatThrownBy(() -> Formats.list(config(folder + "/none.csv", null, null)))
        .hasMessageContaining("none.csv: no such file");
    assertThatThrownBy(() -> Formats.table("images", "a", "path", null, null))
        .hasMessage("column must be left out for format images, which has no columns, got path");
  }

  private void fails(String table, String column, String message) throws IOException {
    write(table);
    assertThatThrownBy(() -> Formats.list(config(folder + "/t.csv", column, null)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  private void write(String table) throws IOException {
    Files.writeString(folder.resolve("t.csv"), table);
  }

  private static DataConfig config(String path, String column, String labels) {
    return Formats.table("csv", path, column, labels, null);
  }
}
