package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.deepercluster.stages.image.RejectedImageException.Cause;
import org.deepercluster.storage.Connectors;

/**
 * Rows of a table that name images by path or address, and perhaps their class. Several rows may
 * name one image: it is one image with all their classes.
 */
final class Cells {
  private static final List<String> IMAGE_COLUMNS =
      List.of(
          "image",
          "image_path",
          "path",
          "file_name",
          "filename",
          "file",
          "url",
          "image_url",
          "uri");
  private static final List<String> LABEL_COLUMNS =
      List.of("label", "labels", "class", "class_name", "category");

  private final String root;
  private final Map<String, Set<String>> labels = new LinkedHashMap<>();

  /**
   * No rows yet.
   *
   * @param root folder that relative paths are below
   */
  Cells(String root) {
    this.root = root;
  }

  /**
   * The column that holds images.
   *
   * @param table for messages
   * @param columns of it
   * @param setting name given; null: found
   */
  static String imageColumn(String table, List<String> columns, String setting) throws IOException {
    String found = column(table, columns, setting, IMAGE_COLUMNS);
    if (found == null) {
      throw new IOException(
          table
              + ": has no column of images: name it in data.column, or call it one of "
              + String.join(", ", IMAGE_COLUMNS)
              + "; its columns are "
              + String.join(", ", columns));
    }
    return found;
  }

  /** The column that holds labels, or null; parameters as of {@link #imageColumn}. */
  static String labelColumn(String table, List<String> columns, String setting) throws IOException {
    return column(table, columns, setting, LABEL_COLUMNS);
  }

  private static String column(
      String table, List<String> columns, String setting, List<String> usual) throws IOException {
    if (setting != null) {
      if (!columns.contains(setting)) {
        throw new IOException(
            table
                + ": has no column "
                + setting
                + "; its columns are "
                + String.join(", ", columns));
      }
      return setting;
    }
    for (String name : usual) {
      for (String column : columns) {
        if (column.toLowerCase(Locale.ROOT).equals(name)) {
          return column;
        }
      }
    }
    return null;
  }

  /** Adds a row; {@code label} is null or empty for none. */
  void add(String image, String label) {
    Set<String> of = labels.computeIfAbsent(image, k -> new LinkedHashSet<>());
    if (label != null && !label.isEmpty()) {
      of.add(label);
    }
  }

  /** The images in order of their first rows, without labels; those go to {@code raw}. */
  List<Item> items(RawLabels raw) throws IOException {
    List<Item> items = new ArrayList<>();
    for (Map.Entry<String, Set<String>> row : labels.entrySet()) {
      items.add(item(row.getKey()));
      raw.add(row.getValue().toArray(String[]::new));
    }
    return items;
  }

  private Item item(String cell) throws IOException {
    if (cell.isEmpty()) {
      return Item.rejected(cell, root, Cause.UNREADABLE, "a row names no image");
    }
    if (cell.matches("(?i)https?://.*")) {
      return Item.of(cell, cell, new Place.Web(cell), List.of());
    }
    if (cell.startsWith("/") || cell.matches("[a-zA-Z][-a-zA-Z0-9+.]*:/.*")) {
      try {
        Connectors.require(cell);
      } catch (IOException e) {
        throw new IOException("the table in " + root + ": " + e.getMessage(), e);
      }
      return Item.of(cell, cell, new Place.WholeFile(cell), List.of());
    }
    if (("/" + cell + "/").contains("/../")) {
      return Item.rejected(
          cell, Storage.join(root, cell), Cause.UNSAFE, "the path leads out of the table's folder");
    }
    String path = Storage.join(root, cell);
    return Item.of(cell, path, new Place.WholeFile(path), List.of());
  }
}
