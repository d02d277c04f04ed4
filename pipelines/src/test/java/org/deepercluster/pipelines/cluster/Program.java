package org.deepercluster.pipelines.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A program started as a user would, with what it prints. */
final class Program {
  /** The project's folder. */
  static final Path HOME = Path.of("").toAbsolutePath().getParent();

  private final Process process;
  private final BufferedReader reader;
  private final List<String> lines = new ArrayList<>();

  private Program(Process process) {
    this.process = process;
    this.reader = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
  }

  /**
   * Starts a program below the project's folder.
   *
   * @param state folder for logs and process ids
   * @param words the command, relative to the project's folder, and its options
   */
  static Program start(Path state, Object... words) throws IOException {
    return start(state, Map.of(), words);
  }

  /** The same with more in its environment. */
  static Program start(Path state, Map<String, String> environment, Object... words)
      throws IOException {
    List<String> command = new ArrayList<>();
    for (Object w : words) {
      command.add(w.toString());
    }
    command.set(0, HOME.resolve(command.get(0)).toString());
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(HOME.toFile()).redirectErrorStream(true);
    builder.environment().put("XDG_STATE_HOME", state.toString());
    builder.environment().put("DEEPERCLUSTER_NO_BUILD", "1");
    builder.environment().putAll(environment);
    builder.redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")));
    return new Program(builder.start());
  }

  /** Ends it, and what it started, as a power cut would. */
  void kill() throws InterruptedException {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor();
  }

  /** Runs to the end. */
  static Program run(Path state, Object... words) throws IOException, InterruptedException {
    return run(state, Map.of(), words);
  }

  /** The same with more in its environment. */
  static Program run(Path state, Map<String, String> environment, Object... words)
      throws IOException, InterruptedException {
    Program p = start(state, environment, words);
    p.await();
    return p;
  }

  /** Reads until a line holds, and gives it; fails when the program ends before. */
  String until(Predicate<String> holds) throws IOException {
    String line;
    while ((line = reader.readLine()) != null) {
      lines.add(line);
      if (holds.test(line)) {
        return line;
      }
    }
    throw new AssertionError("the program ended; it printed\n" + output());
  }

  /** Waits for the end and gives the exit code. */
  int await() throws IOException, InterruptedException {
    String line;
    while ((line = reader.readLine()) != null) {
      lines.add(line);
    }
    if (!process.waitFor(1, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError("it closed its output but did not end\n" + output());
    }
    return process.exitValue();
  }

  /** All that it printed so far. */
  String output() {
    return String.join("\n", lines);
  }

  List<String> lines() {
    return lines;
  }
}
