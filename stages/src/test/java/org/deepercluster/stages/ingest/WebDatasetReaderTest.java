package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.beam.sdk.util.SerializableUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebDatasetReaderTest {
  private static final String SHARDS = Formats.ROOT + "/webdataset";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"plain", "cls", "json:label", "json:tags"})
  void readsShards(String labels) throws IOException {
    String setting = labels.equals("plain") ? null : labels;
    for (String path : new String[] {SHARDS, SHARDS + "/train-{0000..0001}.tar"}) {
      Formats.check("webdataset/" + labels, config(path, setting, null));
    }
  }

  @Test
  void namesSkippedAndUnits() throws IOException {
    Listing listing = Formats.list(config(SHARDS, "cls", null));
    assertThat(listing.skipped()).as("a sample without an image, LICENSE").isEqualTo(2);
    assertThat(listing.classNames()).containsExactly("0", "1", "2");
    SourceUnit sent = SerializableUtils.clone(listing.units().get(1));
    assertThat(IdxReaderTest.read(sent).get(0).uri())
        .isEqualTo(SHARDS + "/train-0001.tar#猫/ねこ.JPG");
    assertThat(Formats.list(config(SHARDS, null, 2L)).files()).isEqualTo(2);
    InputDigest cls = listing.digest();
    assertThat(Formats.list(config(SHARDS, null, null)).digest().sha256())
        .isNotEqualTo(cls.sha256());

    Formats.copy("webdataset", folder);
    Files.writeString(folder.resolve("classes.txt"), "zero\none\ntwo\n");
    assertThat(Formats.list(config(folder.toString(), "cls", null)).classNames())
        .containsExactly("zero", "one", "two");
    Files.writeString(folder.resolve("classes.txt"), "zero\none\n");
    fails(folder.toString(), "cls", ": holds label 2, but ");
  }

  @Test
  void hostileEntriesAreRejected() throws IOException {
    Listing listing = Formats.list(config(Formats.ROOT + "/hostile/hostile.tar", null, null));
    List<String> read =
        IdxReaderTest.readAll(listing).stream()
            .map(
                i ->
                    i.uri().substring(i.uri().indexOf('#') + 1)
                        + ": "
                        + (i.rejection() == null ? "accepted" : i.rejection().cause()))
            .toList();
    assertThat(read)
        .containsExactlyInAnyOrder(
            "good.jpg: accepted",
            "../up.jpg: unsafe",
            "/absolute.jpg: unsafe",
            "link.jpg: unsafe",
            "hard.jpg: unsafe",
            "device.jpg: unsafe",
            "pipe.jpg: unsafe",
            "twice.jpg: accepted",
            "twice.jpg: unsafe",
            "new\uFFFDline.jpg: unsafe",
            "long/".repeat(60) + "name.jpg: accepted");
  }

  @Test
  void aTarThatIsCutAnywhereIsAnError() throws IOException {
    byte[] whole = Files.readAllBytes(Path.of(SHARDS, "train-0000.tar"));
    Path cut = folder.resolve("cut.tar");
    for (int length = 1; length < whole.length - 9000; length += 511) {
      Files.write(cut, Arrays.copyOf(whole, length));
      fails(cut.toString(), null, "cut.tar: ");
    }
    Files.write(cut, new byte[0]);
    fails(cut.toString(), null, "cut.tar: ");
  }

  /** What lies behind a damaged header would be lost, or be something else, without a word. */
  @Test
  void aDamagedTarIsAnErrorAndNotFewerImages() throws IOException {
    byte[] whole = Files.readAllBytes(Path.of(SHARDS, "train-0000.tar"));
    Path tar = folder.resolve("damaged.tar");
    byte[] damaged = whole.clone();
    damaged[3] ^= 1; // a name
    Files.write(tar, damaged);
    fails(tar.toString(), null, "damaged.tar: is damaged: the checksum in the header of its entry");
    damaged = whole.clone();
    int second = 512 + 1024; // behind a header and an image of 640 bytes
    assertThat(new String(whole, second + 257, 5, StandardCharsets.UTF_8)).isEqualTo("ustar");
    Arrays.fill(damaged, second, second + 512, (byte) 0);
    Files.write(tar, damaged);
    fails(tar.toString(), null, "lies behind the zeros that end a tar");
    byte[] two = Arrays.copyOf(whole, 2 * whole.length);
    System.arraycopy(whole, 0, two, whole.length, whole.length);
    Files.write(tar, two);
    fails(tar.toString(), null, "byte 10240 lies behind the zeros that end a tar");
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    fails(SHARDS + "/train-{0000..0002}.tar", null, "train-0002.tar: no such file");
    fails(SHARDS + "/train-{0001..0000}.tar", null, "the range {0001..0000} must go up");
    fails(Formats.ROOT + "/zip", null, "/zip: holds no .tar files");
    fails(SHARDS, "json:nothing", ": no image has a label");
    assertThatThrownBy(() -> config(SHARDS, "folders", null))
        .hasMessage("labels must be `cls` or `json:<field>` for format webdataset, got folders");
  }

  @Test
  void expandsPatterns() throws IOException {
    assertThat(Shards.expand("s3://b/{a,b}-{08..10}.tar"))
        .containsExactly(
            "s3://b/a-08.tar",
            "s3://b/a-09.tar",
            "s3://b/a-10.tar",
            "s3://b/b-08.tar",
            "s3://b/b-09.tar",
            "s3://b/b-10.tar");
    assertThat(Shards.isPattern("a{b}c")).isFalse();
    assertThat(Shards.isPattern("{0..3}")).isTrue();
  }

  private static void fails(String path, String labels, String message) {
    assertThatThrownBy(() -> Formats.list(config(path, labels, null)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  private static DataConfig config(String path, String labels, Long limit) {
    return Formats.config("webdataset", path, labels, null, limit);
  }
}
