package org.deepercluster.pipelines.experiment;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The protocols with published settings: the files of {@code experiments/evaluation}. */
public final class ProtocolFiles {
  private static final String FOLDER = "/evaluation";
  private static final String ENDING = ".yaml";

  /** Their names, sorted. */
  public static final List<String> NAMES = names();

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

  /** The files of the folder, which lies in a jar or, in tests, on the disk. */
  private static List<String> names() {
    try {
      URI folder = ProtocolFiles.class.getResource(FOLDER).toURI();
      if (!folder.getScheme().equals("jar")) {
        return names(Path.of(folder));
      }
      // of its own, since it is closed: another may have the file system that the JVM shares
      String jar = folder.getRawSchemeSpecificPart().replaceFirst("!.*", "");
      try (FileSystem files = FileSystems.newFileSystem(Path.of(URI.create(jar)))) {
        return names(files.getPath(FOLDER));
      }
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(ENDING))
          .map(name -> name.substring(0, name.length() - ENDING.length()))
          .sorted()
          .toList();
    }
  }

  private static String text(String name) {
    try (InputStream in = ProtocolFiles.class.getResourceAsStream(FOLDER + "/" + name + ENDING)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
