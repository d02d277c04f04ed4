package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlacesReaderTest {
  private static final String LISTS = "trainvalsplit_places205/";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"train", "val", "test"})
  void readsEveryPart(String split) throws IOException {
    Formats.check("places205/" + split, config(Formats.ROOT + "/places205", split));
  }

  @Test
  void classesHaveNamesOrNumbers() throws IOException {
    Formats.copy("places205", folder);
    List<String> names = Formats.list(config(folder.toString(), "train")).classNames();
    assertThat(names).containsExactly("a/abbey", "a/airport_terminal", "b/badlands");
    assertThat(Formats.list(config(folder.toString(), "test")).classNames()).isEmpty();
    Files.delete(folder.resolve(LISTS + "categoryIndex_places205.csv"));
    assertThat(Formats.list(config(folder.toString(), "train")).classNames())
        .containsExactly("0", "1", "2");
    assertThat(CollectionReader.of(config(folder.toString(), "val"), names).list().classNames())
        .isEqualTo(names);
  }

  @Test
  void aMissingImageIsRejected() throws IOException {
    Formats.copy("places205", folder);
    Files.delete(folder.resolve("images256/a/airport_terminal/gsun_2.jpg"));
    List<SourceImage> read =
        IdxReaderTest.readAll(Formats.list(config(folder.toString(), "train")));
    assertThat(read).hasSize(4);
    assertThat(read.get(1).rejection().cause()).isEqualTo("unreadable");
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    Formats.copy("places205", folder);
    fails(
        "x.jpg\n",
        "train_places205.csv, line 1: a path and the number of a class are needed, got x.jpg");
    fails("a/abbey/gsun_1.jpg 3\n", "train_places205.csv: holds label 3, but ");
    fails("../x.jpg 1\n", "train_places205.csv, line 1: leads out of the folder");
    fails("a 1\na 2\n", "train_places205.csv, line 2: names an image again: a");
    fails("", "train_places205.csv: names no images");
    fails("nowhere.jpg 1\n", "none of its images is there, not even nowhere.jpg");
    Files.writeString(folder.resolve(LISTS + "categoryIndex_places205.csv"), "/a/abbey 1\n");
    fails("a/abbey/gsun_1.jpg 0\n", "lines such as `/a/abbey 0` are needed, numbered from 0");
    Files.copy(
        folder.resolve(LISTS + "train_places205.csv"), folder.resolve("train_places205.csv"));
    fails("a/abbey/gsun_1.jpg 0\n", "needs one file train_places205.csv, there are [");
    assertThatThrownBy(() -> Formats.list(config(Formats.ROOT + "/voc", "val")))
        .hasMessageEndingWith("needs one file val_places205.csv, there is none");
  }

  private void fails(String list, String message) throws IOException {
    Files.writeString(folder.resolve(LISTS + "train_places205.csv"), list);
    assertThatThrownBy(() -> Formats.list(config(folder.toString(), "train")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  private static DataConfig config(String path, String split) {
    return Formats.config("places205", path, split);
  }
}
