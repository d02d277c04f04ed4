package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deepercluster.stages.config.InvalidSettingsException;
import org.deepercluster.stages.ingest.FormatDetector.Detected;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormatDetectorTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "voc, voc",
    "voc/VOCdevkit/VOC2007, voc",
    "imagenet/folders, imagenet",
    "imagenet/tars, imagenet",
    "imagenet/classes, imagenet",
    "webdataset, webdataset",
    "webdataset/train-0000.tar, webdataset",
    "'webdataset/train-{0000..0001}.tar', webdataset",
    "zip, zip",
    "zip/one.zip, zip",
    "csv/images.csv, csv",
    "csv/images.tsv, csv",
    "csv/pics, images",
    "parquet/bytes, parquet",
    "parquet/paths.parquet, parquet",
    "cifar10, cifar10",
    "cifar10/cifar-10-batches-bin, cifar10",
    "cifar100, cifar100",
    "stl10, stl10",
    "stl10/stl10_binary, stl10",
    "places205, places205",
    "yfcc100m, yfcc100m",
  })
  void findsTheLayout(String path, String format) throws IOException {
    Detected d = FormatDetector.detect(Formats.ROOT + "/" + path);
    assertThat(d.format()).isEqualTo(format);
    assertThat(d.evidence()).isNotBlank();
  }

  @Test
  void findsIdxFiles() throws IOException {
    Path shipped = Path.of("../experiments/data/fashion-mnist-small");
    assertThat(FormatDetector.detect(shipped + "/test-images-idx3-ubyte.gz"))
        .isEqualTo(
            new Detected("idx", "test-images-idx3-ubyte.gz begins as an IDX file of images"));
    assertThatThrownBy(() -> FormatDetector.detect(shipped + "/test-labels-idx1-ubyte.gz"))
        .hasMessageEndingWith("is in gzip, and holds no IDX file; unpack it, or say data.format");
  }

  @Test
  void doubtIsAnErrorThatListsTheCandidates() throws IOException {
    Formats.copy("csv/pics", folder.resolve("a"));
    Formats.copy("zip", folder.resolve("b"));
    assertThatThrownBy(() -> FormatDetector.detect(folder.toString()))
        .isInstanceOf(IOException.class)
        .hasMessage(
            folder + ": could be images (4 image files), zip (2 .zip files); give data.format");
    Path texts = Files.createDirectory(folder.resolve("texts"));
    assertThatThrownBy(() -> FormatDetector.detect(texts.toString()))
        .hasMessage(texts + ": holds no files");
    Files.writeString(texts.resolve("a.txt"), "text");
    assertThatThrownBy(() -> FormatDetector.detect(texts.toString()))
        .hasMessageEndingWith(
            "is laid out in no way that is known, with 1 files such as a.txt; give data.format");
    assertThatThrownBy(() -> FormatDetector.detect(texts + "/a.txt"))
        .hasMessageContaining("a.txt: is no zip, tar, Parquet, IDX or CSV file");
    assertThatThrownBy(() -> FormatDetector.detect(texts + "/none"))
        .hasMessage(texts + "/none: no such folder");
  }

  @Test
  void readersAreFoundWithoutAFormat() throws IOException {
    Formats.check("zip", Formats.config(null, Formats.ROOT + "/zip", "folders", null, null));
    Formats.check("voc/val", Formats.config(null, Formats.ROOT + "/voc", "val"));
    assertThatThrownBy(() -> Formats.list(Formats.config(null, Formats.ROOT + "/voc", null)))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessage(
            "split must be one of train, val, trainval, test for format voc, and is missing");
    assertThatThrownBy(() -> Formats.list(Formats.config(null, Formats.ROOT + "/zip", "train")))
        .hasMessage("split must be left out for format zip, which has no parts, got train");
  }
}
