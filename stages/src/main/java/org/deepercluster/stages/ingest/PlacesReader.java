package org.deepercluster.stages.ingest;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Places205: a list {@code <split>_places205.csv} of lines {@code path label} or {@code
 * path,label}, without labels for {@code test}; the images lie in folders below the collection's.
 *
 * <p>An image's id is that of its path in the list, in whose order images are. {@code
 * categoryIndex_places205.csv} names the classes where it lies beside the list.
 */
final class PlacesReader implements CollectionReader {
  private static final String NAMES = "categoryIndex_places205.csv";
  private static final Pattern LINE = Pattern.compile("(.*[^\\s,])[\\s,]+(\\d{1,6})");

  private final DataConfig config;
  private final List<String> classNames;

  PlacesReader(DataConfig config, List<String> classNames) {
    this.config = config;
    this.classNames = List.copyOf(classNames);
  }

  @Override
  public Listing list() throws IOException {
    String root = config.path();
    Map<String, Storage.Entry> files = new HashMap<>();
    List<String> lists = new ArrayList<>();
    String wanted = config.split() + "_places205.csv";
    for (Storage.Entry e : Storage.walk(root).files()) {
      files.put(e.name(), e);
      if (Storage.nameOf(e.name()).equals(wanted)) {
        lists.add(e.name());
      }
    }
    if (lists.size() != 1) {
      throw new FileNotFoundException(
          root
              + ": needs one file "
              + wanted
              + (lists.isEmpty() ? ", there is none" : ", there are " + lists));
    }
    String list = lists.get(0);
    boolean labelled = !config.split().equals("test");
    List<String> paths = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    int count = read(Storage.join(root, list), labelled, paths, labels);
    Classes classes = null;
    List<Storage.Entry> used = new ArrayList<>(List.of(files.get(list)));
    if (labelled) {
      String names = Storage.folderOf(list) + NAMES;
      classes = classes(Storage.join(root, list), files.containsKey(names) ? names : null, count);
      if (files.containsKey(names)) {
        used.add(files.get(names));
      }
    }
    String folder = folder(files.keySet(), Storage.join(root, list), paths);
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < paths.size(); i++) {
      String path = Storage.join(root, folder + paths.get(i));
      List<Label> of = labelled ? List.of(classes.label(labels.get(i))) : List.of();
      items.add(Item.of(paths.get(i), path, new Place.WholeFile(path), of));
      Storage.Entry file = files.get(folder + paths.get(i));
      if (file != null) {
        used.add(file);
      }
    }
    List<String> names = labelled ? classes.names() : List.of();
    return Items.listing(config, items, true, names, 0, InputDigest.of(root, used, names));
  }

  /** Reads the list; one more than the highest label. */
  private static int read(String list, boolean labelled, List<String> paths, List<Integer> labels)
      throws IOException {
    Set<String> before = new HashSet<>();
    int count = 0;
    int line = 0;
    for (String text : Classes.lines(list)) {
      line++;
      if (text.isBlank()) {
        continue;
      }
      Matcher m = LINE.matcher(text.strip());
      if (labelled && !m.matches()) {
        throw new IOException(
            list + ", line " + line + ": a path and the number of a class are needed, got " + text);
      }
      String path = (labelled ? m.group(1) : text.strip()).replaceFirst("^/+", "");
      if (("/" + path + "/").contains("/../")) {
        throw new IOException(list + ", line " + line + ": leads out of the folder: " + text);
      }
      if (!before.add(path)) {
        throw new IOException(list + ", line " + line + ": names an image again: " + path);
      }
      paths.add(path);
      if (labelled) {
        labels.add(Integer.valueOf(m.group(2)));
        count = Math.max(count, labels.get(labels.size() - 1) + 1);
      }
    }
    if (paths.isEmpty()) {
      throw new IOException(list + ": names no images");
    }
    return count;
  }

  private Classes classes(String list, String names, int count) throws IOException {
    if (names == null) {
      return Classes.numbered(list, count, Storage.join(config.path(), NAMES), classNames);
    }
    String path = Storage.join(config.path(), names);
    List<String> found = new ArrayList<>();
    for (String text : Classes.lines(path)) {
      if (text.isBlank()) {
        continue;
      }
      Matcher m = LINE.matcher(text.strip());
      if (!m.matches() || Integer.parseInt(m.group(2)) != found.size()) {
        throw new IOException(
            path + ": lines such as `/a/abbey 0` are needed, numbered from 0, got " + text);
      }
      found.add(m.group(1).replaceFirst("^/", ""));
    }
    if (!classNames.isEmpty() && !classNames.equals(found)) {
      throw new IOException(path + ": has other classes than the other collection");
    }
    return Classes.named(list, count, path, found);
  }

  /** The folder below the collection's that the list's paths are in, with its slash. */
  private static String folder(Set<String> files, String list, List<String> paths)
      throws IOException {
    for (String path : paths) {
      Set<String> found = new HashSet<>();
      for (String file : files) {
        if (("/" + file).endsWith("/" + path)) {
          found.add(file.substring(0, file.length() - path.length()));
        }
      }
      if (found.size() > 1) {
        throw new IOException(list + ": image " + path + " lies in several folders: " + found);
      }
      if (found.size() == 1) {
        return found.iterator().next();
      }
    }
    throw new FileNotFoundException(
        list + ": none of its images is there, not even " + paths.get(0));
  }
}
