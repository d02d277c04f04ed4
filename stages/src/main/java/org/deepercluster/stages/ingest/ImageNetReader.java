package org.deepercluster.stages.ingest;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * ImageNet's classification sets of 2012, as published (a tar of a tar per class, a flat tar of
 * validation images, labels in the development kit) or unpacked into folders. Each class is a
 * WordNet id such as {@code n01440764}; classes are numbered in code-point order of these.
 *
 * <p>An image's id is that of {@code train/<class>/<file>} or {@code val/<file>}, as it lies in
 * folders and in tars alike; with the validation images in class folders it is that of {@code
 * val/<class>/<file>}.
 */
final class ImageNetReader implements CollectionReader {
  private static final Pattern IN_CLASS = Pattern.compile("(n\\d{8})/([^/]+)");
  private static final Pattern CLASS_TAR = Pattern.compile("(?:.*/)?(n\\d{8})\\.tar");
  private static final Pattern NUMBERED = Pattern.compile("ILSVRC2012_val_(\\d{8})\\.[A-Za-z]+");

  private final DataConfig config;
  private final List<String> classNames;

  ImageNetReader(DataConfig config, List<String> classNames) {
    this.config = config;
    this.classNames = List.copyOf(classNames);
  }

  /** A candidate before its class is numbered; {@code wnid} is null where it has none. */
  private record Found(Item item, String wnid) {}

  @Override
  public Listing list() throws IOException {
    String root = config.path();
    String split = config.split();
    List<Found> found = new ArrayList<>();
    List<Storage.Entry> files = new ArrayList<>();
    long skipped = 0;
    String tar = "ILSVRC2012_img_" + split + ".tar";
    Storage.Tree tree = tree(Storage.join(root, split));
    if (!tree.files().isEmpty()) {
      skipped = tree.skipped() + folders(root, tree, found, files);
    } else if (Storage.exists(Storage.join(root, tar))) {
      Storage.Entry file = Storage.stat(Storage.join(root, tar));
      files.add(file);
      skipped = split.equals("train") ? tarOfTars(file, found) : flatTar(file, found);
    } else {
      throw new FileNotFoundException(
          root + ": holds neither a folder " + split + " with files nor " + tar);
    }
    boolean flat = found.stream().anyMatch(f -> f.wnid() == null && f.item().rejection() == null);
    TreeSet<String> wnids = new TreeSet<>();
    found.forEach(f -> add(wnids, f.wnid()));
    List<Item> items = new ArrayList<>();
    Classes classes;
    if (flat) {
      if (split.equals("train")) {
        throw new IOException(
            Storage.join(root, split)
                + ": holds images outside of class folders such as n01440764");
      }
      DevKit kit = DevKit.find(root);
      files.addAll(kit.files());
      classes = Classes.sorted(root, kit.classes(), classNames);
      for (Found f : found) {
        items.add(f.item().rejection() != null ? f.item() : labelled(f.item(), kit, classes));
      }
    } else {
      classes = Classes.sorted(root, wnids, classNames);
      for (Found f : found) {
        items.add(f.wnid() == null ? f.item() : with(f.item(), List.of(classes.label(f.wnid()))));
      }
    }
    return Items.listing(
        config,
        items,
        false,
        classes.names(),
        skipped,
        InputDigest.of(root, files, classes.names()));
  }

  private static void add(TreeSet<String> wnids, String wnid) {
    if (wnid != null) {
      wnids.add(wnid);
    }
  }

  private static Storage.Tree tree(String folder) throws IOException {
    try {
      return Storage.walk(folder);
    } catch (FileNotFoundException e) {
      return new Storage.Tree(List.of(), 0);
    }
  }

  /** Files in class folders, or all in one; what is in other folders is skipped. */
  private long folders(
      String root, Storage.Tree tree, List<Found> found, List<Storage.Entry> files) {
    long skipped = 0;
    for (Storage.Entry e : tree.files()) {
      Matcher m = IN_CLASS.matcher(e.name());
      boolean inClass = m.matches();
      if (!inClass && (e.name().contains("/") || !ImageFiles.isNamedLikeAnImage(e.name()))) {
        skipped++;
        continue;
      }
      String name = config.split() + "/" + e.name();
      found.add(new Found(Item.file(root, name, List.of()), inClass ? m.group(1) : null));
      files.add(new Storage.Entry(name, e.size(), e.modifiedMillis()));
    }
    return skipped;
  }

  private long tarOfTars(Storage.Entry file, List<Found> found) throws IOException {
    String path = Storage.join(config.path(), file.name());
    long skipped = 0;
    try (SeekableByteChannel channel = Storage.seekable(path)) {
      Archives.Content outer = Archives.tar(path, path, channel, 0, channel.size());
      skipped += outer.skipped();
      Map<String, Archives.Entry> tars = new TreeMap<>();
      for (Archives.Entry e : outer.entries()) {
        Matcher m = CLASS_TAR.matcher(e.name());
        if (e.fault() != null) {
          found.add(new Found(rejected(path, "train/" + e.name(), e), null));
        } else if (m.matches()) {
          tars.put(m.group(1), e);
        } else {
          skipped++;
        }
      }
      for (Map.Entry<String, Archives.Entry> of : tars.entrySet()) {
        Place.Bytes at = (Place.Bytes) of.getValue().place();
        String where = path + "#" + of.getValue().name();
        Archives.Content inner = Archives.tar(where, path, channel, at.offset(), at.length());
        skipped += inner.skipped();
        for (Archives.Entry e : inner.entries()) {
          add(where, "train/" + of.getKey() + "/" + e.name(), e, of.getKey(), found);
        }
      }
    }
    return skipped;
  }

  private long flatTar(Storage.Entry file, List<Found> found) throws IOException {
    String path = Storage.join(config.path(), file.name());
    Archives.Content content = Archives.tar(path);
    for (Archives.Entry e : content.entries()) {
      Matcher m = IN_CLASS.matcher(e.name());
      add(path, "val/" + e.name(), e, m.matches() ? m.group(1) : null, found);
    }
    return content.skipped();
  }

  private static void add(
      String where, String name, Archives.Entry e, String wnid, List<Found> found) {
    Item item =
        e.fault() != null
            ? rejected(where, name, e)
            : Item.of(name, where + "#" + e.name(), e.place(), List.of());
    found.add(new Found(item, wnid));
  }

  private static Item rejected(String where, String name, Archives.Entry e) {
    return new Item(name, where + "#" + e.name(), null, List.of(), e.fault());
  }

  private static Item labelled(Item item, DevKit kit, Classes classes) throws IOException {
    Matcher m = NUMBERED.matcher(Storage.nameOf(item.name()));
    if (!m.matches()) {
      throw new IOException(
          item.uri()
              + ": the name of a validation image such as ILSVRC2012_val_00000001.JPEG is"
              + " needed, since its number says its label");
    }
    return with(item, List.of(classes.label(kit.wnid(item.uri(), Integer.parseInt(m.group(1))))));
  }

  private static Item with(Item item, List<Label> labels) {
    return new Item(item.name(), item.uri(), item.place(), labels, item.rejection());
  }
}
