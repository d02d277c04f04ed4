package org.deepercluster.pipelines.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import org.deepercluster.pipelines.experiment.InvalidExperimentException;
import org.deepercluster.pipelines.run.InfrastructureException;
import org.deepercluster.pipelines.run.RunCancelledException;
import org.deepercluster.stages.config.InvalidSettingsException;
import org.deepercluster.storage.StorageException;
import org.slf4j.LoggerFactory;

/** The terminal: what it can show, and how errors are said. */
final class Console {
  static final int DONE = 0;
  static final int STAGE_FAILED = 1;
  static final int BAD_CONFIGURATION = 2;
  static final int INFRASTRUCTURE = 3;

  private final Path log;
  private final boolean terminal;
  private final boolean color;

  @SuppressWarnings(
      "SystemConsoleNull") // on the Java 17 that is supported it is null without a terminal
  Console(Path log) {
    this(log, System.console() != null && !"dumb".equals(System.getenv("TERM")), System.getenv());
  }

  Console(Path log, boolean terminal, Map<String, String> env) {
    this.log = log;
    this.terminal = terminal;
    this.color = terminal && env.getOrDefault("NO_COLOR", "").isEmpty();
  }

  /** Whether lines can be redrawn. */
  boolean terminal() {
    return terminal;
  }

  /** Whether colours are wanted. */
  boolean color() {
    return color;
  }

  /** Where a command's results go. */
  PrintStream out() {
    return System.out;
  }

  /** Where progress and remarks go when results are read by a program. */
  PrintStream err() {
    return System.err;
  }

  /** Says what went wrong, in words for the user, and gives the exit code. */
  int failure(Exception e) {
    PrintStream err = err();
    if (e instanceof RunCancelledException) {
      err.println("\n" + e.getMessage());
      return STAGE_FAILED;
    }
    LoggerFactory.getLogger(Console.class).error("failed", e);
    if (e instanceof InvalidExperimentException || e instanceof InvalidSettingsException) {
      err.println(e.getMessage());
      return BAD_CONFIGURATION;
    }
    err.println();
    if (e instanceof InfrastructureException || e instanceof StorageException) {
      err.println("Error: " + e.getMessage());
      err.println("Log: " + log);
      return INFRASTRUCTURE;
    }
    String message = e.getMessage();
    err.println("Error: " + (message == null ? e.toString() : message));
    if (!(e instanceof IOException) && message == null) {
      err.println(e);
    }
    err.println("Log: " + log);
    return STAGE_FAILED;
  }
}
