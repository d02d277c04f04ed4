package org.deepercluster.pipelines.cli;

import java.nio.file.Path;
import java.util.Map;

/** Folders of the user's own, by the XDG base directory specification. */
final class UserFolders {
  private UserFolders() {}

  /** For logs and journals. */
  static Path state() {
    return state(System.getenv());
  }

  static Path state(Map<String, String> env) {
    String base = env.getOrDefault("XDG_STATE_HOME", "");
    Path root =
        base.isEmpty() || !Path.of(base).isAbsolute()
            ? Path.of(env.getOrDefault("HOME", System.getProperty("user.home")), ".local", "state")
            : Path.of(base);
    return root.resolve("deepercluster");
  }

  /** Journals of all that was logged, one folder per run. */
  static Path journals() {
    return state().resolve("tracking");
  }

  /** Weights of registered models that were evaluated. */
  static Path models() {
    return state().resolve("models");
  }
}
