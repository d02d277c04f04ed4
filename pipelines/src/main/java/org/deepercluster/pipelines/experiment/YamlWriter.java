package org.deepercluster.pipelines.experiment;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.deepercluster.stages.config.Setting;

/** Writes settings as block YAML: one line per setting, two spaces per level. */
final class YamlWriter {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z/][A-Za-z0-9_./-]*");

  private YamlWriter() {}

  static String write(Map<Setting, Object> values) {
    StringBuilder yaml = new StringBuilder();
    String[] open = {};
    for (Map.Entry<Setting, Object> entry : new LinkedHashMap<>(values).entrySet()) {
      String[] parts = entry.getKey().path().split("\\.");
      int shared = 0;
      while (shared < parts.length - 1
          && shared < open.length
          && parts[shared].equals(open[shared])) {
        shared++;
      }
      for (int level = shared; level < parts.length - 1; level++) {
        yaml.append("  ".repeat(level)).append(parts[level]).append(":\n");
      }
      yaml.append("  ".repeat(parts.length - 1))
          .append(parts[parts.length - 1])
          .append(": ")
          .append(scalar(entry.getValue()))
          .append('\n');
      open = Arrays.copyOf(parts, parts.length - 1);
    }
    return yaml.toString();
  }

  private static String scalar(Object value) {
    String text = Setting.text(value);
    boolean typed = !(value instanceof String);
    boolean plain =
        PLAIN.matcher(text).matches() && !Setting.looksTyped(text) && !text.matches("(?i)null");
    return typed || plain ? text : quoted(text);
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                quoted.append('\\').appendCodePoint(c);
              } else if (c < 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0xFEFF) {
                quoted.append(String.format("\\u%04x", c));
              } else if (c == 0x2028 || c == 0x2029) {
                quoted.append(String.format("\\u%04x", c));
              } else {
                quoted.appendCodePoint(c);
              }
            });
    return quoted.append('"').toString();
  }
}
