package org.deepercluster.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Reads every experiment that the repository ships. */
class ShippedExperimentsTest {
  private static final Path FOLDER = Path.of("../experiments");

  static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void isValidButForDataThatIsNotOnThisMachine(Path file) {
    try {
      Experiment experiment = ExperimentReader.read(file, List.of(), Map.of());
      assertThat(file.getFileName()).hasToString(experiment.name() + ".yaml");
    } catch (InvalidExperimentException e) {
      assertThat(file.getFileName().toString()).doesNotStartWith("quickstart");
      assertThat(e.faults())
          .allSatisfy(fault -> assertThat(fault.message()).contains(" does not exist: "));
    }
  }

  @Test
  void theQuickstartsDifferInTheirMethodAndCoverAll() throws IOException {
    List<Method> methods =
        files().stream()
            .filter(file -> file.getFileName().toString().startsWith("quickstart"))
            .map(file -> ExperimentReader.read(file, List.of(), Map.of()).method())
            .toList();
    // what `evaluate` runs has no file
    assertThat(methods)
        .containsExactlyInAnyOrderElementsOf(EnumSet.complementOf(EnumSet.of(Method.PRETRAINED)));
  }

  @ParameterizedTest
  @MethodSource("files")
  void isListedInTheReadme(Path file) throws IOException {
    assertThat(Files.readString(FOLDER.resolve("README.md")))
        .contains("| `" + file.getFileName() + "` |");
  }
}
