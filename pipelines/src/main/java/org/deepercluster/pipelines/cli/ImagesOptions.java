package org.deepercluster.pipelines.cli;

import picocli.CommandLine.Option;

/** How the images are read that a command works on, and how it reports. */
final class ImagesOptions {
  @Option(
      names = "--format",
      paramLabel = "F",
      description = "Layout of PATH, as data.format; default: what is found there.")
  String format;

  @Option(
      names = "--split",
      paramLabel = "S",
      description = "Which part, as data.split, where PATH is published in parts.")
  String split;

  @Option(
      names = "--parallelism",
      paramLabel = "N",
      defaultValue = "2",
      description = "Units that are worked on side by side; default ${DEFAULT-VALUE}.")
  int parallelism;

  @Option(names = "--json", description = "Ends with one JSON object on standard output.")
  boolean json;

  /** A place, absolute unless it is an address. */
  static String absolute(String place) {
    return place.contains("://")
        ? place
        : java.nio.file.Path.of(place).toAbsolutePath().normalize().toString();
  }
}
