package org.deepercluster.pipelines.experiment;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeId;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * Parses YAML to {@link YamlNode}s. Anchors, aliases and merge keys work; duplicate keys, tags and
 * documents after the first are faults.
 */
final class YamlParser {
  /** Deeper than any section of an experiment; also what ends an alias that contains itself. */
  private static final int MAX_DEPTH = 6;

  private final Function<Mark, Location> places;
  private final Faults faults;
  private final Resolver resolver = new Resolver();

  private YamlParser(Function<Mark, Location> places, Faults faults) {
    this.places = places;
    this.faults = faults;
  }

  /**
   * Parses one document.
   *
   * @param start place of a fault that concerns the whole text
   * @param places where a mark in this text is
   * @param faults receives what is wrong
   * @return the document, or {@code null} if it is empty or not YAML
   */
  static YamlNode parse(
      String text, Location start, Function<Mark, Location> places, Faults faults) {
    LoaderOptions options = new LoaderOptions();
    options.setProcessComments(false);
    try {
      Node root = new Yaml(options).compose(new StringReader(text));
      return root == null ? null : new YamlParser(places, faults).convert(root, 0);
    } catch (MarkedYAMLException e) {
      Mark mark = e.getProblemMark() == null ? e.getContextMark() : e.getProblemMark();
      String context = e.getContext() == null ? "" : " (" + e.getContext() + ")";
      String hint =
          e.getProblem() != null && e.getProblem().contains("'\\t(TAB)'")
              ? ": indent with spaces"
              : "";
      faults.add(
          mark == null ? start : places.apply(mark),
          "not valid YAML: " + e.getProblem() + context + hint);
    } catch (ReaderException e) {
      String before = text.substring(0, Math.min(e.getPosition(), text.length()));
      int line = (int) before.chars().filter(c -> c == '\n').count();
      int column = before.length() - before.lastIndexOf('\n') - 1;
      Mark mark = new Mark("", 0, line, column, new int[0], 0);
      faults.add(
          places.apply(mark),
          String.format("not valid YAML: the character U+%04X is not allowed", e.getCodePoint()));
    } catch (YAMLException e) {
      faults.add(start, "not valid YAML: " + e.getMessage());
    }
    return null;
  }

  private YamlNode convert(Node node, int depth) {
    Location location = places.apply(node.getStartMark());
    if (depth > MAX_DEPTH) {
      faults.add(location, "nested more deeply than any setting");
      return new YamlNode.Scalar("", true, location);
    }
    checkTag(node, location);
    if (node instanceof ScalarNode scalar) {
      return new YamlNode.Scalar(scalar.getValue(), scalar.isPlain(), location);
    }
    if (node instanceof MappingNode mapping) {
      return new YamlNode.Section(entries(mapping, depth), location);
    }
    List<YamlNode> items = new ArrayList<>();
    for (Node item : ((SequenceNode) node).getValue()) {
      items.add(convert(item, depth + 1));
    }
    return new YamlNode.Sequence(items, location);
  }

  private void checkTag(Node node, Location location) {
    Tag implicit =
        node instanceof ScalarNode scalar
            ? resolver.resolve(NodeId.scalar, scalar.getValue(), scalar.isPlain())
            : node.getNodeId() == NodeId.mapping ? Tag.MAP : Tag.SEQ;
    if (!node.getTag().equals(implicit)) {
      faults.add(location, "the tag " + shown(node.getTag()) + " is not supported: remove it");
    }
  }

  private static String shown(Tag tag) {
    return tag.getValue().replace(Tag.PREFIX, "!!");
  }

  private LinkedHashMap<String, YamlNode.Entry> entries(MappingNode mapping, int depth) {
    LinkedHashMap<String, YamlNode.Entry> entries = new LinkedHashMap<>();
    List<Node> merged = new ArrayList<>();
    for (NodeTuple tuple : mapping.getValue()) {
      Location keyLocation = places.apply(tuple.getKeyNode().getStartMark());
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        faults.add(keyLocation, "a key must be a word, got a list or a section");
        continue;
      }
      if (key.getTag().equals(Tag.MERGE)) {
        merged.add(tuple.getValueNode());
        continue;
      }
      YamlNode.Entry first = entries.get(key.getValue());
      if (first != null) {
        faults.add(
            keyLocation,
            "duplicate key `" + key.getValue() + "`, first given at " + first.keyLocation().text());
        continue;
      }
      entries.put(
          key.getValue(),
          new YamlNode.Entry(keyLocation, convert(tuple.getValueNode(), depth + 1)));
    }
    for (Node source : merged) {
      merge(source, entries, depth);
    }
    return entries;
  }

  /** Adds the keys of a merge ({@code <<: *anchor}) that the section does not give itself. */
  private void merge(Node source, LinkedHashMap<String, YamlNode.Entry> entries, int depth) {
    if (source instanceof SequenceNode several && depth < MAX_DEPTH) {
      several.getValue().forEach(each -> merge(each, entries, depth + 1));
    } else if (convert(source, depth + 1) instanceof YamlNode.Section section) {
      section.entries().forEach(entries::putIfAbsent);
    } else {
      faults.add(places.apply(source.getStartMark()), "only a section can be merged with <<");
    }
  }
}
