package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.beam.sdk.util.SerializableUtils;
import org.deepercluster.stages.config.InvalidSettingsException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VocReaderTest {
  private static final String SETS = "VOCdevkit/VOC2007/ImageSets/Main/";

  @TempDir Path folder;

  @BeforeEach
  void copy() throws IOException {
    Formats.copy("voc", folder);
  }

  @ParameterizedTest
  @ValueSource(strings = {"train", "val", "trainval", "test"})
  void readsEveryPart(String split) throws IOException {
    for (String path :
        new String[] {"", "/VOCdevkit", "/VOCdevkit/VOC2007", "/VOCdevkit/VOC2007/"}) {
      Formats.check("voc/" + split, config(folder + path, split));
    }
  }

  @Test
  void classesAndDifficultOnes() throws IOException {
    Listing listing = Formats.list(config(folder.toString(), "train"));
    assertThat(listing.classNames()).containsExactly("aeroplane", "person", "tvmonitor");
    assertThat(listing.skipped()).isZero();
    List<SourceImage> read = IdxReaderTest.readAll(listing);
    assertThat(read.get(3).labels()).containsExactly(new Label(1, "person", true));
    assertThat(read.get(2).labels())
        .containsExactly(new Label(0, "aeroplane"), new Label(1, "person"));
    assertThat(read.get(0).uri()).isEqualTo(folder + "/VOCdevkit/VOC2007/JPEGImages/000001.jpg");
    assertThat(listing.units().get(0).firstFile()).isEqualTo(read.get(0).uri());
    SourceUnit sent = SerializableUtils.clone(listing.units().get(1));
    assertThat(IdxReaderTest.read(sent)).extracting(SourceImage::uri).hasSize(2);
  }

  @Test
  void limitAndDigest() throws IOException {
    DataConfig four = Formats.config("voc", folder.toString(), null, "trainval", 4L);
    Listing listing = Formats.list(four);
    assertThat(listing.files()).isEqualTo(4);
    InputDigest train = Formats.list(config(folder.toString(), "train")).digest();
    assertThat(train).isEqualTo(Formats.list(config(Formats.ROOT + "/voc", "train")).digest());
    assertThat(listing.digest().sha256()).isNotEqualTo(train.sha256());
    Files.writeString(folder.resolve(SETS + "tvmonitor_train.txt"), zeros("000001", 5));
    assertThat(Formats.list(config(folder.toString(), "train")).digest().sha256())
        .as("labels are part of it")
        .isNotEqualTo(train.sha256());
  }

  @Test
  void numbersClassesAsTheOtherCollection() throws IOException {
    List<String> others = List.of("tvmonitor", "person", "aeroplane", "zebra");
    Listing listing = CollectionReader.of(config(folder.toString(), "test"), others).list();
    assertThat(listing.classNames()).isEqualTo(others);
    assertThat(IdxReaderTest.readAll(listing).get(0).labels())
        .containsExactly(new Label(2, "aeroplane"), new Label(1, "person"));
    assertThatThrownBy(
            () -> CollectionReader.of(config(folder.toString(), "test"), List.of("person")).list())
        .hasMessageContaining("class aeroplane is no class of the other collection");
  }

  @Test
  void aMissingImageIsRejected() throws IOException {
    Files.delete(folder.resolve("VOCdevkit/VOC2007/JPEGImages/000002.jpg"));
    List<SourceImage> read =
        IdxReaderTest.readAll(Formats.list(config(folder.toString(), "train")));
    assertThat(read).hasSize(5);
    assertThat(read.get(1).rejection().cause()).isEqualTo("unreadable");
    assertThat(read.get(1).rejection().detail()).contains("no such file");
    Files.writeString(folder.resolve("VOCdevkit/VOC2007/JPEGImages/000003.jpg"), "text");
    read = IdxReaderTest.readAll(Formats.list(config(folder.toString(), "train")));
    assertThat(read.get(2).rejection().cause()).isEqualTo("not-an-image");
  }

  @Test
  void saysWhatIsWrongWithTheLists() throws IOException {
    fails(
        "person_train.txt",
        "000001 2\n",
        "person_train.txt, line 1: the name of an image and 1, -1 or 0 are needed, got 000001 2");
    fails("person_train.txt", "000001\n", "person_train.txt, line 1: the name of an image");
    fails(
        "person_train.txt",
        "000001 1\n000001 1\n",
        "person_train.txt, line 2: names image 000001 again");
    fails(
        "person_train.txt",
        "000001 1\n",
        "says nothing of image 000002, which ImageSets/Main/train.txt names");
    fails(
        "person_train.txt",
        zeros("000001", 6),
        "names image 000006, which ImageSets/Main/train.txt does not");
    fails("person_train.txt", null, "person_train.txt: no such file");
    fails("train.txt", "", "train.txt: names no images");
    fails("train.txt", "000001\n000001\n", "train.txt, line 2: names image 000001, as line 1 does");
    fails(
        "train.txt",
        "../../000001\n",
        "train.txt, line 1: the name of an image such as 000012 is needed");
    fails("train.txt", null, "train.txt: no such file");
  }

  @Test
  void saysWhatIsWrongWithTheFolder() throws IOException {
    assertThatThrownBy(() -> Formats.list(config(folder + "/VOCdevkit/VOC2007/JPEGImages", "val")))
        .hasMessageEndingWith(
            "JPEGImages: holds no ImageSets/Main; the folder VOCdevkit/VOC2007 is needed");
    Formats.copy("voc/VOCdevkit/VOC2007", folder.resolve("VOCdevkit/VOC2012"));
    assertThatThrownBy(() -> Formats.list(config(folder.toString(), "val")))
        .hasMessageContaining(
            "holds ImageSets/Main in [VOCdevkit/VOC2007, VOCdevkit/VOC2012]; give one of these");
  }

  @Test
  void settings() {
    assertThatThrownBy(() -> config("a", null))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessage(
            "split must be one of train, val, trainval, test for format voc, and is missing");
    assertThatThrownBy(() -> config("a", "all"))
        .hasMessage("split must be one of train, val, trainval, test for format voc, got all");
    assertThatThrownBy(() -> Formats.config("voc", "a", "folders", "val", null))
        .hasMessage("labels must be left out for format voc, which brings its labels, got folders");
    assertThatThrownBy(() -> Formats.config("images", "a", "train"))
        .hasMessage("split must be left out for format images, which has no parts, got train");
    assertThat(config("a", "val").labelled()).isTrue();
    assertThat(Formats.config("images", "a", null).labelled()).isFalse();
  }

  private void fails(String file, String content, String message) throws IOException {
    Path path = folder.resolve(SETS + file);
    String before = Files.readString(path);
    if (content == null) {
      Files.delete(path);
    } else {
      Files.writeString(path, content);
    }
    assertThatThrownBy(() -> Formats.list(config(folder.toString(), "train")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
    Files.writeString(path, before);
  }

  private static String zeros(String first, int count) {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < count; i++) {
      lines.append(String.format("%06d  0%n", Integer.parseInt(first) + i));
    }
    return lines.toString();
  }

  private static DataConfig config(String path, String split) {
    return Formats.config("voc", path, split);
  }
}
