package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Collections in an object store are read as local ones are, through Beam's file systems. */
class BucketTest {
  private static final Path SHIPPED = Path.of("../experiments/data/fashion-mnist-small");

  @BeforeEach
  void emptyBucket() {
    BucketFileSystem.start();
  }

  @Test
  void readsIdxFiles() throws IOException {
    for (String name :
        new String[] {"test-images-idx3-ubyte.gz", "test-labels-idx1-ubyte.gz", "classes.txt"}) {
      BucketFileSystem.put("bucket://b/data/" + name, Files.readAllBytes(SHIPPED.resolve(name)));
    }
    DataConfig remote =
        config(
            "idx",
            "bucket://b/data/test-images-idx3-ubyte.gz",
            "bucket://b/data/test-labels-idx1-ubyte.gz");
    DataConfig local =
        config(
            "idx",
            SHIPPED.resolve("test-images-idx3-ubyte.gz").toString(),
            SHIPPED.resolve("test-labels-idx1-ubyte.gz").toString());
    Listing there = CollectionReader.of(remote).list();
    Listing here = CollectionReader.of(local).list();

    assertThat(there.digest()).as("a copy has the same digest").isEqualTo(here.digest());
    assertThat(there.classNames()).isEqualTo(here.classNames()).contains("Sneaker");
    SourceImage a = IdxReaderTest.read(there.units().get(1)).get(0);
    SourceImage b = IdxReaderTest.read(here.units().get(1)).get(0);
    assertThat(a.image()).isEqualTo(b.image());
    assertThat(a.id()).isEqualTo(b.id());
    assertThat(a.uri()).isEqualTo("bucket://b/data/test-images-idx3-ubyte.gz#700");
    assertThatThrownBy(() -> CollectionReader.of(config("idx", "bucket://b/none", null)).list())
        .isInstanceOf(FileNotFoundException.class)
        .hasMessageContaining("bucket://b/none");
  }

  @Test
  void readsFolders() throws IOException {
    BucketFileSystem.put("bucket://b/photos/", new byte[0]);
    BucketFileSystem.put("bucket://b/photos/dog/", new byte[0]);
    BucketFileSystem.put("bucket://b/photos/dog/1.png", png());
    BucketFileSystem.put("bucket://b/photos/cat/x/2.png", png());
    BucketFileSystem.put("bucket://b/photos/cat/.3.png", png());
    BucketFileSystem.put("bucket://b/photos/cat/notes.txt", "text".getBytes(UTF_8));
    BucketFileSystem.put("bucket://b/photos-of-others/1.png", png());
    Listing listing = CollectionReader.of(config("images", "bucket://b/photos", "folders")).list();

    assertThat(listing.classNames()).containsExactly("cat", "dog");
    assertThat(listing.skipped()).isEqualTo(1);
    assertThat(IdxReaderTest.readAll(listing))
        .extracting(SourceImage::uri)
        .containsExactly("bucket://b/photos/cat/x/2.png", "bucket://b/photos/dog/1.png");
    assertThatThrownBy(() -> CollectionReader.of(config("images", "bucket://b/none", null)).list())
        .hasMessageContaining("bucket://b/none: holds no files");
  }

  @ParameterizedTest
  @CsvSource({
    "zip, , folders",
    "webdataset, , cls",
    "parquet, bytes, ",
    "csv, images.csv, ",
    "imagenet, tars, ",
    "cifar10, , ",
    "stl10, , ",
    "places205, , ",
    "voc, , ",
    "yfcc100m, , "
  })
  void readsEveryLayout(String format, String below, String labels) throws IOException {
    Path folder = Formats.ROOT.resolve(format);
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        BucketFileSystem.put(
            "bucket://seekable/" + format + "/" + folder.relativize(file),
            Files.readAllBytes(file));
      }
    }
    String end = below == null ? "" : "/" + below;
    String split = DataFormat.of(format).splits().isEmpty() ? null : "train";
    DataConfig there =
        Formats.config(format, "bucket://seekable/" + format + end, labels, split, null);
    Listing remote = Formats.list(there);
    Listing local = Formats.list(Formats.config(format, folder + end, labels, split, null));
    assertThat(remote.digest()).isEqualTo(local.digest());
    assertThat(remote.classNames()).isEqualTo(local.classNames());
    assertThat(remote.skipped()).isEqualTo(local.skipped());
    List<SourceImage> found = IdxReaderTest.readAll(remote);
    List<SourceImage> wanted = IdxReaderTest.readAll(local);
    assertThat(found).hasSameSizeAs(wanted).isNotEmpty();
    for (int i = 0; i < found.size(); i++) {
      assertThat(found.get(i).image()).isEqualTo(wanted.get(i).image()).isNotNull();
      assertThat(found.get(i).id()).isEqualTo(wanted.get(i).id());
      assertThat(found.get(i).labels()).isEqualTo(wanted.get(i).labels());
      assertThat(found.get(i).uri()).startsWith("bucket://seekable/" + format);
    }
    assertThat(FormatDetector.detect(there.path()).format()).isEqualTo(format);
  }

  @Test
  void aBrokenConnectionIsAnErrorAndNotARejectedImage() throws IOException {
    BucketFileSystem.put("bucket://b/p/1.png", png());
    Listing listing = CollectionReader.of(config("images", "bucket://b/p", null)).list();
    BucketFileSystem.put("bucket://b/p/1.png", "broken connection".getBytes(UTF_8));
    assertThatThrownBy(() -> IdxReaderTest.readAll(listing)).hasMessage("connection reset");
  }

  private static DataConfig config(String format, String path, String labels) {
    return new DataConfig(format, path, labels, null, 0.05, 700);
  }

  private static byte[] png() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(9, 9, BufferedImage.TYPE_INT_RGB), "png", out);
    return out.toByteArray();
  }
}
