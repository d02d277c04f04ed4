package org.deepercluster.pipelines.experiment;

import java.util.Locale;
import java.util.stream.Collectors;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.Setting;
import org.deepercluster.stages.ingest.DataConfig;

/** Writes the schema as Markdown: one table per section. */
final class SettingsTable {
  private SettingsTable() {}

  /** The whole schema. */
  static String markdown() {
    StringBuilder text = new StringBuilder();
    section("Top level", "", Schema.of(Experiment.class), text, false);
    return text.toString();
  }

  /**
   * One section at the top of the schema, with those inside it; collections of images inside it are
   * left to the page of ingestion.
   */
  static String markdown(String section) {
    Setting setting =
        Schema.of(Experiment.class).components().stream()
            .filter(component -> component.path().equals(section))
            .findFirst()
            .orElseThrow();
    StringBuilder text = new StringBuilder();
    section("`" + section + "`", "", setting.schema(), text, true);
    return text.toString();
  }

  private static void section(
      String title, String doc, Schema schema, StringBuilder text, boolean page) {
    text.append("\n### ").append(title).append("\n\n");
    if (!doc.isEmpty()) {
      text.append(doc).append("\n\n");
    }
    rows(schema, text, page);
    for (Setting setting : schema.components()) {
      if (setting.type() == Setting.Type.SECTION && !(page && isCollection(setting))) {
        section("`" + setting.path() + "`", setting.key().doc(), setting.schema(), text, page);
      }
    }
  }

  /**
   * The table of a protocol's settings alone, without a heading; crops and flips are left to the
   * page of augmentation.
   */
  static String rows(Schema schema) {
    StringBuilder text = new StringBuilder();
    rows(schema, text, true);
    return text.toString().replace("](#augment)", "](../augment.md#augment)");
  }

  private static void rows(Schema schema, StringBuilder text, boolean page) {
    text.append("| Key | Symbol | Type | Default | Range | Meaning |\n|---|---|---|---|---|---|\n");
    for (Setting setting : schema.components()) {
      boolean section = setting.type() == Setting.Type.SECTION;
      String name = "`" + setting.name() + "`";
      String link = page && isCollection(setting) ? "ingest.md#data" : "#" + anchor(setting.path());
      text.append("| ")
          .append(section ? "[" + name + "](" + link + ")" : name)
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
  }

  private static boolean isCollection(Setting setting) {
    return setting.valueType() == DataConfig.class;
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
        : setting.words().stream()
            .map(word -> "`" + word.replace("|", "\\|") + "`")
            .collect(Collectors.joining(", "));
  }
}
