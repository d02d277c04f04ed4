package org.deepercluster.stages.ingest;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Pascal VOC's image classification sets: {@code ImageSets/Main/<split>.txt} names the images of a
 * part, {@code ImageSets/Main/<class>_<split>.txt} says of each whether it shows the class: 1 yes,
 * −1 no, 0 yes but difficult; {@code JPEGImages/<name>.jpg} are the images.
 *
 * <p>Images are in the order of the part's list. An image's id is that of {@code
 * JPEGImages/<name>.jpg}. Classes are numbered in code-point order, which is VOC's own.
 */
final class VocReader implements CollectionReader {
  private static final String SETS = "ImageSets/Main/";
  private static final Pattern CLASS_FILE = Pattern.compile("(.+)_(train|val|trainval|test)\\.txt");

  private final DataConfig config;
  private final List<String> classNames;

  VocReader(DataConfig config, List<String> classNames) {
    this.config = config;
    this.classNames = List.copyOf(classNames);
  }

  @Override
  public Listing list() throws IOException {
    Storage.Tree tree = Storage.walk(config.path());
    String year = year(tree);
    String root = year.isEmpty() ? config.path() : Storage.join(config.path(), year);
    Map<String, Storage.Entry> files = new HashMap<>();
    TreeSet<String> found = new TreeSet<>(Storage.BY_CODE_POINT);
    for (Storage.Entry e : tree.files()) {
      String prefix = year.isEmpty() ? "" : year + "/";
      if (e.name().startsWith(prefix)) {
        String name = e.name().substring(prefix.length());
        files.put(name, new Storage.Entry(name, e.size(), e.modifiedMillis()));
        Matcher m = CLASS_FILE.matcher(name.startsWith(SETS) ? name.substring(SETS.length()) : "");
        if (m.matches()) {
          found.add(m.group(1));
        }
      }
    }
    String list = SETS + config.split() + ".txt";
    List<String> names = names(root, list);
    Classes classes = Classes.sorted(root, found, classNames);
    Map<String, List<Label>> labels = labels(root, list, names, List.copyOf(found), classes);

    List<Item> items = new ArrayList<>();
    List<Storage.Entry> used = new ArrayList<>();
    used.add(files.get(list));
    found.forEach(c -> used.add(files.get(SETS + c + "_" + config.split() + ".txt")));
    for (String name : names) {
      String file = "JPEGImages/" + name + ".jpg";
      items.add(Item.file(root, file, labels.get(name)));
      if (files.containsKey(file)) {
        used.add(files.get(file));
      }
    }
    return Items.listing(
        config, items, true, classes.names(), 0, InputDigest.of(root, used, classes.names()));
  }

  /** The folder below the collection's that holds the sets: {@code VOC2007} or none. */
  private String year(Storage.Tree tree) throws IOException {
    TreeSet<String> found = new TreeSet<>();
    for (Storage.Entry e : tree.files()) {
      int at = ("/" + e.name()).indexOf("/" + SETS);
      if (at >= 0) {
        found.add(e.name().substring(0, Math.max(0, at - 1)));
      }
    }
    if (found.size() != 1) {
      throw new IOException(
          config.path()
              + (found.isEmpty()
                  ? ": holds no ImageSets/Main; the folder VOCdevkit/VOC2007 is needed"
                  : ": holds ImageSets/Main in " + found + "; give one of these folders"));
    }
    return found.first();
  }

  /** Names of the part's images. */
  private static List<String> names(String root, String list) throws IOException {
    String path = Storage.join(root, list);
    List<String> names = new ArrayList<>();
    Map<String, Integer> lineOf = new HashMap<>();
    int line = 0;
    for (String text : Classes.lines(path)) {
      line++;
      String name = text.strip();
      if (name.isEmpty()) {
        continue;
      }
      if (!name.matches("[\\w-]+")) {
        throw new IOException(
            path
                + ", line "
                + line
                + ": the name of an image such as 000012 is needed, got "
                + text);
      }
      Integer before = lineOf.put(name, line);
      if (before != null) {
        throw new IOException(
            path + ", line " + line + ": names image " + name + ", as line " + before + " does");
      }
      names.add(name);
    }
    if (names.isEmpty()) {
      throw new IOException(path + ": names no images");
    }
    return names;
  }

  private Map<String, List<Label>> labels(
      String root, String list, List<String> names, List<String> found, Classes classes)
      throws IOException {
    if (found.isEmpty()) {
      throw new FileNotFoundException(
          Storage.join(root, SETS) + ": holds no lists of classes such as cat_train.txt");
    }
    Map<String, List<Label>> labels = new HashMap<>();
    names.forEach(name -> labels.put(name, new ArrayList<>()));
    for (String c : found) {
      String path = Storage.join(root, SETS + c + "_" + config.split() + ".txt");
      Map<String, Integer> signs = signs(path);
      for (String name : names) {
        Integer sign = signs.remove(name);
        if (sign == null) {
          throw new IOException(
              path + ": says nothing of image " + name + ", which " + list + " names");
        }
        if (sign >= 0) {
          Label label = classes.label(c);
          labels.get(name).add(sign == 0 ? new Label(label.index(), label.name(), true) : label);
        }
      }
      if (!signs.isEmpty()) {
        throw new IOException(
            path
                + ": names image "
                + new TreeMap<>(signs).firstKey()
                + ", which "
                + list
                + " does not");
      }
    }
    return labels;
  }

  /** 1, −1 or 0 by image. */
  private static Map<String, Integer> signs(String path) throws IOException {
    Map<String, Integer> signs = new HashMap<>();
    int line = 0;
    for (String text : Classes.lines(path)) {
      line++;
      String[] words = text.strip().split("\\s+");
      if (words.length == 1 && words[0].isEmpty()) {
        continue;
      }
      if (words.length != 2 || !words[1].matches("-1|0|1")) {
        throw new IOException(
            path
                + ", line "
                + line
                + ": the name of an image and 1, -1 or 0 are needed, got "
                + text);
      }
      if (signs.put(words[0], Integer.valueOf(words[1])) != null) {
        throw new IOException(path + ", line " + line + ": names image " + words[0] + " again");
      }
    }
    return signs;
  }
}
