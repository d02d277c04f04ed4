package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds out how a collection is laid out: a file by its first bytes, a folder by its content. */
public final class FormatDetector {
  private static final int HEAD = 1024;
  private static final int TAR_MAGIC = 257;

  private static final Logger LOG = LoggerFactory.getLogger(FormatDetector.class);

  private FormatDetector() {}

  /**
   * What was found.
   *
   * @param format word of {@code data.format}
   * @param evidence what shows it, for people
   */
  public record Detected(String format, String evidence) {}

  /**
   * Looks at a place.
   *
   * @param path a file, a folder, or a pattern with braces
   * @throws FileNotFoundException when there is nothing
   * @throws IOException naming what was found, when it is no layout that is known, or several
   */
  public static Detected detect(String path) throws IOException {
    if (Shards.isPattern(path)) {
      String first = Shards.expand(path).get(0);
      Detected file = file(first);
      return new Detected(file.format(), "its first file, " + file.evidence());
    }
    return Storage.exists(path) ? file(path) : folder(path);
  }

  /** The collection with the layout that its place shows. */
  static DataConfig resolve(DataConfig config) throws IOException {
    Detected found = detect(config.path());
    LOG.info("{}: format {}, since {}", config.path(), found.format(), found.evidence());
    return config.withFormat(found.format());
  }

  private static Detected file(String path) throws IOException {
    byte[] head;
    try (InputStream in = Storage.open(path, 0)) {
      head = in.readNBytes(HEAD);
    }
    String name = Storage.nameOf(path);
    if (starts(head, 'P', 'K', 3, 4) || starts(head, 'P', 'K', 5, 6)) {
      return new Detected("zip", name + " begins as a zip");
    }
    if (starts(head, 'P', 'A', 'R', '1')) {
      return new Detected("parquet", name + " begins as Parquet");
    }
    if (head.length > TAR_MAGIC + 5 && new String(head, TAR_MAGIC, 5, UTF_8).equals("ustar")) {
      return new Detected("webdataset", name + " begins as a tar");
    }
    if (starts(head, 0, 0, 8, 3) || starts(head, 0x1F, 0x8B)) {
      try (InputStream in = IdxReader.stream(path)) {
        if (starts(in.readNBytes(4), 0, 0, 8, 3)) {
          return new Detected("idx", name + " begins as an IDX file of images");
        }
      }
      throw new IOException(
          path + ": is in gzip, and holds no IDX file; unpack it, or say data.format");
    }
    String lower = name.toLowerCase(Locale.ROOT);
    if ((lower.endsWith(".csv") || lower.endsWith(".tsv")) && isText(head)) {
      return new Detected("csv", name + " is a text and named like a table");
    }
    throw new IOException(
        path
            + ": is no zip, tar, Parquet, IDX or CSV file; give data.format, or the folder it is in");
  }

  private static boolean starts(byte[] head, int... bytes) {
    if (head.length < bytes.length) {
      return false;
    }
    for (int i = 0; i < bytes.length; i++) {
      if ((head[i] & 0xFF) != bytes[i]) {
        return false;
      }
    }
    return true;
  }

  private static boolean isText(byte[] head) {
    for (byte b : head) {
      if (b == 0) {
        return false;
      }
    }
    return head.length > 0;
  }

  private static Detected folder(String path) throws IOException {
    Storage.Tree tree = Storage.walk(path);
    if (tree.files().isEmpty()) {
      throw new FileNotFoundException(path + ": holds no files");
    }
    TreeMap<String, String> found = new TreeMap<>();
    TreeMap<String, Integer> suffixes = new TreeMap<>();
    int images = 0;
    for (Storage.Entry e : tree.files()) {
      String name = e.name();
      String published = published(name);
      if (published != null) {
        found.putIfAbsent(published, name);
      }
      String last = Storage.nameOf(name).toLowerCase(Locale.ROOT);
      if (ImageFiles.isNamedLikeAnImage(last)) {
        images++;
      } else {
        for (String suffix : Arrays.asList(".zip", ".tar", ".parquet")) {
          if (last.endsWith(suffix)) {
            suffixes.merge(suffix, 1, Integer::sum);
          }
        }
      }
    }
    if (found.isEmpty()) {
      general(images, suffixes, found);
    }
    if (found.size() == 1) {
      return new Detected(found.firstKey(), "the folder holds " + found.firstEntry().getValue());
    }
    throw new IOException(
        path
            + (found.isEmpty()
                ? ": is laid out in no way that is known, with "
                    + tree.files().size()
                    + " files such as "
                    + tree.files().get(0).name()
                : ": could be " + String.join(", ", new TreeSet<>(describe(found))))
            + "; give data.format");
  }

  private static List<String> describe(TreeMap<String, String> found) {
    List<String> all = new ArrayList<>();
    found.forEach((format, evidence) -> all.add(format + " (" + evidence + ")"));
    return all;
  }

  /** The published collection that a file belongs to, or null. */
  private static String published(String name) {
    String last = Storage.nameOf(name);
    if (("/" + name).matches(".*/ImageSets/Main/(train|val|trainval|test)\\.txt")) {
      return "voc";
    }
    if (name.matches("(train|val)/n\\d{8}/[^/]+")
        || name.matches("val/ILSVRC2012_val_\\d{8}\\.[A-Za-z]+")
        || name.matches("ILSVRC2012_img_(train|val)\\.tar")) {
      return "imagenet";
    }
    if (last.matches("(train|val|test)_places205\\.csv")) {
      return "places205";
    }
    if (name.matches("\\d{2}/\\d{3}\\.zip")) {
      return "yfcc100m";
    }
    if (name.matches("(cifar-10-batches-bin/)?(data_batch_\\d|test_batch)\\.bin")) {
      return "cifar10";
    }
    if (name.matches("(cifar-100-binary/)?(fine|coarse)_label_names\\.txt")) {
      return "cifar100";
    }
    if (name.matches("(stl10_binary/)?(train|test|unlabeled)_X\\.bin")) {
      return "stl10";
    }
    return null;
  }

  private static void general(
      int images, TreeMap<String, Integer> suffixes, TreeMap<String, String> found) {
    if (images > 0) {
      found.put("images", count(images, "image file"));
    }
    suffixes.forEach(
        (suffix, n) -> {
          String format = suffix.equals(".tar") ? "webdataset" : suffix.substring(1);
          found.put(format, count(n, suffix + " file"));
        });
  }

  private static String count(int n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }
}
