package org.deepercluster.pipelines.experiment;

import java.util.Locale;
import java.util.stream.Collectors;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.Setting;

/** Writes the schema as Markdown: one table per section. */
final class SettingsTable {
  private SettingsTable() {}

  static String markdown() {
    StringBuilder text = new StringBuilder();
    section("Top level", "", Schema.of(Experiment.class), text);
    return text.toString();
  }

  private static void section(String title, String doc, Schema schema, StringBuilder text) {
    text.append("\n### ").append(title).append("\n\n");
    if (!doc.isEmpty()) {
      text.append(doc).append("\n\n");
    }
    text.append("| Key | Symbol | Type | Default | Range | Meaning |\n|---|---|---|---|---|---|\n");
    for (Setting setting : schema.components()) {
      boolean section = setting.type() == Setting.Type.SECTION;
      String name = "`" + setting.name() + "`";
      text.append("| ")
          .append(section ? "[" + name + "](#" + anchor(setting.path()) + ")" : name)
          .append(" | ")
          .append(setting.key().symbol())
          .append(" | ")
          .append(setting.type().words())
          .append(" | ")
          .append(defaultOf(setting))
          .append(" | ")
          .append(range(setting))
          .append(" | ")
          .append(setting.key().doc())
          .append(" |\n");
    }
    for (Setting setting : schema.components()) {
      if (setting.type() == Setting.Type.SECTION) {
        section("`" + setting.path() + "`", setting.key().doc(), setting.schema(), text);
      }
    }
  }

  private static String anchor(String path) {
    return path.replace(".", "").toLowerCase(Locale.ROOT);
  }

  private static String defaultOf(Setting setting) {
    return switch (setting.key().def()) {
      case Key.REQUIRED -> "*required*";
      case Key.NONE -> "*none*";
      case "{}" -> "its defaults";
      default -> "`" + Setting.text(setting.defaultValue()) + "`";
    };
  }

  private static String range(Setting setting) {
    return setting.words().isEmpty()
        ? setting.range()
        : setting.words().stream().map(word -> "`" + word + "`").collect(Collectors.joining(", "));
  }
}
