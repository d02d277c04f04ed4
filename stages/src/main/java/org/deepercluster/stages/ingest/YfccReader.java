package org.deepercluster.stages.ingest;

import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deepercluster.stages.image.RejectedImageException.Cause;

/**
 * YFCC100M in zips: image {@code aabbbccc}, its number in 8 digits, is entry {@code ccc.jpg} of
 * {@code aa/bbb.zip}. A list of numbers may choose some; a file of hashtags may label them.
 *
 * <p>An image's id is that of {@code aa/bbb.zip#ccc.jpg}. Images are in the order of their numbers.
 */
final class YfccReader implements CollectionReader {
  private static final Pattern ZIP = Pattern.compile("(?:.*/)?(\\d{2})/(\\d{3})\\.zip");
  private static final Pattern ENTRY = Pattern.compile("(?:.*/)?(\\d{3})\\.jpg");

  private final DataConfig config;
  private final List<String> classNames;

  YfccReader(DataConfig config, List<String> classNames) {
    this.config = config;
    this.classNames = List.copyOf(classNames);
  }

  @Override
  public Listing list() throws IOException {
    String root = config.path();
    Storage.Tree tree = Storage.walk(root);
    TreeMap<Integer, Storage.Entry> zips = new TreeMap<>();
    long skipped = tree.skipped();
    for (Storage.Entry e : tree.files()) {
      Matcher m = ZIP.matcher(e.name());
      if (!m.matches()) {
        skipped++;
      } else if (zips.put(Integer.parseInt(m.group(1) + m.group(2)), e) != null) {
        throw new IOException(
            root + ": holds " + m.group(1) + "/" + m.group(2) + ".zip in two folders");
      }
    }
    if (zips.isEmpty()) {
      throw new FileNotFoundException(root + ": holds no zips such as 00/000.zip");
    }
    if (config.list() == null && config.labels() == null) {
      return byZip(zips, skipped);
    }
    List<Storage.Entry> used = new ArrayList<>();
    TreeMap<Integer, Item> items = new TreeMap<>();
    if (config.list() == null) {
      for (Map.Entry<Integer, Storage.Entry> zip : zips.entrySet()) {
        if (config.limit() != null && items.size() >= config.limit()) {
          break;
        }
        used.add(zip.getValue());
        Content content = read(zip.getKey(), path(zip.getValue()));
        items.putAll(content.byNumber());
        skipped += content.skipped();
      }
    } else {
      choose(zips, used, items);
    }
    List<Storage.Entry> digested = new ArrayList<>(used);
    List<Item> all = new ArrayList<>(items.values());
    List<String> names = List.of();
    if (config.labels() != null) {
      RawLabels raw = hashtags(items);
      Classes classes = raw.classes(config.labels(), config.labels() + ".classes", classNames);
      names = classes.names();
      all = Items.labelled(all, raw.labels(classes));
    }
    List<String> words = new ArrayList<>(names);
    for (String file : new String[] {config.list(), config.labels()}) {
      if (file != null) {
        InputDigest.Builder digest = new InputDigest.Builder(false);
        Classes.lines(file).forEach(digest::add);
        words.add(digest.build().sha256());
      }
    }
    return Items.listing(config, all, true, names, skipped, InputDigest.of(root, digested, words));
  }

  /** Units of images that no list chooses and that have no labels: zip by zip. */
  private Listing byZip(TreeMap<Integer, Storage.Entry> zips, long hidden) throws IOException {
    List<Storage.Entry> used = new ArrayList<>();
    List<SourceUnit> units = new ArrayList<>();
    List<YfccUnit.Range> ranges = new ArrayList<>();
    ImageFiles rules = new ImageFiles(config.rules());
    long left = config.limit() == null ? Long.MAX_VALUE : config.limit();
    long skipped = hidden;
    long files = 0;
    long bytes = 0;
    int room = config.blockImages();
    for (Map.Entry<Integer, Storage.Entry> zip : zips.entrySet()) {
      if (files == left) {
        break;
      }
      used.add(zip.getValue());
      String path = path(zip.getValue());
      Content content = read(zip.getKey(), path);
      List<Item> items = content.items();
      skipped += content.skipped();
      int end = (int) Math.min(items.size(), left - files);
      files += end;
      for (int from = 0; from < end; ) {
        int to = Math.min(end, from + room);
        ranges.add(new YfccUnit.Range(zip.getKey(), path, items.size(), from, to));
        bytes += Items.bytes(items.subList(from, to));
        room -= to - from;
        from = to;
        if (room == 0) {
          units.add(new YfccUnit(units.size(), ranges, bytes, rules));
          ranges.clear();
          bytes = 0;
          room = config.blockImages();
        }
      }
    }
    if (!ranges.isEmpty()) {
      units.add(new YfccUnit(units.size(), ranges, bytes, rules));
    }
    if (files == 0) {
      throw new IOException(
          config.path() + ": holds no images; entries such as 000.jpg are needed");
    }
    return new Listing(
        units, List.of(), files, skipped, InputDigest.of(config.path(), used, List.of()));
  }

