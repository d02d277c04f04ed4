package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.beam.sdk.util.SerializableUtils;
import org.deepercluster.stages.image.Image;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecordReaderTest {
  private static final String CIFAR = "cifar-10-batches-bin/";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "cifar10, train",
    "cifar10, test",
    "cifar100, train",
    "cifar100, test",
    "stl10, train",
    "stl10, test",
    "stl10, unlabeled"
  })
  void readsEveryPart(String format, String split) throws IOException {
    List<SourceImage> read = Formats.check(format + "/" + split, config(format, split));
    for (SourceImage i : read) { // two columns at the left are the opposite of the rest
      Image image = i.image().decode();
      byte[] p = image.pixels();
      int side = image.width();
      int centre = (side / 2 * side + side / 2) * 3;
      for (int c = 0; c < 3; c++) {
        assertThat(p[(side / 2 * side + 1) * 3 + c] & 0xFF).isEqualTo(255 - (p[centre + c] & 0xFF));
        assertThat(p[(side + side / 2) * 3 + c]).isEqualTo(p[centre + c]);
      }
    }
  }

  @Test
  void coarseLabelsUnitsAndLimit() throws IOException {
    String path = Formats.ROOT + "/cifar100";
    for (String split : new String[] {"train", "test"}) {
      DataConfig coarse = Formats.config("cifar100", path, "coarse", split, null);
      Formats.check("cifar100/coarse/" + split, coarse);
    }
    DataConfig five = Formats.config("cifar10", Formats.ROOT + "/cifar10", null, "train", 5L);
    Listing listing = Formats.list(five);
    assertThat(listing.files()).isEqualTo(5);
    assertThat(listing.units()).extracting(SourceUnit::size).containsExactly(2, 2, 1);
    assertThat(IdxReaderTest.read(SerializableUtils.clone(listing.units().get(1))))
        .extracting(SourceImage::uri)
        .containsExactly(
            Formats.ROOT + "/cifar10/" + CIFAR + "data_batch_2.bin#0",
            Formats.ROOT + "/cifar10/" + CIFAR + "data_batch_2.bin#1");
    assertThat(Formats.list(config("stl10", "unlabeled")).classNames()).isEmpty();
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    Formats.copy("cifar10", folder);
    Path batch = folder.resolve(CIFAR + "data_batch_3.bin");
    byte[] whole = Files.readAllBytes(batch);
    Files.write(batch, Arrays.copyOf(whole, whole.length - 1));
    fails(
        "cifar10",
        "train",
        "data_batch_3.bin: has 6145 bytes, which is no whole number of records of 3073 bytes");
    whole[0] = 9;
    Files.write(batch, whole);
    fails("cifar10", "train", ": holds label 9, but ");
    Files.delete(batch);
    fails("cifar10", "train", "data_batch_3.bin: no such file");
    fails("cifar100", "test", ": holds no test.bin, nor does its folder cifar-100-binary");
    Formats.copy("stl10", folder);
    Files.write(folder.resolve("stl10_binary/train_y.bin"), new byte[] {1});
    fails("stl10", "train", "train_y.bin: holds 1 labels, but ");
    Files.write(folder.resolve("stl10_binary/train_y.bin"), new byte[] {1, 0});
    fails("stl10", "train", "train_y.bin: label of image 1 is 0; they are 1, 2, ...");
    Files.write(folder.resolve("stl10_binary/train_y.bin"), new byte[] {1, 3});
    fails("stl10", "train", ": holds label 2, but ");
    assertThatThrownBy(() -> Formats.config("cifar100", "a", "medium", "train", null))
        .hasMessage(
            "labels must be `fine` (the default) or `coarse` for format cifar100, got medium");
  }

  @Test
  void aFileThatShrinksAfterListingIsAnError() throws IOException {
    Formats.copy("cifar100", folder);
    DataConfig config = Formats.config("cifar100", folder.toString(), "train");
    Listing listing = Formats.list(config);
    Path train = folder.resolve("train.bin");
    Files.write(train, Arrays.copyOf(Files.readAllBytes(train), 4000));
    assertThatThrownBy(() -> IdxReaderTest.readAll(listing))
        .hasMessage(train + ": is truncated: ends before image 1 does");
  }

  private void fails(String format, String split, String message) {
    assertThatThrownBy(() -> Formats.list(Formats.config(format, folder.toString(), split)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  private static DataConfig config(String format, String split) {
    return Formats.config(format, Formats.ROOT + "/" + format, split);
  }
}
