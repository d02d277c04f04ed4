package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The classes of a collection, numbered from 0. */
final class Classes {
  private final List<String> names;
  private final Map<String, Integer> indices = new HashMap<>();

  private Classes(List<String> names) {
    this.names = List.copyOf(names);
    for (int c = 0; c < names.size(); c++) {
      indices.putIfAbsent(names.get(c), c);
    }
  }

  /**
   * Numbers names in code-point order, or as another collection has them.
   *
   * @param where the collection, for the message
   * @param found names that occur
   * @param others classes of the other collection; empty without one
   * @throws IOException naming a class that the other collection lacks
   */
  static Classes sorted(String where, Collection<String> found, List<String> others)
      throws IOException {
    TreeSet<String> sorted = new TreeSet<>(Storage.BY_CODE_POINT);
    sorted.addAll(found);
    if (others.isEmpty()) {
      return new Classes(List.copyOf(sorted));
    }
    Classes classes = new Classes(others);
    for (String name : sorted) {
      if (!classes.indices.containsKey(name)) {
        throw new IOException(
            where
                + ": class "
                + name
                + " is no class of the other collection, which has "
                + others);
      }
    }
    return classes;
  }

  /**
   * Names for numbers.
   *
   * @param where what holds the numbers, for the message
   * @param count one more than the highest number
   * @param file names by number, one a line; may be missing
   * @param others classes of the other collection; empty without one
   * @throws IOException if there are more numbers than names, or other names than the other
   *     collection has
   */
  static Classes numbered(String where, int count, String file, List<String> others)
      throws IOException {
    List<String> names = new ArrayList<>();
    String source = file;
    if (Storage.exists(file)) {
      lines(file).stream().filter(s -> !s.isBlank()).forEach(names::add);
      if (!others.isEmpty() && !others.equals(names)) {
        throw new IOException(
            file + ": classes " + names + ", but those of the other collection are " + others);
      }
    } else if (!others.isEmpty()) {
      names.addAll(others);
      source = "the other collection";
    } else {
      for (int c = 0; c < count; c++) {
        names.add(Integer.toString(c));
      }
    }
    return named(where, count, source, names);
  }

  /**
   * Names in the order of their numbers.
   *
   * @param where what holds the numbers, for the message
   * @param count one more than the highest number
   * @param source what holds the names
   * @throws IOException if there are more numbers than names
   */
  static Classes named(String where, int count, String source, List<String> names)
      throws IOException {
    if (count > names.size()) {
      throw new IOException(
          where
              + ": holds label "
              + (count - 1)
              + ", but "
              + source
              + " names "
              + names.size()
              + " classes; labels must be 0.."
              + (names.size() - 1));
    }
    return new Classes(names);
  }

  /** Lines of a text file in UTF-8. */
  static List<String> lines(String path) throws IOException {
    try (InputStream in = Storage.open(path, 0)) {
      return new String(in.readAllBytes(), UTF_8).lines().toList();
    }
  }

  List<String> names() {
    return names;
  }

  Label label(String name) {
    return new Label(indices.get(name), name);
  }

  Label label(int index) {
    return new Label(index, names.get(index));
  }
}
