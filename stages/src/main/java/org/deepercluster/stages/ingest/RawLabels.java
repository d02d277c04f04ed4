package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Labels as a collection's author wrote them: when all are whole numbers they are the classes'
 * numbers, −1 meaning none; else they are the classes' names.
 */
final class RawLabels {
  private static final int MAX_CLASSES = 1_000_000;

  private final Set<String> values = new LinkedHashSet<>();
  private final List<String[]> rows = new ArrayList<>();

  /** Labels of the next image. */
  void add(String... labels) {
    rows.add(labels);
    for (String label : labels) {
      values.add(label);
    }
  }

  /**
   * The classes.
   *
   * @param where the collection, for messages
   * @param classesFile names of numbered classes, one a line; may be missing
   * @param others classes of the other collection; empty without one
   */
  Classes classes(String where, String classesFile, List<String> others) throws IOException {
    if (values.isEmpty()) {
      throw new IOException(where + ": no image has a label; leave labels out, or name another");
    }
    if (!numbers()) {
      return Classes.sorted(where, values, others);
    }
    int count = 0;
    for (String value : values) {
      long number = Long.parseLong(value);
      if (number >= MAX_CLASSES) {
        throw new IOException(
            where + ": holds label " + value + "; labels must be below " + MAX_CLASSES);
      }
      count = Math.max(count, (int) number + 1);
    }
    return Classes.numbered(where, count, classesFile, others);
  }

  /** Labels of each image, in the order in which they were added. */
  List<List<Label>> labels(Classes classes) {
    boolean numbers = numbers();
    List<List<Label>> all = new ArrayList<>();
    for (String[] row : rows) {
      List<Label> labels = new ArrayList<>();
      for (String value : row) {
        if (!numbers) {
          labels.add(classes.label(value));
        } else if (!value.equals("-1")) {
          labels.add(classes.label(Integer.parseInt(value)));
        }
      }
      all.add(labels.stream().distinct().toList());
    }
    return all;
  }

  private boolean numbers() {
    return values.stream().allMatch(v -> v.matches("-1|\\d{1,9}"));
  }
}
