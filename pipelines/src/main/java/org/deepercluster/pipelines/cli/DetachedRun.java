package org.deepercluster.pipelines.cli;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.deepercluster.stages.table.Json;

/**
 * A second process of this program that runs an experiment and stays when this one and its terminal
 * are gone.
 *
 * @param process the process
 * @param output file with what it prints
 * @param begun what it has announced; null when it ended before
 */
record DetachedRun(Process process, Path output, Announcement begun) {
  private static final long POLL_MILLIS = 100;

  /**
   * Which run a process works on.
   *
   * @param run its id
   * @param directory URI of its folder
   */
  record Announcement(
      @JsonProperty("run") String run, @JsonProperty("directory") String directory) {}

  /**
   * Starts {@code run} with the same Java, options and class path as this process, and waits until
   * it has taken the run or has ended.
   *
   * @param folder for its output
   * @param arguments of {@code run}
   */
  static DetachedRun start(Path folder, List<String> arguments)
      throws IOException, InterruptedException {
    Files.createDirectories(folder);
    String name =
        LocalDateTime.now(ZoneId.systemDefault())
                .format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"))
            + "-"
            + UUID.randomUUID().toString().substring(0, 4);
    Path output = folder.resolve(name + ".txt");
    Path announcement = folder.resolve(name + ".json");
    List<String> command = detach(System.getenv("PATH"));
    command.addAll(thisProgram());
    command.add("run");
    command.addAll(arguments);
    command.addAll(List.of("--announce", announcement.toString()));
    Process process =
        new ProcessBuilder(command)
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    while (!Files.exists(announcement) && process.isAlive()) {
      Thread.sleep(POLL_MILLIS);
    }
    Announcement begun = null;
    if (Files.exists(announcement)) {
      begun = Json.read(announcement.toString(), Announcement.class);
      Files.delete(announcement);
    }
    return new DetachedRun(process, output, begun);
  }

  /** What, before a command, keeps the terminal's signals from it. */
  private static List<String> detach(String path) {
    List<String> prefix = new ArrayList<>();
    for (String tool : List.of("setsid", "nohup")) {
      for (String folder : path == null ? new String[0] : path.split(File.pathSeparator)) {
        Path candidate = Path.of(folder).resolve(tool);
        if (prefix.isEmpty() && Files.isExecutable(candidate)) {
          prefix.add(candidate.toString());
        }
      }
    }
    return prefix;
  }

  private static List<String> thisProgram() {
    List<String> command = new ArrayList<>();
    command.add(
        ProcessHandle.current()
            .info()
            .command()
            .orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (!option.startsWith("-javaagent") && !option.startsWith("-agentlib")) {
        command.add(option);
      }
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    return command;
  }
}
