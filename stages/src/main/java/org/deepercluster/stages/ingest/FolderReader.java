package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A folder tree of image files, in the order of their paths by code point.
 *
 * <p>{@link ImageFiles} says what becomes of each file.
 *
 * <p>An image's id is that of its path below the folder. With {@code labels: folders} each folder
 * at the top is a class, numbered in code-point order; images beside them have no label.
 */
final class FolderReader implements CollectionReader {
  private static final String FOLDERS = "folders";

  private final DataConfig config;
  private final List<String> classNames;

  FolderReader(DataConfig config, List<String> classNames) {
    if (config.labels() != null && !config.labels().equals(FOLDERS)) {
      throw new IllegalArgumentException(
          "labels '"
              + config.labels()
              + "' with format images: must be "
              + FOLDERS
              + ", or left out");
    }
    this.config = config;
    this.classNames = List.copyOf(classNames);
  }

  @Override
  public Listing list() throws IOException {
    String root = config.path();
    Storage.Tree tree = Storage.walk(root);
    List<Storage.Entry> files = tree.files();
    if (files.isEmpty()) {
      throw new IOException(root + ": holds no files; a folder of images is needed");
    }
    boolean labelled = config.labels() != null;
    List<String> names = labelled ? names(files) : List.of();
    long skipped = tree.skipped();
    if (config.limit() != null && config.limit() < files.size()) {
      List<Storage.Entry> used = new ArrayList<>();
      for (int i = 0; i < files.size() && used.size() < config.limit(); i++) {
        if (FolderUnit.isCandidate(root, files.get(i).name())) {
          used.add(files.get(i));
        } else {
          skipped++;
        }
      }
      files = used;
    }
    if (files.isEmpty()) {
      throw new IOException(root + ": holds no images");
    }

    Map<String, Integer> indices = new HashMap<>();
    names.forEach(name -> indices.put(name, indices.size()));
    List<SourceUnit> units = new ArrayList<>();
    for (int from = 0; from < files.size(); from += config.blockImages()) {
      List<Storage.Entry> part =
          files.subList(from, (int) Math.min(files.size(), (long) from + config.blockImages()));
      int[] labels = null;
      if (labelled) {
        labels =
            part.stream().mapToInt(f -> indices.getOrDefault(topFolder(f.name()), -1)).toArray();
      }
      units.add(
          new FolderUnit(
              units.size(),
              root,
              part.stream().map(Storage.Entry::name).toList(),
              labels,
              part.stream().mapToLong(Storage.Entry::size).sum(),
              new ImageFiles(config.rules())));
    }
    return new Listing(units, names, files.size(), skipped, InputDigest.of(root, files, names));
  }

  /** The folder at the top that a file is in, or the empty string. */
  static String topFolder(String name) {
    return name.substring(0, Math.max(0, name.indexOf('/')));
  }

  private List<String> names(List<Storage.Entry> files) throws IOException {
    TreeSet<String> found = new TreeSet<>(Storage.BY_CODE_POINT);
    files.forEach(f -> found.add(topFolder(f.name())));
    found.remove("");
    if (found.isEmpty()) {
      throw new IOException(
          config.path() + ": labels: folders needs a folder per class, there are none with files");
    }
    return Classes.sorted(config.path(), found, classNames).names();
  }
}
