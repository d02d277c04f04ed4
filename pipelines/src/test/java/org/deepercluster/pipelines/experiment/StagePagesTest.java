package org.deepercluster.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.deepercluster.stages.augment.AugmentTables;
import org.deepercluster.stages.cluster.ClusterTables;
import org.deepercluster.stages.evaluate.EvaluateTables;
import org.deepercluster.stages.features.EmbedImages;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.table.Column;
import org.deepercluster.stages.table.TableSchema;
import org.deepercluster.stages.train.TrainTables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares the page of every stage with the stage's configuration record and tables. */
class StagePagesTest {
  private static final Path FOLDER = Path.of("../stages/docs");
  private static final String COMMAND =
      "mvn -pl pipelines -am test -Dtest=StagePagesTest"
          + " -Dsurefire.failIfNoSpecifiedTests=false -DwriteDocs=true";
  private static final String END = "<!-- settings:end -->";
  private static final Pattern HEADING = Pattern.compile("### Table `([a-z]+)`");
  private static final Pattern COLUMN =
      Pattern.compile("\\| `([a-z_]+)` \\| `([a-z0-9<>]+)` \\| (\\S.*) \\|");

  /**
   * A stage's page.
   *
   * @param file its name
   * @param section of the experiment that configures the stage, or empty
   * @param tables that it describes, in this order
   */
  record StagePage(String file, String section, List<TableSchema> tables) {
    Path path() {
      return FOLDER.resolve(file);
    }

    @Override
    public String toString() {
      return file;
    }
  }

  static List<StagePage> pages() {
    return List.of(
        new StagePage(
            "ingest.md",
            "data",
            List.of(
                IngestTables.IMAGES,
                IngestTables.REJECTS,
                IngestTables.LABELS,
                IngestTables.UNITS,
                IngestTables.DUPLICATES)),
        new StagePage("augment.md", "augment", List.of(AugmentTables.DRAWS)),
        new StagePage("features.md", "model", List.of(FeatureTables.FEATURES, EmbedImages.VECTORS)),
        new StagePage(
            "cluster.md",
            "clustering",
            List.of(
                ClusterTables.ASSIGNMENTS,
                ClusterTables.CENTROIDS,
                ClusterTables.PCA,
                ClusterTables.TRACE,
                ClusterTables.REJECTS,
                ClusterTables.ASSIGNED)),
        new StagePage("sinkhorn.md", "", List.of(ClusterTables.HEADS, ClusterTables.ITERATIONS)),
        new StagePage("train.md", "train", List.of(TrainTables.STEPS)),
        new StagePage("evaluate.md", "evaluation", List.of(EvaluateTables.RESULTS)),
        new StagePage("report.md", "", List.of()));
  }

  @ParameterizedTest
  @MethodSource("pages")
  void settingsAreThoseOfTheRecord(StagePage page) throws IOException {
    String text = Files.readString(page.path());
    if (page.section().isEmpty()) {
      assertThat(text).doesNotContain("settings:begin");
      return;
    }
    assertThat(text).contains("<!-- settings:begin " + page.section() + " (", END);
    int begin = text.indexOf('\n', text.indexOf("<!-- settings:begin")) + 1;
    String expected =
        text.substring(0, begin)
            + SettingsTable.markdown(page.section())
            + "\n"
            + text.substring(text.indexOf(END));
    if (Boolean.getBoolean("writeDocs")) {
      Files.writeString(page.path(), expected);
    }
    assertThat(Files.readString(page.path()))
        .as(
            "%s differs from the configuration record; regenerate it with\n%s\n",
            page.path(), COMMAND)
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @MethodSource("pages")
  void columnsAreThoseOfTheTables(StagePage page) throws IOException {
    List<String> expected = new ArrayList<>();
    for (TableSchema table : page.tables()) {
      expected.add("table " + table.name());
      for (Column column : table.columns()) {
        expected.add(column.name() + " " + type(column.type()));
      }
    }
    List<String> found = new ArrayList<>();
    boolean described = false;
    for (String line : Files.readAllLines(page.path())) {
      Matcher heading = HEADING.matcher(line);
      Matcher column = COLUMN.matcher(line);
      if (line.startsWith("#")) {
        described = heading.matches();
      }
      if (described && line.startsWith("#")) {
        found.add("table " + heading.group(1));
      } else if (described && column.matches()) {
        found.add(column.group(1) + " " + column.group(2));
      }
    }
    assertThat(found).as("tables described in %s", page.path()).isEqualTo(expected);
  }

  @Test
  void everyPageIsOfAStage() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .filteredOn(name -> name.endsWith(".md"))
          .containsExactlyInAnyOrderElementsOf(pages().stream().map(StagePage::file).toList());
    }
  }

  /** The types as readers of Parquet call them. */
  private static String type(Column.Type type) {
    return switch (type) {
      case STRING -> "string";
      case BYTES -> "binary";
      case INT -> "int32";
      case LONG -> "int64";
      case FLOAT -> "float";
      case DOUBLE -> "double";
      case BOOLEAN -> "boolean";
      case VECTOR -> "list<float>";
    };
  }
}
