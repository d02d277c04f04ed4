package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
