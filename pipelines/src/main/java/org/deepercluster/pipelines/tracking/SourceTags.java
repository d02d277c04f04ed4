package org.deepercluster.pipelines.tracking;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** MLflow's tags on the code that a run was made with. */
public final class SourceTags {
  private SourceTags() {}

  /**
   * The tags {@code mlflow.source.name}, {@code mlflow.source.type} and, in a Git working tree with
   * Git installed, {@code mlflow.source.git.commit}; {@code source.modified} is {@code true} when
   * tracked files differ from the commit.
   *
   * @param name what was started, such as {@code experiments/quickstart.yaml}
   * @param workingTree any folder of the working tree
   */
  public static Map<String, String> of(String name, Path workingTree) {
    Map<String, String> tags = new TreeMap<>();
    tags.put("mlflow.source.name", name);
    tags.put("mlflow.source.type", "LOCAL");
    String commit = git(workingTree, "rev-parse", "HEAD");
    if (commit != null) {
      tags.put("mlflow.source.git.commit", commit);
      String changes = git(workingTree, "status", "--porcelain", "--untracked-files=no");
      tags.put("source.modified", String.valueOf(changes != null && !changes.isEmpty()));
    }
    return tags;
  }

  private static String git(Path directory, String... arguments) {
    String[] command = new String[arguments.length + 3];
    command[0] = "git";
    command[1] = "-C";
    command[2] = directory.toString();
    System.arraycopy(arguments, 0, command, 3, arguments.length);
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
              .start();
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      boolean ended = process.waitFor(10, TimeUnit.SECONDS);
      return ended && process.exitValue() == 0 ? output : null;
    } catch (IOException e) {
      return null; // Git is not installed
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }
}
