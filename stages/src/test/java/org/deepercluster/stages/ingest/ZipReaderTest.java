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
import org.apache.commons.compress.archivers.zip.Zip64Mode;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.deepercluster.stages.image.RejectedImageException;
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

  /** A reader that stops at the first fault of the directory would lose what follows it. */
  @Test
  void aZipWhoseDirectoryIsDamagedIsAnErrorAndNotFewerImages() throws IOException {
    byte[] whole = Files.readAllBytes(Formats.ROOT.resolve("zip/one.zip"));
    int entries = 0;
    for (int i = 0; i < whole.length - 4; i++) {
      if (whole[i] == 'P' && whole[i + 1] == 'K' && whole[i + 2] == 1 && whole[i + 3] == 2) {
        byte[] damaged = whole.clone();
        damaged[i + 3] = 3;
        Path zip = Files.write(folder.resolve("damaged.zip"), damaged);
        fails(zip.toString(), "damaged.zip: cannot be read as a zip, or is truncated: ");
        entries++;
      }
    }
    assertThat(entries).isEqualTo(6);
    byte[] fewer = whole.clone();
    fewer[whole.length - 12]--; // the number of entries, 10 bytes into the 22 that end a zip
    Path zip = Files.write(folder.resolve("fewer.zip"), fewer);
    fails(zip.toString(), "the directory has 6 entries, its end states 5");
  }

  @Test
  void moreEntriesThan65535AreCounted() throws IOException {
    for (Zip64Mode mode : new Zip64Mode[] {Zip64Mode.AsNeeded, Zip64Mode.Always}) {
      Path zip = folder.resolve(mode + ".zip");
      try (ZipArchiveOutputStream out = new ZipArchiveOutputStream(zip)) {
        out.setUseZip64(mode);
        for (int i = 0; i < 65_540; i++) {
          out.putArchiveEntry(new ZipArchiveEntry(Integer.toString(i)));
          out.closeArchiveEntry();
        }
      }
      assertThat(Formats.list(config(zip.toString(), null, null)).files()).isEqualTo(65_540);
      byte[] bytes = Files.readAllBytes(zip);
      int record64 = bytes.length - 22 - 20 - 56; // end, locator, end of zip64
      bytes[record64 + 32]++;
      Files.write(zip, bytes);
      fails(zip.toString(), "the directory has 65540 entries, its end states 65541");
    }
  }

  @Test
  void anEntryBehindTheLargestOffsetIsRejected() throws IOException {
    String path = Formats.ROOT + "/zip/one.zip";
    try (PlaceReader reader = new PlaceReader()) {
      assertThatThrownBy(() -> reader.open(new Place.ZipEntry(path, -1, 1, 1, 0, 0)))
          .isInstanceOf(RejectedImageException.class)
          .hasMessageContaining("there is no entry at byte 18446744073709551615");
    }
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
