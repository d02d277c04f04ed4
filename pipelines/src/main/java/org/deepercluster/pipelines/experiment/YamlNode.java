package org.deepercluster.pipelines.experiment;

import java.util.LinkedHashMap;
import java.util.List;

/** A YAML document as far as an experiment needs it: values that know where they stand. */
sealed interface YamlNode {
  Location location();

  /** What a reader would call it. */
  String kind();

  /**
   * A single value.
   *
   * @param plain written without quotes
   */
  record Scalar(String text, boolean plain, Location location) implements YamlNode {
    boolean isNull() {
      return plain && (text.equals("~") || text.equalsIgnoreCase("null"));
    }

    boolean isEmpty() {
      return plain && text.isEmpty();
    }

    @Override
    public String kind() {
      return plain ? text : "the text \"" + text + "\"";
    }
  }

  /** A list; only {@code evaluation.protocols} takes one. */
  record Sequence(List<YamlNode> items, Location location) implements YamlNode {
    @Override
    public String kind() {
      return "a list";
    }
  }

  /** A section. */
  record Section(LinkedHashMap<String, Entry> entries, Location location) implements YamlNode {
    @Override
    public String kind() {
      return "a section";
    }
  }

  /** One line of a section: where its key stands, and the value. */
  record Entry(Location keyLocation, YamlNode value) {}
}
