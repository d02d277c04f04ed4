package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Images in one zip, or in all zips of a folder tree, in code-point order of zips and of entries. A
 * zip's central directory is read once, at listing; each image is then a range of bytes.
 *
 * <p>An image's id is that of {@code <zip>#<entry>}, the zip's path being below the folder. With
 * {@code labels: folders} each folder at the top of the zips is a class; where there is only one,
 * those below it are.
 */
final class ZipReader implements CollectionReader {
  private final DataConfig config;
  private final List<String> classNames;

  ZipReader(DataConfig config, List<String> classNames) {
    this.config = config;
    this.classNames = List.copyOf(classNames);
  }

  @Override
  public Listing list() throws IOException {
    Shards shards = Shards.find(config.path(), ".zip");
    long skipped = shards.skipped();
    List<Item> items = new ArrayList<>();
    List<String> inZip = new ArrayList<>();
    for (Storage.Entry zip : shards.files()) {
      String path = Storage.join(shards.root(), zip.name());
      Archives.Content content = Archives.zip(path);
      skipped += content.skipped();
      for (Archives.Entry e : content.entries()) {
        String name = zip.name() + "#" + e.name();
        items.add(new Item(name, path + "#" + e.name(), e.place(), List.of(), e.fault()));
        inZip.add(e.name());
      }
    }
    List<String> names = List.of();
    if (config.labels() != null) {
      names = label(items, inZip);
    }
    return Items.listing(
        config, items, false, names, skipped, InputDigest.of(shards.root(), shards.files(), names));
  }

  private List<String> label(List<Item> items, List<String> inZip) throws IOException {
    int depth = 0;
    TreeSet<String> found = folders(items, inZip, depth);
    while (found.size() == 1 && !folders(items, inZip, depth + 1).isEmpty()) {
      depth++;
      found = folders(items, inZip, depth);
    }
    if (found.isEmpty()) {
      throw new IOException(
          config.path() + ": labels: folders needs a folder per class in the zips, there are none");
    }
    Classes classes = Classes.sorted(config.path(), found, classNames);
    Map<String, List<Label>> labels = new HashMap<>();
    found.forEach(name -> labels.put(name, List.of(classes.label(name))));
    for (int i = 0; i < items.size(); i++) {
      Item item = items.get(i);
      List<Label> of = labels.getOrDefault(folder(inZip.get(i), depth), List.of());
      items.set(i, new Item(item.name(), item.uri(), item.place(), of, item.rejection()));
    }
    return classes.names();
  }

  /** Names of the folders at a depth that hold images. */
  private static TreeSet<String> folders(List<Item> items, List<String> inZip, int depth) {
    TreeSet<String> found = new TreeSet<>();
    for (int i = 0; i < items.size(); i++) {
      String name = inZip.get(i);
      if (items.get(i).rejection() == null && ImageFiles.isNamedLikeAnImage(name)) {
        found.add(folder(name, depth));
      }
    }
    found.remove("");
    return found;
  }

  private static String folder(String name, int depth) {
    String[] parts = name.split("/");
    return depth < parts.length - 1 ? parts[depth] : "";
  }
}
