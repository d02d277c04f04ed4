package org.deepercluster.pipelines.tracking;

import java.util.Locale;

/** MLflow's limits on names and values. */
final class Names {
  static final int MAX_KEY = 250;
  static final int MAX_PARAM_VALUE = 6000;
  static final int MAX_TAG_VALUE = 5000;
  static final int MAX_DIGEST = 36;

  private Names() {}

  /**
   * A valid name of a parameter, metric or tag. MLflow takes letters, digits and {@code _./ -}, at
   * most 250 of them, and wants a name to be a normal relative path ({@code a//b}, {@code /a},
   * {@code ..} are refused).
   */
  static String key(String key) {
    StringBuilder valid = new StringBuilder();
    for (String part : key.replaceAll("[^A-Za-z0-9_./ -]", "_").split("/")) {
      if (part.isEmpty()) {
        continue;
      }
      if (!valid.isEmpty()) {
        valid.append('/');
      }
      valid.append(part.equals(".") || part.equals("..") ? part.replace('.', '_') : part);
    }
    if (valid.isEmpty()) {
      return "_";
    }
    if (valid.length() <= MAX_KEY) {
      return valid.toString();
    }
    // keeps long names with a common beginning apart
    String mark = String.format(Locale.ROOT, "-%08x", key.hashCode());
    return valid.substring(0, MAX_KEY - mark.length()) + mark;
  }

  static String paramValue(String value) {
    return cut(value, MAX_PARAM_VALUE);
  }

  static String tagValue(String value) {
    return cut(value, MAX_TAG_VALUE);
  }

  private static String cut(String value, int max) {
    if (value.length() <= max) {
      return value;
    }
    String remark = "... (cut, " + value.length() + " characters)";
    return value.substring(0, max - remark.length()) + remark;
  }
}
