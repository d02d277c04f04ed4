package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class YfccReaderTest {
  private static final String ROOT = Formats.ROOT + "/yfcc100m";

  @TempDir Path folder;

  @Test
  void readsAllOrThoseOfAList() throws IOException {
    DataConfig config = config(ROOT, ROOT + "/hashtags.tsv", null, null);
    List<SourceImage> read = Formats.check("yfcc100m", config);
    assertThat(read.get(4).uri()).isEqualTo(ROOT + "/95/920.zip#148.jpg");
    assertThat(Formats.list(config).classNames()).containsExactly("black cat", "cat");
    assertThat(Formats.list(config).skipped()).isEqualTo(2);
    Formats.check("yfcc100m/some", config(ROOT, null, ROOT + "/some.txt", null));
    assertThat(Formats.list(config(ROOT, null, null, 2L)).files()).isEqualTo(2);
  }

  /** Without a list and labels, entries are listed again where they are read: to the same units. */
  @Test
  void unitsOfZipsHoldWhatUnitsOfEntriesHold() throws IOException {
    Path numbers = folder.resolve("all.txt");
    for (int block : new int[] {1, 2, 3, 4, 100}) {
      for (Long limit : new Long[] {null, 1L, 3L, 4L, 99L}) {
        Listing zips =
            Formats.list(Formats.any("yfcc100m", ROOT, null, null, null, null, limit, block));
        List<SourceImage> images = IdxReaderTest.readAll(zips);
        assertThat(zips.units()).allMatch(u -> u instanceof YfccUnit && u.bytes() > 0);
        assertThat(zips.units()).extracting(SourceUnit::index).doesNotHaveDuplicates();
        Files.writeString(numbers, numbersOf(images));
        Listing entries =
            Formats.list(
                Formats.any("yfcc100m", ROOT, null, null, null, numbers.toString(), limit, block));
        assertThat(IdxReaderTest.readAll(entries)).isEqualTo(images);
        assertThat(entries.files()).isEqualTo(zips.files()).isEqualTo(images.size());
        assertThat(entries.units().stream().map(SourceUnit::size).toList())
            .isEqualTo(zips.units().stream().map(SourceUnit::size).toList());
      }
    }
  }

  private static String numbersOf(List<SourceImage> images) {
    StringBuilder numbers = new StringBuilder();
    for (SourceImage i : images) {
      Matcher m = Pattern.compile("(\\d{2})/(\\d{3})\\.zip#(?:.*/)?(\\d{3})").matcher(i.uri());
      assertThat(m.find()).isTrue();
      numbers.append(m.group(1)).append(m.group(2)).append(m.group(3)).append('\n');
    }
    return numbers.toString();
  }

  @Test
  void aZipThatHoldsOthersThanWhenItWasListedIsAnError() throws IOException {
    Formats.copy("yfcc100m", folder);
    Listing listing = Formats.list(config(folder.toString(), null, null, null));
    Path zip = folder.resolve("00/000.zip");
    Files.copy(folder.resolve("00/012.zip"), zip, StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(() -> IdxReaderTest.readAll(listing))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(zip + ": holds ")
        .hasMessageContaining("when it was listed it held ");
  }

  @Test
  void anEntryOfANumberThatAnotherHasIsCounted() throws IOException {
    Path zip = Files.createDirectories(folder.resolve("00")).resolve("000.zip");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
      for (String name : new String[] {"a/001.jpg", "b/001.jpg", "notes.txt"}) {
        out.putNextEntry(new ZipEntry(name));
        out.closeEntry();
      }
    }
    Listing listing = Formats.list(config(folder.toString(), null, null, null));
    assertThat(listing.files()).isEqualTo(1);
    assertThat(listing.skipped()).isEqualTo(2);
  }

  @Test
  void theListAndTheHashtagsArePartOfTheDigest() throws IOException {
    String all = digest(null, null);
    String some = digest(null, ROOT + "/some.txt");
    assertThat(some).isNotEqualTo(all);
    assertThat(digest(ROOT + "/hashtags.tsv", null)).isNotEqualTo(all);
    Path list = folder.resolve("some.txt");
    Files.copy(Path.of(ROOT, "some.txt"), list);
    assertThat(digest(null, list.toString())).isEqualTo(some);
    Files.writeString(list, "7\n");
    assertThat(digest(null, list.toString())).isNotEqualTo(some);
  }

  @Test
  void whatTheListNamesAndIsNotThereIsRejected() throws IOException {
    Path list = folder.resolve("list");
    Files.writeString(list, "7\n8\n99999999\n");
    List<SourceImage> read =
        IdxReaderTest.readAll(Formats.list(config(ROOT, null, list.toString(), null)));
    assertThat(read)
        .extracting(i -> i.rejection() == null ? "accepted" : i.rejection().detail())
        .containsExactly("accepted", "the zip has no such entry", "the zip is not there");
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    fails("x\n", null, "list, line 1: the number of an image, 0 to 99999999, is needed, got x");
    fails("7\n007\n", null, "list, line 2: names image 7, as line 1 does");
    fails("\n", null, "list: names no images");
    fails(
        "7\n",
        "7 cat\n",
        "tags, line 1: the number of an image, a tab and its hashtags are needed");
    fails("7\n", "12\tcat\n", ": no image has a label");
    assertThatThrownBy(() -> Formats.list(config(Formats.ROOT + "/zip", null, null, null)))
        .hasMessageEndingWith("/zip: holds no zips such as 00/000.zip");
    assertThatThrownBy(() -> Formats.list(config(ROOT, null, ROOT + "/none", null)))
        .hasMessageContaining("none: no such file");
    Formats.copy("yfcc100m", folder.resolve("a"));
    Formats.copy("yfcc100m", folder.resolve("b"));
    assertThatThrownBy(() -> Formats.list(config(folder.toString(), null, null, null)))
        .hasMessageContaining("holds 00/000.zip in two folders");
  }

  private void fails(String list, String tags, String message) throws IOException {
    Files.writeString(folder.resolve("list"), list);
    if (tags != null) {
      Files.writeString(folder.resolve("tags"), tags);
    }
    String labels = tags == null ? null : folder + "/tags";
    assertThatThrownBy(() -> Formats.list(config(ROOT, labels, folder + "/list", null)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  private static String digest(String labels, String list) throws IOException {
    return Formats.list(config(ROOT, labels, list, null)).digest().sha256();
  }

  private static DataConfig config(String path, String labels, String list, Long limit) {
    return Formats.any("yfcc100m", path, labels, null, null, list, limit, Formats.BLOCK);
  }
}
