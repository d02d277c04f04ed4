package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.beam.sdk.util.SerializableUtils;
import org.deepercluster.stages.image.EncodedImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdxReaderTest {
  private static final Path SHIPPED = Path.of("../experiments/data/fashion-mnist-small");
  private static final int COUNT = 23;
  private static final int ROWS = 8;
  private static final int COLUMNS = 9;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void readsEveryImageInOrderWhateverTheUnits(boolean gzip) throws IOException {
    Path images = write("images", images(), gzip);
    Path labels = write("labels", labels(), gzip);
    for (int block : new int[] {1, 5, 23, 1000}) {
      Listing listing = list(images, labels, null, block);
      assertThat(listing.files()).isEqualTo(COUNT);
      assertThat(listing.classNames()).containsExactly("0", "1", "2", "3");
      assertThat(listing.units()).hasSize((COUNT + block - 1) / block);
      List<SourceImage> read = readAll(listing);
      assertThat(read).hasSize(COUNT);
      for (int n = 0; n < COUNT; n++) {
        SourceImage image = read.get(n);
        byte[] pixels = new byte[ROWS * COLUMNS];
        Arrays.fill(pixels, (byte) (n * 11));
        assertThat(image.image()).isEqualTo(new EncodedImage("raw", COLUMNS, ROWS, 1, pixels));
        assertThat(image.uri()).isEqualTo(images + "#" + n);
        assertThat(image.id()).matches("[0-9a-f]{32}");
        assertThat(image.labels()).containsExactly(new Label(n % 4, Integer.toString(n % 4)));
        assertThat(image.rejection()).isNull();
      }
      assertThat(read.stream().map(SourceImage::id).distinct()).hasSize(COUNT);
    }
  }

  /** SHA-256 of the ASCII string {@code images#0}: {@code printf images#0 | sha256sum}. */
  @Test
  void anIdIsTheDigestOfFileNameAndIndex() throws IOException {
    Listing listing = list(write("images", images(), false), null, null, 10);
    assertThat(readAll(listing).get(0).id()).isEqualTo("716c604f7d6fa4b36564b8465c8f4bb3");
    assertThat(readAll(listing).get(0).labels()).isEmpty();
    assertThat(listing.classNames()).isEmpty();
  }

  @Test
  void readsTheShippedPart() throws IOException {
    List<String> names = null;
    int[] expected = {5000, 2000, 2000};
    String[] parts = {"train", "labelled", "test"};
    List<String> pixels = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Listing listing =
          list(
              SHIPPED.resolve(parts[i] + "-images-idx3-ubyte.gz"),
              SHIPPED.resolve(parts[i] + "-labels-idx1-ubyte.gz"),
              null,
              1024);
      List<SourceImage> read = readAll(listing);
      assertThat(read).hasSize(expected[i]);
      int[] perClass = new int[10];
      read.forEach(image -> perClass[image.labels().get(0).index()]++);
      assertThat(perClass).containsOnly(expected[i] / 10);
      assertThat(listing.classNames()).hasSize(10).contains("Trouser", "Ankle boot");
      assertThat(names == null || names.equals(listing.classNames())).isTrue();
      names = listing.classNames();
      if (!parts[i].equals("test")) {
        read.forEach(image -> pixels.add(Arrays.toString(image.image().bytes())));
      }
    }
    assertThat(pixels.stream().distinct().count())
        .as("train and labelled are disjoint")
        .isEqualTo(7000);
  }

  @Test
  void limitTakesTheFirstImages() throws IOException {
    Path images = write("images", images(), true);
    Listing listing = list(images, write("labels", labels(), true), 7L, 5);
    assertThat(listing.files()).isEqualTo(7);
    assertThat(listing.units()).extracting(SourceUnit::size).containsExactly(5, 2);
    assertThat(readAll(listing)).hasSize(7);
    assertThat(list(images, null, 1000L, 5).files()).isEqualTo(COUNT);
  }

  @Test
  void unitsTravelAndCanBeReadAgain() throws IOException {
    Listing listing =
        list(write("images", images(), true), write("labels", labels(), true), null, 5);
    SourceUnit unit = listing.units().get(3);
    SourceUnit copy = SerializableUtils.clone(unit);
    assertThat(read(copy)).isEqualTo(read(unit)).isEqualTo(read(unit)).hasSize(5);
    assertThat(unit.index()).isEqualTo(3);
    assertThat(unit.bytes()).isEqualTo(5 * ROWS * COLUMNS);
    assertThat(SerializableUtils.clone(listing).digest()).isEqualTo(listing.digest());
    assertThat(SerializableUtils.clone(readAll(listing).get(0))).isEqualTo(readAll(listing).get(0));
  }

  @Test
  void namesItsClassesByTheListBesideTheLabels() throws IOException {
    Path images = write("images", images(), false);
    Path labels = write("labels", labels(), false);
    Files.writeString(folder.resolve("classes.txt"), "shirt\nbag\nboot\ncoat\nhat\n");
    Listing listing = list(images, labels, null, 100);
    assertThat(listing.classNames()).containsExactly("shirt", "bag", "boot", "coat", "hat");
    assertThat(readAll(listing).get(2).labels()).containsExactly(new Label(2, "boot"));

    assertThatThrownBy(
            () -> CollectionReader.of(config(images, labels, null, 9), List.of("a", "b")).list())
        .hasMessageContaining("classes.txt: classes [shirt, bag, boot, coat, hat]")
        .hasMessageContaining("those of the other collection are [a, b]");
    Files.writeString(folder.resolve("classes.txt"), "shirt\nbag\n");
    assertThatThrownBy(() -> list(images, labels, null, 100))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("holds label 3")
        .hasMessageContaining("names 2 classes; labels must be 0..1");
  }

  @Test
  void takesTheClassesOfAnotherCollection() throws IOException {
    Path images = write("images", images(), false);
    Path labels = write("labels", labels(), false);
    List<String> names = List.of("a", "b", "c", "d", "e");
    assertThat(CollectionReader.of(config(images, labels, null, 9), names).list().classNames())
        .isEqualTo(names);
    assertThatThrownBy(
            () -> CollectionReader.of(config(images, labels, null, 9), List.of("a")).list())
        .hasMessageContaining("the other collection names 1 classes");
  }

  @Test
  void digestsByContent() throws IOException {
    Path images = write("images", images(), true);
    Path labels = write("labels", labels(), true);
    InputDigest digest = list(images, labels, null, 5).digest();
    assertThat(digest.basis()).isEqualTo("content");
    assertThat(digest.sha256()).matches("[0-9a-f]{64}");
    assertThat(digest.files()).isEqualTo(2);
    assertThat(digest.bytes()).isEqualTo(Files.size(images) + Files.size(labels));

    Files.setLastModifiedTime(images, FileTime.fromMillis(1));
    assertThat(list(images, labels, null, 7).digest()).isEqualTo(digest);
    assertThat(list(images, null, null, 7).digest()).isNotEqualTo(digest);
    byte[] changed = images();
    changed[16] ^= 1;
    write("images", changed, true);
    assertThat(list(images, labels, null, 5).digest().sha256()).isNotEqualTo(digest.sha256());
  }

  @Test
  void saysWhatIsWrongWithAFile() throws IOException {
    Path images = write("images", images(), false);
    Path labels = write("labels", labels(), false);
    fails(folder.resolve("none"), null, "none: no such file");
    fails(folder, null, "is a folder, a file is needed");
    fails(
        labels,
        null,
        "not an IDX file of images: magic number 0x00000801 (this is a file of labels), must be 0x00000803");
    fails(
        images,
        images,
        "not an IDX file of labels: magic number 0x00000803 (this is a file of images), must be 0x00000801");
    fails(
        write("text", "hello, world, this is text".getBytes(UTF_8), false),
        null,
        "magic number 0x68656c6c, must be 0x00000803");
    fails(
        write("empty", new byte[0], false),
        null,
        "is truncated: ends in its header, after 0 of 16 bytes");
    fails(
        write("head", Arrays.copyOf(images(), 10), true),
        null,
        "is truncated: ends in its header, after 10 of 16 bytes");
    for (boolean gzip : new boolean[] {false, true}) {
      fails(
          write("short", Arrays.copyOf(images(), 100), gzip),
          null,
          "is truncated: has 100 bytes, its header says 1672");
      fails(
          write("long", Arrays.copyOf(images(), 1700), gzip),
          null,
          "has 1700 bytes, its header says 1672");
      fails(
          images,
          write("fewer", idx(0x801, new int[] {5}, new byte[5]), gzip),
          "holds 5 labels, but " + images + " holds 23 images");
      fails(
          images,
          write("cut", Arrays.copyOf(labels(), 20), gzip),
          "is truncated: has 20 bytes, its header says 31");
    }
    byte[] cut = Files.readAllBytes(write("zipped", images(), true));
    fails(
        write("cut", Arrays.copyOf(cut, cut.length - 12), false),
        null,
        "is truncated: the gzip data ends early");
    cut[cut.length - 6] ^= 1;
    fails(write("crc", cut, false), null, "crc: the gzip data is damaged");
    cut[2] = 0; // the method of compression
    fails(write("method", cut, false), null, "method: the gzip data is damaged");
    fails(
        write("claims", idx(0x803, new int[] {-1, 28, 28}, new byte[56]), true),
        null,
        "claims: its header says 3367254359296 bytes, which are more than");
    fails(
        write("none", idx(0x803, new int[] {0, 8, 8}, new byte[0]), false),
        null,
        "holds no images; at least 1 is needed");
    fails(
        write("tiny", idx(0x803, new int[] {1, 7, 8}, new byte[56]), false),
        null,
        "images of 8×7 pixels; sides must be at least 8");
    fails(
        write("huge", idx(0x803, new int[] {1, -1, -1}, new byte[56]), false),
        null,
        "images of 4294967295×4294967295 pixels");
  }

  @Test
  void aFileThatShrinksAfterListingIsAnErrorAndNotFewerImages() throws IOException {
    for (boolean gzip : new boolean[] {false, true}) {
      Path images = write("images", images(), gzip);
      Listing listing = list(images, null, null, 10);
      write("images", Arrays.copyOf(images(), 16 + 12 * ROWS * COLUMNS + 5), gzip);
      assertThat(read(listing.units().get(0))).hasSize(10);
      for (int unit : new int[] {1, 2}) {
        assertThatThrownBy(() -> read(listing.units().get(unit)))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("is truncated: ends before image");
      }
    }
  }

  @Test
  void gzipThatIsDamagedAfterListingIsAnErrorThatNamesTheFile() throws IOException {
    Path images = write("images", images(), true);
    Listing listing = list(images, null, null, 10);
    byte[] damaged = Files.readAllBytes(images);
    Arrays.fill(damaged, 10, damaged.length, (byte) 0xFF); // behind the header
    Files.write(images, damaged);
    for (SourceUnit unit : listing.units()) {
      assertThatThrownBy(() -> read(unit))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(images + ": the gzip data is damaged");
    }
  }

  private void fails(Path images, Path labels, String message) {
    assertThatThrownBy(() -> list(images, labels, null, 10))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  private static DataConfig config(Path images, Path labels, Long limit, int block) {
    return new DataConfig(
        "idx", images.toString(), labels == null ? null : labels.toString(), limit, 0.05, block);
  }

  private static Listing list(Path images, Path labels, Long limit, int block) throws IOException {
    return CollectionReader.of(config(images, labels, limit, block)).list();
  }

  static List<SourceImage> readAll(Listing listing) throws IOException {
    List<SourceImage> all = new ArrayList<>();
    for (SourceUnit unit : listing.units()) {
      all.addAll(read(unit));
    }
    return all;
  }

  static List<SourceImage> read(SourceUnit unit) throws IOException {
    List<SourceImage> read = new ArrayList<>();
    try (SourceImages images = unit.open()) {
      for (SourceImage image = images.next(); image != null; image = images.next()) {
        read.add(image);
      }
    }
    return read;
  }

  private static byte[] images() throws IOException {
    byte[] pixels = new byte[COUNT * ROWS * COLUMNS];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i / (ROWS * COLUMNS) * 11);
    }
    return idx(0x803, new int[] {COUNT, ROWS, COLUMNS}, pixels);
  }

  private static byte[] labels() throws IOException {
    byte[] labels = new byte[COUNT];
    for (int i = 0; i < COUNT; i++) {
      labels[i] = (byte) (i % 4);
    }
    return idx(0x801, new int[] {COUNT}, labels);
  }

  private static byte[] idx(int magic, int[] sizes, byte[] values) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(magic);
    for (int size : sizes) {
      out.writeInt(size);
    }
    out.write(values);
    return bytes.toByteArray();
  }

  private Path write(String name, byte[] bytes, boolean gzip) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (gzip) {
      try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
        zip.write(bytes);
      }
    } else {
      out.write(bytes);
    }
    return Files.write(folder.resolve(name), out.toByteArray());
  }
}
