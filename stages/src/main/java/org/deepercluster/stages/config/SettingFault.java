package org.deepercluster.stages.config;

import java.util.List;

/**
 * One thing wrong with one setting, or between several.
 *
 * @param keys dotted keys, relative to the record that found the fault; the first is the subject,
 *     the others take part in the contradiction
 * @param problem predicate on the subject: allowed range and the value got
 */
public record SettingFault(List<String> keys, String problem) {
  /** Copies the keys. */
  public SettingFault {
    keys = List.copyOf(keys);
    if (keys.isEmpty()) {
      throw new IllegalArgumentException("keys must name at least one setting, got none");
    }
  }

  /** Fault of a single setting. */
  public static SettingFault of(String key, String problem) {
    return new SettingFault(List.of(key), problem);
  }

  /** The same fault seen from the record that holds this one as {@code section}. */
  public SettingFault under(String section) {
    return new SettingFault(keys.stream().map(key -> section + "." + key).toList(), problem);
  }

  /** Subject and problem in one line. */
  public String message() {
    return keys.get(0) + " " + problem;
  }
}