  private String path(Storage.Entry zip) {
    return Storage.join(config.path(), zip.name());
  }

  /**
   * What a zip holds.
   *
   * @param byNumber images by their numbers
   * @param skipped entries that are none
   */
  record Content(TreeMap<Integer, Item> byNumber, long skipped) {
    /** In the order of their numbers. */
    List<Item> items() {
      return List.copyOf(byNumber.values());
    }
  }

  /** Lists a zip, by its number and path. */
  static Content read(int number, String path) throws IOException {
    Archives.Content content = Archives.zip(path);
    TreeMap<Integer, Item> items = new TreeMap<>();
    long skipped = content.skipped();
    for (Archives.Entry e : content.entries()) {
      Matcher m = ENTRY.matcher(e.name());
      if (!m.matches()) {
        skipped++;
        continue;
      }
      int index = number * 1000 + Integer.parseInt(m.group(1));
      Item item = new Item(name(index), path + "#" + e.name(), e.place(), List.of(), e.fault());
      if (items.putIfAbsent(index, item) != null) {
        skipped++; // of the same number, in another folder of the zip
      }
    }
    return new Content(items, skipped);
  }

  private static String name(int index) {
    return String.format(
        Locale.ROOT,
        "%02d/%03d.zip#%03d.jpg",
        index / 1_000_000,
        index / 1000 % 1000,
        index % 1000);
  }

  /** The images of the list; those that are not there are rejects. */
  private void choose(
      Map<Integer, Storage.Entry> zips, List<Storage.Entry> used, TreeMap<Integer, Item> items)
      throws IOException {
    TreeMap<Integer, List<Integer>> wanted = new TreeMap<>();
    TreeMap<Integer, Integer> lineOf = new TreeMap<>();
    int line = 0;
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(Storage.open(config.list(), 0), StandardCharsets.UTF_8))) {
      for (String text = in.readLine(); text != null; text = in.readLine()) {
        line++;
        String number = text.strip();
        if (number.isEmpty()) {
          continue;
        }
        if (!number.matches("\\d{1,8}")) {
          throw new IOException(
              config.list()
                  + ", line "
                  + line
                  + ": the number of an image, 0 to 99999999, is needed, got "
                  + number);
        }
        int index = Integer.parseInt(number);
        Integer before = lineOf.put(index, line);
        if (before != null) {
          throw new IOException(
              config.list()
                  + ", line "
                  + line
                  + ": names image "
                  + index
                  + ", as line "
                  + before
                  + " does");
        }
        wanted.computeIfAbsent(index / 1000, k -> new ArrayList<>()).add(index);
      }
    }
    if (wanted.isEmpty()) {
      throw new IOException(config.list() + ": names no images");
    }
    for (Map.Entry<Integer, List<Integer>> of : wanted.entrySet()) {
      if (config.limit() != null && items.size() >= config.limit()) {
        return;
      }
      Map<Integer, Item> inZip = Map.of();
      Storage.Entry zip = zips.get(of.getKey());
      if (zip != null) {
        used.add(zip);
        inZip = read(of.getKey(), path(zip)).byNumber();
      }
      for (int index : of.getValue()) {
        String name = name(index);
        items.put(
            index,
            inZip.getOrDefault(
                index,
                Item.rejected(
                    name,
                    Storage.join(config.path(), name),
                    Cause.UNREADABLE,
                    zip == null ? "the zip is not there" : "the zip has no such entry")));
      }
    }
  }

  /** Hashtags of each image: lines of a number, a tab, and hashtags with commas between them. */
  private RawLabels hashtags(TreeMap<Integer, Item> items) throws IOException {
    Map<Integer, String[]> tags = new HashMap<>();
    int line = 0;
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(Storage.open(config.labels(), 0), StandardCharsets.UTF_8))) {
      for (String text = in.readLine(); text != null; text = in.readLine()) {
        line++;
        if (text.isBlank()) {
          continue;
        }
        String[] cells = text.split("\t", -1);
        if (cells.length != 2 || !cells[0].strip().matches("\\d{1,8}")) {
          throw new IOException(
              config.labels()
                  + ", line "
                  + line
                  + ": the number of an image, a tab and its hashtags are needed, got "
                  + (text.length() > 60 ? text.substring(0, 60) + "..." : text));
        }
        int index = Integer.parseInt(cells[0].strip());
        if (items.containsKey(index)) {
          List<String> of = new ArrayList<>();
          for (String tag : cells[1].split(",")) {
            if (!tag.isBlank()) {
              of.add(tag.strip());
            }
          }
          tags.put(index, of.toArray(String[]::new));
        }
      }
    }
    RawLabels raw = new RawLabels();
    items.keySet().forEach(index -> raw.add(tags.getOrDefault(index, new String[0])));
    return raw;
  }
}
