package org.deepercluster.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deepercluster.stages.config.Schema;
import org.junit.jupiter.api.Test;

class SettingsDocTest {
  private static final Path README = Path.of("../experiments/README.md");
  private static final String COMMAND =
      "mvn -pl pipelines -am test -Dtest=SettingsDocTest"
          + " -Dsurefire.failIfNoSpecifiedTests=false -DwriteDocs=true";

  @Test
  void theTablesInTheReadmeAreThoseOfTheSchema() throws IOException {
    String readme = Files.readString(README);
    int begin = readme.indexOf('\n', readme.indexOf("<!-- settings:begin")) + 1;
    int end = readme.indexOf("<!-- settings:end -->");
    String expected =
        readme.substring(0, begin) + SettingsTable.markdown() + "\n" + readme.substring(end);
    if (Boolean.getBoolean("writeDocs")) {
      Files.writeString(README, expected);
    }
    assertThat(Files.readString(README))
        .as(
            "experiments/README.md differs from the configuration records; regenerate it with\n%s\n",
            COMMAND)
        .isEqualTo(expected);
  }

  @Test
  void everySettingSaysWhatItMeansAndHasAnAllowedDefault() {
    assertThat(Schema.of(Experiment.class).settings())
        .allSatisfy(
            setting -> {
              assertThat(setting.key().doc()).endsWith(".").doesNotContain("|");
              if (!setting.required()) {
                Object value = setting.defaultValue();
                assertThat(value == null).isEqualTo(setting.optional());
              }
            });
  }
}
