package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.apache.beam.sdk.util.SerializableUtils;
import org.deepercluster.stages.image.Image;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderReaderTest {
  @TempDir Path folder;

  @Test
  void readsATreeInTheOrderOfItsPaths() throws IOException {
    for (String name : new String[] {"b/1.jpg", "a.png", "b/c/x.jpeg", "b-1/2.png", "B.JPG"}) {
      put(name, name.toLowerCase(Locale.ROOT).endsWith("png") ? "png" : "jpg", 12, 10);
    }
    Listing listing = list(null, null, 2);

    assertThat(listing.units()).extracting(SourceUnit::size).containsExactly(2, 2, 1);
    assertThat(listing.files()).isEqualTo(5);
    assertThat(listing.classNames()).isEmpty();
    List<SourceImage> read = IdxReaderTest.readAll(listing);
    assertThat(read)
        .extracting(SourceImage::uri)
        .containsExactly(
            folder + "/B.JPG",
            folder + "/a.png",
            folder + "/b-1/2.png",
            folder + "/b/1.jpg",
            folder + "/b/c/x.jpeg");
    // printf b/1.jpg | sha256sum
    assertThat(read.get(3).id()).isEqualTo("a066f3a465e6d8bb76a1d61501bdaf4b");
    assertThat(read).allMatch(i -> i.labels().isEmpty() && i.rejection() == null);
    assertThat(read.get(0).image().encoding()).isEqualTo("jpeg");
    assertThat(read.get(1).image().encoding()).isEqualTo("png");
    Image image = read.get(1).image().decode();
    assertThat(List.of(image.width(), image.height(), image.channels())).containsExactly(12, 10, 3);
    assertThat(SerializableUtils.clone(listing.units().get(1)).bytes())
        .isEqualTo(listing.units().get(1).bytes());
  }

  @Test
  void rejectsWithACauseAndSkipsTheRest() throws IOException {
    put("ok.jpg", "jpg", 9, 9);
    put("named-otherwise.dat", "png", 9, 9);
    put("tiny.png", "png", 7, 30);
    write("empty.jpg", new byte[0]);
    write("page.jpeg", "<html>".getBytes(UTF_8));
    write("movie.gif", "GIF89a...".getBytes(UTF_8));
    write("gif-without-suffix", "GIF89a...".getBytes(UTF_8));
    byte[] jpeg = Files.readAllBytes(folder.resolve("ok.jpg"));
    write("cut.jpg", Arrays.copyOf(jpeg, jpeg.length / 2));
    write("notes.txt", "no image".getBytes(UTF_8));
    write("Thumbs.db", new byte[100]);
    write(".hidden.jpg", jpeg);
    write(".cache/a.jpg", jpeg);
    Files.createSymbolicLink(folder.resolve("dangling.jpg"), folder.resolve("nowhere"));
    Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("nowhere"));

    Listing listing = list(null, null, 100);
    assertThat(listing.skipped()).isEqualTo(1); // hidden folders are not looked into
    try (SourceImages images = listing.units().get(0).open()) {
      StringBuilder seen = new StringBuilder();
      for (SourceImage i = images.next(); i != null; i = images.next()) {
        String cause = i.rejection() == null ? "accepted" : i.rejection().cause();
        seen.append(Storage.nameOf(i.uri())).append(": ").append(cause).append('\n');
        assertThat(i.rejection() == null || !i.rejection().detail().isBlank()).isTrue();
      }
      assertThat(seen)
          .hasToString(
              """
              cut.jpg: truncated
              dangling.jpg: unreadable
              empty.jpg: not-an-image
              gif-without-suffix: truncated
              movie.gif: truncated
              named-otherwise.dat: accepted
              ok.jpg: accepted
              page.jpeg: not-an-image
              tiny.png: too-small
              """);
      assertThat(images.skipped()).isEqualTo(3);
    }
  }

  @Test
  void labelsAreTheFoldersAtTheTop() throws IOException {
    put("dog/1.png", "png", 9, 9);
    put("cat/deep/er/1.png", "png", 9, 9);
    put("loose.png", "png", 9, 9);
    Files.createDirectories(folder.resolve("empty"));

    Listing listing = list("folders", null, 100);
    assertThat(listing.classNames()).containsExactly("cat", "dog");
    assertThat(IdxReaderTest.readAll(listing))
        .extracting(SourceImage::labels)
        .containsExactly(List.of(new Label(0, "cat")), List.of(new Label(1, "dog")), List.of());

    List<String> other = List.of("dog", "bird", "cat");
    Listing numbered = CollectionReader.of(config("folders", null, 100), other).list();
    assertThat(numbered.classNames()).isEqualTo(other);
    assertThat(IdxReaderTest.readAll(numbered).get(0).labels())
        .containsExactly(new Label(2, "cat"));
    assertThatThrownBy(
            () -> CollectionReader.of(config("folders", null, 100), List.of("cat")).list())
        .isInstanceOf(IOException.class)
        .hasMessage(folder + ": class dog is no class of the other collection, which has [cat]");
  }

  @Test
  void limitCountsCandidatesOnly() throws IOException {
    write("0-notes.txt", "text".getBytes(UTF_8));
    put("1.png", "png", 9, 9);
    write("2.jpg", "broken".getBytes(UTF_8));
    put("3-no-suffix", "png", 9, 9);
    put("4.png", "png", 9, 9);

    Listing listing = list(null, 3L, 2);
    assertThat(listing.files()).isEqualTo(3);
    assertThat(listing.skipped()).isEqualTo(1);
    assertThat(IdxReaderTest.readAll(listing))
        .extracting(i -> Storage.nameOf(i.uri()))
        .containsExactly("1.png", "2.jpg", "3-no-suffix");
  }

  @Test
  void followsLinksButNotInCircles() throws IOException {
    put("a/1.png", "png", 9, 9);
    Files.createSymbolicLink(folder.resolve("a/up"), folder);
    Files.createSymbolicLink(folder.resolve("a/self"), folder.resolve("a"));
    Files.createSymbolicLink(folder.resolve("linked"), folder.resolve("a"));
    assertThat(IdxReaderTest.readAll(list(null, null, 100)))
        .extracting(SourceImage::uri)
        .contains(folder + "/a/1.png", folder + "/linked/1.png")
        .hasSizeLessThan(10);
  }

  @Test
  void namesMayHoldAnyCharacters() throws IOException {
    for (String name : new String[] {"[1]{a,b}*?.png", "with space#%20.png", "x:/y.png"}) {
      put(name, "png", 9, 9);
    }
    assertThat(IdxReaderTest.readAll(list(null, null, 100)))
        .hasSize(3)
        .allMatch(i -> i.rejection() == null);
  }

  @Test
  void sortsByCodePoint() {
    String[] names = {"\uFF5E", "\uD83D\uDE00", "b", "a-b", "a/b", "a", "B"};
    Arrays.sort(names, Storage.BY_CODE_POINT);
    assertThat(names).containsExactly("B", "a", "a-b", "a/b", "b", "\uFF5E", "\uD83D\uDE00");
  }

  @Test
  void digestsByContentAndByName() throws IOException {
    put("a/1.png", "png", 9, 9);
    put("b/2.png", "png", 10, 10);
    InputDigest digest = list(null, null, 100).digest();
    assertThat(digest.basis()).isEqualTo("content");
    assertThat(digest.files()).isEqualTo(2);

    Files.setLastModifiedTime(folder.resolve("a/1.png"), FileTime.fromMillis(5));
    assertThat(list(null, null, 1).digest()).isEqualTo(digest);
    assertThat(list("folders", null, 1).digest().sha256()).isNotEqualTo(digest.sha256());
    Files.move(folder.resolve("a/1.png"), folder.resolve("a/3.png"));
    assertThat(list(null, null, 100).digest().sha256()).isNotEqualTo(digest.sha256());
  }

  @Test
  void largeCollectionsAreKnownByTimes() {
    InputDigest.Builder one = new InputDigest.Builder(false);
    one.file("a", 5, 1000, null);
    InputDigest.Builder two = new InputDigest.Builder(false);
    two.file("a", 5, 1001, null);
    assertThat(one.build().basis()).isEqualTo("names, sizes, times");
    assertThat(one.build().sha256()).isNotEqualTo(two.build().sha256());
    assertThat(InputDigest.byContent(10_000, 64L << 20)).isTrue();
    assertThat(InputDigest.byContent(10_001, 5)).isFalse();
    assertThat(InputDigest.byContent(5, (64L << 20) + 1)).isFalse();
  }

  @Test
  void saysWhatIsWrongWithAFolder() throws IOException {
    assertThatThrownBy(() -> list(null, null, 100))
        .isInstanceOf(IOException.class)
        .hasMessage(folder + ": holds no files; a folder of images is needed");
    write("file", new byte[1]);
    DataConfig file = new DataConfig("images", folder + "/file", null, null, 0.05, 10);
    assertThatThrownBy(() -> CollectionReader.of(file).list())
        .hasMessage(folder + "/file: is a file, a folder is needed");
    DataConfig none = new DataConfig("images", folder + "/none", null, null, 0.05, 10);
    assertThatThrownBy(() -> CollectionReader.of(none).list())
        .hasMessage(folder + "/none: no such folder");
    assertThatThrownBy(() -> list("folders", null, 100))
        .hasMessage(
            folder + ": labels: folders needs a folder per class, there are none with files");
    assertThatThrownBy(() -> list("labels.csv", null, 100))
        .hasMessage(
            "labels must be `folders` (each top-level folder is a class) for format images, got"
                + " labels.csv");
    assertThatThrownBy(() -> new DataConfig("zap", folder.toString(), null, null, 0.05, 10))
        .hasMessageStartingWith("format must be one of cifar10, cifar100, csv,");
  }

  @Test
  void aFileThatVanishesAfterListingIsRejected() throws IOException {
    put("a.png", "png", 9, 9);
    Listing listing = list(null, null, 100);
    Files.delete(folder.resolve("a.png"));
    assertThat(IdxReaderTest.readAll(listing))
        .singleElement()
        .extracting(SourceImage::rejection)
        .extracting(SourceImage.Rejection::cause)
        .isEqualTo("unreadable");
  }

  private DataConfig config(String labels, Long limit, int block) {
    return new DataConfig("images", folder.toString(), labels, limit, 0.05, block);
  }

  private Listing list(String labels, Long limit, int block) throws IOException {
    return CollectionReader.of(config(labels, limit, block)).list();
  }

  private void put(String name, String format, int width, int height) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    image.setRGB(width / 2, height / 2, 0xFF8040);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, format, out)).isTrue();
    write(name, out.toByteArray());
  }

  private void write(String name, byte[] bytes) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, bytes);
  }
}
