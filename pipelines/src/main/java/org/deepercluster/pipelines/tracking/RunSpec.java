package org.deepercluster.pipelines.tracking;

import java.time.Instant;
import java.util.Map;
import java.util.Objects;

/**
 * What a tracked run is started with.
 *
 * @param name name shown in MLflow
 * @param parentKey key of the run that this one is nested in, or null
 * @param key identity of the run, the same after a crash and resume, such as {@code <run id>/<stage
 *     instance>}: a run that has it is continued, never created again. 1 to 250 characters, without
 *     quotes, backslashes and control characters
 * @param tags further tags; {@code mlflow.user} is filled in where it is missing, {@code
 *     mlflow.note.content} is the run's description in Markdown
 * @param startTime when it started
 */
public record RunSpec(
    String name, String parentKey, String key, Map<String, String> tags, Instant startTime) {
  public RunSpec {
    Objects.requireNonNull(name, "name");
    checkKey(key);
    if (parentKey != null) {
      checkKey(parentKey);
    }
    tags = Map.copyOf(tags);
    Objects.requireNonNull(startTime, "startTime");
  }

  /** A run that is nested in no other. */
  public static RunSpec root(String name, String key, Map<String, String> tags, Instant startTime) {
    return new RunSpec(name, null, key, tags, startTime);
  }

  /** A run nested in {@code parent}. */
  public static RunSpec childOf(
      TrackedRun parent, String name, String key, Map<String, String> tags, Instant startTime) {
    return new RunSpec(name, parent.key(), key, tags, startTime);
  }

  private static void checkKey(String key) {
    boolean valid =
        key != null
            && !key.isEmpty()
            && key.length() <= 250
            && key.chars().noneMatch(c -> c == '\'' || c == '"' || c == '`' || c == '\\' || c < 32);
    if (!valid) {
      throw new IllegalArgumentException(
          "key of a tracked run must have 1 to 250 characters, without quotes, backslashes and"
              + " control characters; got: "
              + key);
    }
  }
}
