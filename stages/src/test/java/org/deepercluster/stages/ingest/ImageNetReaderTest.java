package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.beam.sdk.util.SerializableUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageNetReaderTest {
  private static final String KIT = "ILSVRC2012_devkit_t12/data/";
  private static final String TRUTH = KIT + "ILSVRC2012_validation_ground_truth.txt";
  private static final String FIRST = "val/ILSVRC2012_val_00000001.JPEG";

  @TempDir Path folder;

  @Test
  void readsFoldersAndTarsAlike() throws IOException {
    for (String layout : new String[] {"folders", "tars"}) {
      String path = Formats.ROOT + "/imagenet/" + layout;
      Formats.check("imagenet/train", config(path, "train"));
      Formats.check("imagenet/val", config(path, "val"));
      assertThat(Formats.list(config(path, "val")).classNames())
          .isEqualTo(Formats.list(config(path, "train")).classNames())
          .containsExactly("n01440764", "n01443537", "n01484850");
    }
    Formats.check("imagenet/classes", config(Formats.ROOT + "/imagenet/classes", "val"));
  }

  @Test
  void namesEntriesOfTars() throws IOException {
    String path = Formats.ROOT + "/imagenet/tars/ILSVRC2012_img_train.tar";
    Listing listing = Formats.list(config(Formats.ROOT + "/imagenet/tars", "train"));
    SourceUnit sent = SerializableUtils.clone(listing.units().get(1));
    assertThat(IdxReaderTest.read(sent).get(0).uri())
        .isEqualTo(path + "#n01443537.tar#n01443537_22.JPEG");
    assertThat(sent.firstFile()).isEqualTo(path);
    assertThat(sent.bytes()).isBetween(1500L, 6000L);
  }

  @Test
  void readsTheMappingOfLaterKits() throws IOException {
    Formats.copy("imagenet/folders", folder);
    Files.delete(folder.resolve(KIT + "meta.mat"));
    fails("val", "holds neither meta.mat nor map_clsloc.txt");
    Files.writeString(folder.resolve(KIT + "map_clsloc.txt"), "n01484850 shark\n");
    fails("val", "a line such as `n02119789 1 kit_fox` is needed, got n01484850 shark");
    Files.writeString(
        folder.resolve(KIT + "map_clsloc.txt"),
        "n01484850 1 shark\nn01440764 2 tench\nn01443537 3 goldfish\n");
    Formats.check("imagenet/val", config(folder.toString(), "val"));
  }

  @Test
  void limitSkippedFilesAndRejects() throws IOException {
    Formats.copy("imagenet/folders", folder);
    Files.writeString(folder.resolve("train/n01440764/notes.txt"), "no image");
    Files.writeString(folder.resolve("train/readme.txt"), "no image");
    Files.writeString(folder.resolve("train/n01440764/n01440764_0.JPEG"), "no image");
    Listing listing = Formats.list(config(folder.toString(), "train"));
    List<SourceImage> read = IdxReaderTest.readAll(listing);
    assertThat(read).hasSize(7);
    assertThat(read.get(0).rejection().cause()).isEqualTo("not-an-image");
    assertThat(listing.skipped()).isEqualTo(1);
    DataConfig two = Formats.config("imagenet", folder.toString(), null, "train", 4L);
    assertThat(Formats.list(two).files()).isEqualTo(4);
    assertThat(Formats.list(two).skipped()).as("the text beside images too").isEqualTo(2);
  }

  @Test
  void saysWhatIsWrongWithLabels() throws IOException {
    Formats.copy("imagenet/folders", folder);
    Files.writeString(folder.resolve(TRUTH), "3\n1\n2\n");
    fails("val", "ILSVRC2012_val_00000004.JPEG: ");
    fails("val", "ILSVRC2012_validation_ground_truth.txt has lines for images 1..3");
    Files.writeString(folder.resolve(TRUTH), "3\n1\n2\n99\n");
    fails("val", "ground_truth.txt, line 4: is no number of a class: 99");
    Files.writeString(folder.resolve(TRUTH), "3\n1\nx\n1\n");
    fails("val", "ground_truth.txt, line 3: is no number of a class: x");
    Files.writeString(folder.resolve(TRUTH), "3\n1\n2\n2\n");
    Files.move(folder.resolve(FIRST), folder.resolve("val/one.JPEG"));
    fails(
        "val", "val/one.JPEG: the name of a validation image such as ILSVRC2012_val_00000001.JPEG");
    Files.delete(folder.resolve("val/one.JPEG"));
    byte[] meta = Files.readAllBytes(folder.resolve(KIT + "meta.mat"));
    byte[] huge = meta.clone();
    Arrays.fill(huge, 132, 135, (byte) 0xFF); // the size of the first element, behind its type
    huge[135] = 0x7F;
    Files.write(folder.resolve(KIT + "meta.mat"), huge);
    fails("val", "meta.mat: is no MATLAB 5 file with the structure synsets");
    Files.write(folder.resolve(KIT + "meta.mat"), new byte[200]);
    fails("val", "meta.mat: is no MATLAB 5 file with the structure synsets");
    Files.delete(folder.resolve(TRUTH));
    fails(
        "val", "need the development kit: ILSVRC2012_devkit_t12.tar.gz or ILSVRC2012_devkit_t12/");
    Files.copy(folder.resolve("train/n01440764/n01440764_1.JPEG"), folder.resolve("train/a.JPEG"));
    fails("train", "/train: holds images outside of class folders such as n01440764");
    assertThatThrownBy(
            () ->
                CollectionReader.of(
                        config(Formats.ROOT + "/imagenet/tars", "val"), List.of("n01440764"))
                    .list())
        .hasMessageContaining("class n01443537 is no class of the other collection");
  }

  @Test
  void saysWhatIsWrongWithTars() throws IOException {
    fails("train", ": holds neither a folder train with files nor ILSVRC2012_img_train.tar");
    Formats.copy("imagenet/tars", folder);
    cut("ILSVRC2012_devkit_t12.tar.gz", 100);
    fails("val", "ILSVRC2012_devkit_t12.tar.gz: is truncated or damaged");
    Files.write(
        folder.resolve("ILSVRC2012_devkit_t12.tar.gz"),
        Damage.gzip("no tar ".repeat(200).getBytes(UTF_8)));
    fails("val", "ILSVRC2012_devkit_t12.tar.gz: ");
    cut("ILSVRC2012_img_val.tar", 600);
    fails("val", "ILSVRC2012_img_val.tar: ");
    cut("ILSVRC2012_img_train.tar", 3000);
    fails("train", "truncated");
    Files.writeString(folder.resolve("ILSVRC2012_img_train.tar"), "<html>".repeat(500));
    fails("train", "ILSVRC2012_img_train.tar: cannot be read as a tar, or is truncated");
  }

  private void cut(String file, int length) throws IOException {
    Path path = folder.resolve(file);
    Files.write(path, Arrays.copyOf(Files.readAllBytes(path), length));
  }

  private void fails(String split, String message) {
    assertThatThrownBy(() -> Formats.list(config(folder.toString(), split)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  private static DataConfig config(String path, String split) {
    return Formats.config("imagenet", path, split);
  }
}
