package org.deepercluster.stages.ingest;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files that make up a collection: one, those of a pattern with braces, or those of a folder.
 *
 * @param root folder that the names are below
 * @param files in order
 * @param skipped other files of the folder
 */
record Shards(String root, List<Storage.Entry> files, long skipped) {
  private static final Pattern BRACES = Pattern.compile("\\{([^{}]*)\\}");
  private static final Pattern RANGE = Pattern.compile("(\\d{1,9})\\.\\.(\\d{1,9})");
  private static final int MAX_FILES = 1_000_000;

  /**
   * Finds them.
   *
   * @param path a file; a pattern such as {@code train-{0000..0012}.tar}; a folder, of whose tree
   *     all files with the suffix are taken
   * @param suffix with its dot, in lower case
   * @throws FileNotFoundException naming what is missing
   */
  static Shards find(String path, String suffix) throws IOException {
    if (isPattern(path)) {
      List<String> paths = expand(path);
      String root = Storage.folderOf(path.substring(0, path.indexOf('{')));
      List<Storage.Entry> files = new ArrayList<>();
      for (String p : paths) {
        Storage.Entry e = Storage.stat(p);
        files.add(new Storage.Entry(p.substring(root.length()), e.size(), e.modifiedMillis()));
      }
      return new Shards(root.isEmpty() ? "." : root, files, 0);
    }
    if (Storage.exists(path)) {
      Storage.Entry file = Storage.stat(path);
      String root = Storage.folderOf(path);
      return new Shards(root.isEmpty() ? "." : root, List.of(file), 0);
    }
    Storage.Tree tree = Storage.walk(path);
    List<Storage.Entry> files = new ArrayList<>();
    for (Storage.Entry e : tree.files()) {
      if (e.name().toLowerCase(Locale.ROOT).endsWith(suffix)) {
        files.add(e);
      }
    }
    if (files.isEmpty()) {
      throw new FileNotFoundException(path + ": holds no " + suffix + " files");
    }
    return new Shards(path, files, tree.skipped() + tree.files().size() - files.size());
  }

  /** True when a path has braces with a range or a list. */
  static boolean isPattern(String path) {
    Matcher m = BRACES.matcher(path);
    while (m.find()) {
      if (m.group(1).contains(",") || RANGE.matcher(m.group(1)).matches()) {
        return true;
      }
    }
    return false;
  }

  /** All paths of a pattern, in the order of its ranges and lists. */
  static List<String> expand(String pattern) throws IOException {
    Matcher m = BRACES.matcher(pattern);
    if (!m.find()) {
      return List.of(pattern);
    }
    List<String> heads = new ArrayList<>();
    Matcher range = RANGE.matcher(m.group(1));
    if (range.matches()) {
      int from = Integer.parseInt(range.group(1));
      int to = Integer.parseInt(range.group(2));
      if (to < from || (long) to - from >= MAX_FILES) {
        throw new IOException(
            pattern + ": the range {" + m.group(1) + "} must go up, over at most " + MAX_FILES);
      }
      String format = "%0" + range.group(1).length() + "d";
      for (int i = from; i <= to; i++) {
        heads.add(String.format(Locale.ROOT, format, i));
      }
    } else {
      heads.addAll(List.of(m.group(1).split(",", -1)));
    }
    List<String> all = new ArrayList<>();
    List<String> tails = expand(pattern.substring(m.end()));
    for (String head : heads) {
      for (String tail : tails) {
        all.add(pattern.substring(0, m.start()) + head + tail);
        if (all.size() > MAX_FILES) {
          throw new IOException(pattern + ": stands for more than " + MAX_FILES + " files");
        }
      }
    }
    return all;
  }
}
