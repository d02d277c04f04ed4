package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.zip.Zip64Mode;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.deepercluster.stages.image.EncodedImage;

/**
 * Collections in archives, record formats and tables, one file of each damaged at random. A
 * collection must be read, with all its entries used, rejected, unsupported or skipped, or refused
 * with one message that names the place.
 */
final class CollectionFuzz {
  /** Largest image, so that a small heap is enough for what is allowed. */
  static final long MAX_PIXELS = 1 << 20;

  /**
   * A collection in a folder of its own.
   *
   * @param kind for the sums
   * @param config with the folder in its paths
   * @param file the one to damage
   * @param whole its bytes
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Seed(String kind, DataConfig config, Path file, byte[] whole) {}

  private final Path scratch;
  private final List<Path> images;
  private final List<Seed> seeds = new ArrayList<>();
  private final List<byte[]> files;

  /**
   * Fuzzes with the collections of {@link Formats#ROOT} and some made here.
   *
   * @param scratch folder to work in
   * @param images files to put into archives
   */
  CollectionFuzz(Path scratch, List<Path> images) {
    this.scratch = scratch;
    this.images = images;
    try {
      shipped();
      zips();
      tars();
      records();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    files = seeds.stream().map(Seed::whole).toList();
  }

  private void shipped() throws IOException {
    add("zip", "zip", "zip", null, null, "one.zip");
    add("zip", "zip", "zip", "folders", null, "one.zip");
    add("zip", "zip", "hostile", null, null, "hostile.zip");
    add("yfcc100m", "yfcc100m", "yfcc100m", null, null, "00/000.zip");
    add("webdataset", "webdataset", "webdataset", "cls", null, "train-0000.tar");
    add("webdataset", "webdataset", "webdataset", "json:labels", null, "train-0001.tar");
    add("webdataset", "webdataset", "hostile", null, null, "hostile.tar");
    add("imagenet", "imagenet", "imagenet/tars", null, "train", "ILSVRC2012_img_train.tar");
    add("imagenet", "imagenet", "imagenet/tars", null, "val", "ILSVRC2012_img_val.tar");
    add("imagenet", "imagenet", "imagenet/tars", null, "val", "ILSVRC2012_devkit_t12.tar.gz");
    String cifar10 = "cifar-10-batches-bin/";
    add("cifar10", "cifar10", "cifar10", null, "train", cifar10 + "data_batch_2.bin");
    add("cifar10", "cifar10", "cifar10", null, "test", cifar10 + "batches.meta.txt");
    add("cifar100", "cifar100", "cifar100", "coarse", "train", "train.bin");
    add("stl10", "stl10", "stl10", null, "train", "stl10_binary/train_X.bin");
    add("stl10", "stl10", "stl10", null, "train", "stl10_binary/train_y.bin");
    add("parquet", "parquet", "parquet/bytes", "label", null, "part-0.parquet");
    add("parquet", "parquet", "parquet", null, null, "structure.parquet");
    add("parquet", "parquet", "parquet", null, null, "paths.parquet");
    add("csv", "csv", "csv", null, null, "images.csv");
    add("csv", "csv", "csv", null, null, "images.tsv");
    String sets = "VOCdevkit/VOC2007/ImageSets/Main/";
    add("lists", "voc", "voc", null, "train", sets + "person_train.txt");
    add("lists", "voc", "voc", null, "train", sets + "train.txt");
    String lists = "trainvalsplit_places205/";
    add("lists", "places205", "places205", null, "train", lists + "train_places205.csv");
  }

  /** Takes a collection of {@link Formats#ROOT}. */
  private void add(
      String kind, String format, String folder, String labels, String split, String damaged)
      throws IOException {
    Path root = Formats.copy(folder, folder());
    boolean file =
        (format.equals("parquet") && !folder.endsWith("bytes"))
            || format.equals("csv")
            || folder.equals("hostile");
    add(kind, format, file ? root.resolve(damaged) : root, labels, split, root.resolve(damaged));
  }

  private void add(String kind, String format, Path path, String labels, String split, Path damaged)
      throws IOException {
    DataConfig config =
        new DataConfig(
            format,
            path.toString(),
            labels,
            split,
            null,
            null,
            null,
            1.0,
            seeds.size() % 2 == 0 ? 3 : 64,
            1,
            MAX_PIXELS,
            seeds.size() % 2 == 0 ? "decode" : "reject",
            "first",
            "keep",
            "report");
    seeds.add(new Seed(kind, config, damaged, Files.readAllBytes(damaged)));
  }

  private Path folder() throws IOException {
    return Files.createDirectories(scratch.resolve("case-" + seeds.size()));
  }

  private void zips() throws IOException {
    Path many = folder().resolve("many.zip");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(many))) {
      for (int i = 0; i < 300; i++) {
        byte[] file = i % 10 == 0 ? image(i) : ("text " + i).getBytes(UTF_8);
        ZipEntry entry = new ZipEntry("класс-" + i % 7 + "/" + i + (i % 10 == 0 ? ".jpg" : ""));
        if (i % 3 == 0) {
          CRC32 crc = new CRC32();
          crc.update(file);
          entry.setMethod(ZipEntry.STORED);
          entry.setSize(file.length);
          entry.setCrc(crc.getValue());
        }
        out.putNextEntry(entry);
        out.write(file);
        out.closeEntry();
      }
    }
    add("zip", "zip", many, "folders", null, many);
    Path large = folder().resolve("zip64.zip");
    try (ZipArchiveOutputStream out = new ZipArchiveOutputStream(large)) {
      out.setUseZip64(Zip64Mode.Always);
      for (int i = 0; i < 12; i++) {
        out.putArchiveEntry(new ZipArchiveEntry("photos/" + i));
        out.write(image(i));
        out.closeArchiveEntry();
      }
      out.putArchiveEntry(new ZipArchiveEntry("photos/empty/"));
      out.closeArchiveEntry();
    }
    add("zip", "zip", large, null, null, large);
    add("zip", "zip", large, null, null, large);
  }

  private void tars() throws IOException {
    for (int style :
        new int[] {TarArchiveOutputStream.LONGFILE_GNU, TarArchiveOutputStream.LONGFILE_POSIX}) {
      Path tar = folder().resolve("long.tar");
      try (TarArchiveOutputStream out =
          new TarArchiveOutputStream(Files.newOutputStream(tar), "UTF-8")) {
        out.setLongFileMode(style);
        out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        out.setAddPaxHeadersForNonAsciiNames(true);
        for (int i = 0; i < 8; i++) {
          byte[] file = image(i);
          String name = (i % 2 == 0 ? "long/".repeat(60) : "фото/") + i;
          TarArchiveEntry entry = new TarArchiveEntry(name + ".jpg");
          entry.setSize(file.length);
          out.putArchiveEntry(entry);
          out.write(file);
          out.closeArchiveEntry();
          TarArchiveEntry label = new TarArchiveEntry(name + ".cls");
          label.setSize(1);
          out.putArchiveEntry(label);
          out.write('0' + i % 3);
          out.closeArchiveEntry();
        }
      }
      add("webdataset", "webdataset", tar, "cls", null, tar);
    }
  }

  private void records() throws IOException {
    byte[] pixels = new byte[20 * 12 * 10];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i * 31);
    }
    byte[] idx =
        ByteBuffer.allocate(16 + pixels.length)
            .putInt(0x803)
            .putInt(20)
            .putInt(12)
            .putInt(10)
            .put(pixels)
            .array();
    byte[] labels = ByteBuffer.allocate(8 + 20).putInt(0x801).putInt(20).put(new byte[20]).array();
    for (String suffix : new String[] {"", ".gz"}) {
      for (String damaged : new String[] {"images-idx3", "labels-idx1"}) {
        Path folder = folder();
        boolean gzip = !suffix.isEmpty();
        Path images = folder.resolve("images-idx3" + suffix);
        Path of = folder.resolve("labels-idx1" + suffix);
        Files.write(images, gzip ? Damage.gzip(idx) : idx);
        Files.write(of, gzip ? Damage.gzip(labels) : labels);
        add("idx", "idx", images, of.toString(), null, folder.resolve(damaged + suffix));
      }
    }
  }

  /** One of the small images given. */
  private byte[] image(int i) throws IOException {
    return Files.readAllBytes(images.get(i * 17 % images.size()));
  }

  /** Damaged collection, and what became of it. */
  final class Input {
    private final Seed seed;
    private final byte[] damaged;

    Input(SplittableRandom random) {
      this.seed = seeds.get(random.nextInt(seeds.size()));
      this.damaged = Damage.of(seed.file().toString(), seed.whole(), files, random);
    }

    String kind() {
      return seed.kind();
    }

    /** Reads it: how many entries came to which end; {@code refused} alone when it was not read. */
    Map<String, Long> outcome() throws IOException {
      Files.write(seed.file(), damaged);
      try {
        return read();
      } catch (IOException e) {
        String place = scratch.toString();
        if (!String.valueOf(e.getMessage()).contains(place)) {
          throw new IllegalStateException("a refusal does not say where: " + e, e);
        }
        return Map.of("collections refused", 1L);
      }
    }

    private Map<String, Long> read() throws IOException {
      Map<String, Long> counts = new TreeMap<>();
      Listing listing = CollectionReader.of(seed.config()).list();
      long listed = 0;
      for (SourceUnit unit : listing.units()) {
        listed += unit.size();
        long before = sum(counts);
        try (SourceImages images = unit.open()) {
          for (SourceImage i = images.next(); i != null; i = images.next()) {
            counts.merge(end(i), 1L, Long::sum);
          }
          counts.merge("skipped", images.skipped(), Long::sum);
        }
        require(sum(counts) - before == unit.size(), unit + ": " + counts);
      }
      require(listed == listing.files(), listed + " in units, " + listing.files() + " listed");
      counts.merge("skipped", listing.skipped(), Long::sum);
      compare(sum(counts));
      counts.put("collections read", 1L);
      return counts;
    }

    /** Where Java's own reader opens the zips too, it must not see more entries. */
    private void compare(long found) throws IOException {
      if (!seed.config().format().equals("zip") && !seed.config().format().equals("yfcc100m")) {
        return;
      }
      long expected = 0;
      List<Path> all;
      try (Stream<Path> walk = Files.walk(Path.of(seed.config().path()))) {
        all = walk.filter(Files::isRegularFile).toList();
      }
      for (Path file : all) {
        if (!file.toString().endsWith(".zip")) {
          expected++;
          continue;
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
          expected += zip.stream().filter(e -> !e.isDirectory()).count();
        } catch (IOException | IllegalArgumentException e) {
          return;
        }
      }
      require(found >= expected, found + " entries accounted for, Java sees " + expected);
    }
  }

  private static String end(SourceImage image) {
    if (image.rejection() != null) {
      boolean known = image.rejection().cause().equals("unsupported");
      return known ? "unsupported" : "rejected";
    }
    EncodedImage encoded = image.image();
    var whole = encoded.decode();
    require(
        whole.width() == encoded.width() && whole.height() == encoded.height(),
        encoded + " decodes to " + whole);
    return "used";
  }

  private static long sum(Map<String, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalStateException(otherwise);
    }
  }
}
