package org.deepercluster.pipelines.experiment;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The protocols with published settings: the files of {@code experiments/evaluation}. */
public final class ProtocolFiles {
  /** Their names, in the order in which they are listed. */
  public static final List<String> NAMES =
      List.of(
          "knn",
          "lowshot",
          "linear",
          "voc07-svm",
          "voc07-lowshot",
          "voc07-fc68",
          "voc07-all",
          "voc07-linear",
          "imagenet-linear",
          "places205-linear",
          "imagenet-finetune",
          "imagenet-semi-1",
          "imagenet-semi-10");

  private ProtocolFiles() {}

  /**
   * What the file says of itself: the comment at its beginning.
   *
   * @param name one of {@link #NAMES}
   */
  public static String description(String name) {
    return text(name)
        .lines()
        .takeWhile(line -> line.startsWith("#"))
        .map(line -> line.replaceFirst("^# ?", ""))
        .collect(Collectors.joining("\n"));
  }

  /**
   * What the file says of a collection of images, such as its format: settings by key.
   *
   * @param name one of {@link #NAMES}
   * @param collection {@code train} or {@code test}
   */
  public static Map<String, String> collection(String name, String collection) {
    Map<String, String> settings = new LinkedHashMap<>();
    YamlNode.Entry section = read(name, new Faults()).orElseThrow().entries().get(collection);
    if (section != null && section.value() instanceof YamlNode.Section s) {
      s.entries().forEach((key, e) -> settings.put(key, ((YamlNode.Scalar) e.value()).text()));
    }
    return settings;
  }

  /** A file's settings, or empty where there is no such file. */
  static Optional<YamlNode.Section> read(String name, Faults faults) {
    if (!NAMES.contains(name)) {
      return Optional.empty();
    }
    String file = "experiments/evaluation/" + name + ".yaml";
    YamlNode node =
        YamlParser.parse(
            text(name), Location.inFile(file, 1, 1), mark -> Location.inFile(file, mark), faults);
    return Optional.of((YamlNode.Section) node);
  }

  private static String text(String name) {
    try (InputStream in =
        ProtocolFiles.class.getResourceAsStream("/evaluation/" + name + ".yaml")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
