package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.beam.sdk.util.SerializableUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZipReaderTest {
  @TempDir Path folder;

  @Test
  void readsAFolderOfZips() throws IOException {
    DataConfig config = config(Formats.ROOT + "/zip", "folders", null);
    List<SourceImage> read = Formats.check("zip", config);
    assertThat(read.get(2).uri()).isEqualTo(Formats.ROOT + "/zip/one.zip#photos/cat/1.jpg");
    Listing listing = Formats.list(config);
    assertThat(listing.classNames()).containsExactly("cat", "dog", "собака");
    assertThat(listing.skipped()).as("readme.txt, .hidden.jpg, __MACOSX").isEqualTo(3);
    SourceUnit sent = SerializableUtils.clone(listing.units().get(1));
    assertThat(IdxReaderTest.read(sent)).as("and a text").hasSize(1);
    assertThat(sent.bytes()).isGreaterThan(0);
  }

  @Test
  void readsOneZipAndLimitsIt() throws IOException {
    String path = Formats.ROOT + "/zip/one.zip";
    Listing all = Formats.list(config(path, null, null));
    assertThat(all.files()).as("the text is told from images when it is read").isEqualTo(3);
    assertThat(IdxReaderTest.readAll(all))
        .extracting(SourceImage::id)
        .containsExactly(
            InputDigest.imageId("one.zip#photos/cat/1.jpg"),
            InputDigest.imageId("one.zip#photos/dog/2.jpg"));
    Listing two = Formats.list(config(path, null, 2L));
    assertThat(two.files()).isEqualTo(2);
    assertThat(two.skipped()).as("two hidden ones and the text").isEqualTo(3);
    assertThat(IdxReaderTest.readAll(two)).hasSize(2);
  }

  @Test
  void hostileEntriesAreRejected() throws IOException {
    Listing listing = Formats.list(config(Formats.ROOT + "/hostile/hostile.zip", null, null));
    Map<String, String> causes = new TreeMap<>();
    for (SourceImage i : IdxReaderTest.readAll(listing)) {
      String name = i.uri().substring(i.uri().indexOf('#') + 1);
      causes.merge(
          name, i.rejection() == null ? "accepted" : i.rejection().cause(), (a, b) -> a + ", " + b);
      assertThat(i.rejection() == null || !i.rejection().detail().isBlank()).isTrue();
    }
    assertThat(causes)
        .containsExactlyInAnyOrderEntriesOf(
            Map.ofEntries(
                Map.entry("good.jpg", "accepted"),
                Map.entry("../up.jpg", "unsafe"),
                Map.entry("a/../../up.jpg", "unsafe"),
                Map.entry("/absolute.jpg", "unsafe"),
                Map.entry("C:\\drive.jpg", "unsafe"),
                Map.entry("..\\up.jpg", "unsafe"),
                Map.entry("twice.jpg", "accepted, unsafe"),
                Map.entry("link.jpg", "unsafe"),
                Map.entry("method.jpg", "unsupported"),
                Map.entry("secret.jpg", "unsupported"),
                Map.entry("bomb.jpg", "too-large"),
                Map.entry("lies.jpg", "unreadable"),
                Map.entry("crc.jpg", "unreadable"),
                Map.entry("offset.jpg", "unreadable")));
  }

  @Test
  void aZipThatIsCutOrNoneIsAnError() throws IOException {
    Formats.copy("zip", folder);
    Path one = folder.resolve("one.zip");
    Files.write(one, Arrays.copyOf(Files.readAllBytes(one), 900));
    fails(folder.toString(), "one.zip: cannot be read as a zip, or is truncated");
    Files.writeString(one, "no zip");
    fails(folder.toString(), "one.zip: cannot be read as a zip, or is truncated");
    Files.write(one, new byte[0]);
    fails(folder.toString(), "one.zip: cannot be read as a zip, or is truncated");
    fails(folder + "/none", "/none: no such folder");
    Path empty = Files.createDirectory(folder.resolve("empty"));
    fails(empty.toString(), "empty: holds no .zip files");
  }

  @Test
  void aZipThatShrinksAfterListingGivesRejects() throws IOException {
    Formats.copy("zip", folder);
    Listing listing = Formats.list(config(folder + "/one.zip", null, null));
    Path one = folder.resolve("one.zip");
    Files.write(one, Arrays.copyOf(Files.readAllBytes(one), 300));
    assertThat(IdxReaderTest.readAll(listing))
        .extracting(i -> i.rejection().cause())
        .containsExactly("unreadable", "truncated");
  }

  @Test
  void labelsNeedFolders() throws IOException {
    assertThatThrownBy(
            () -> Formats.list(config(Formats.ROOT + "/hostile/hostile.zip", "folders", null)))
        .hasMessageEndingWith(
            "labels: folders needs a folder per class in the zips, there are none");
    assertThatThrownBy(() -> config("a", "cls", null))
        .hasMessageContaining("labels must be `folders`");
  }

  private static void fails(String path, String message) {
    assertThatThrownBy(() -> Formats.list(config(path, null, null)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  private static DataConfig config(String path, String labels, Long limit) {
    return Formats.config("zip", path, labels, null, limit);
  }
}
