package org.deepercluster.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.evaluate.EvaluateConfig;
import org.deepercluster.stages.evaluate.Protocol;
import org.deepercluster.stages.evaluate.Protocols;
import org.deepercluster.stages.evaluate.Published;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The protocols' files: read, listed and documented; and how an experiment names them. */
class ProtocolFilesTest {
  private static final Path FOLDER = Path.of("../experiments/evaluation");
  private static final Path PAGES = Path.of("../stages/docs/evaluation");
  private static final String END = "<!-- settings:end -->";
  private static final String COMMAND =
      "mvn -pl pipelines -am test -Dtest=ProtocolFilesTest"
          + " -Dsurefire.failIfNoSpecifiedTests=false -DwriteDocs=true";

  @TempDir Path folder;

  @BeforeEach
  void collections() throws IOException {
    Files.createDirectories(folder.resolve("photos"));
    Files.createDirectories(folder.resolve("other"));
  }

  static List<String> names() {
    return ProtocolFiles.NAMES;
  }

  static List<String> types() {
    return List.copyOf(Protocol.TYPES.keySet());
  }

  @Test
  void everyFileIsListed() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      assertThat(ProtocolFiles.NAMES)
          .containsExactlyElementsOf(
              files
                  .map(f -> f.getFileName().toString().replaceFirst("\\.yaml$", ""))
                  .sorted()
                  .toList());
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void aFileIsRead(String name) throws IOException {
    Protocols.Named protocol = read(listed(name)).get(0);
    assertThat(protocol.name()).isEqualTo(name);
    assertThat(protocol.data().train()).isNull();
    List<String> said =
        Files.readAllLines(FOLDER.resolve(name + ".yaml")).stream()
            .filter(line -> line.matches("[A-Za-z]+:.*"))
            .map(line -> line.replaceFirst(":.*", ""))
            .toList();
    assertThat(said)
        .containsAll(
            Schema.values((Record) protocol.settings()).keySet().stream()
                .filter(setting -> !setting.required())
                .map(setting -> setting.path().replaceFirst("\\..*", "")) // a section as a whole
                .filter(
                    key ->
                        !protocol.data().type().equals("linear")
                            || !List.of("folds", "augment", "keepEvery").contains(key))
                .toList());
    assertThat(ProtocolFiles.description(name)).isNotBlank();
  }

  @ParameterizedTest
  @MethodSource("names")
  void aFileIsDocumented(String name) throws IOException {
    assertThat(Files.readString(Path.of("../experiments/README.md")))
        .contains("`" + name + ".yaml`");
    String type = read(listed(name)).get(0).data().type();
    assertThat(Files.readString(page(type))).contains("`" + name + "`").contains("Source");
  }

  @ParameterizedTest
  @MethodSource("types")
  void aPageHasTheTypesSettings(String type) throws IOException {
    Path page = page(type);
    String text = Files.readString(page);
    String begin = "<!-- settings:begin protocol " + type + " (";
    assertThat(text).contains(begin);
    int from = text.indexOf('\n', text.indexOf(begin)) + 1;
    String expected =
        text.substring(0, from)
            + SettingsTable.rows(Schema.of(Protocol.TYPES.get(type)))
            + text.substring(text.indexOf(END, from));
    if (Boolean.getBoolean("writeDocs")) {
      Files.writeString(page, expected);
    }
    assertThat(Files.readString(page))
        .as("%s differs from the configuration record; regenerate it with\n%s\n", page, COMMAND)
        .isEqualTo(expected);
  }

  @Test
  void publishedFiguresNameTheirSource() {
    assertThat(Published.all())
        .isNotEmpty()
        .allSatisfy(
            p -> {
              assertThat(p.source()).containsAnyOf("ICCV", "CVPR", "ECCV", "ICLR");
              assertThat(p.value()).isBetween(0.0, 100.0);
              assertThat(p.method()).isNotBlank();
            });
  }

  @Test
  void aListHasNamesAndSectionsWithChangesAndImages() throws IOException {
    List<Protocols.Named> all =
        read(
            "[knn, {protocol: knn, name: one, neighbours: 1}, {protocol: linear, epochs: 7,"
                + " test: {format: images, path: other, labels: folders, limit: 5}}]");
    assertThat(all).extracting(Protocols.Named::name).containsExactly("knn", "one", "linear");
    assertThat(((EvaluateConfig.Knn) all.get(0).settings()).neighbours()).isEqualTo(20);
    assertThat(((EvaluateConfig.Knn) all.get(1).settings()).neighbours()).isEqualTo(1);
    assertThat(((EvaluateConfig.Linear) all.get(2).settings()).epochs()).isEqualTo(7);
    assertThat(all.get(2).data().test().path()).isEqualTo(folder.resolve("other").toString());
    assertThat(all.get(2).data().train()).isNull();
  }

  /** As of voc07-linear, whose file says {@code format: voc, split: trainval}. */
  @Test
  void whatAFileSaysOfACollectionIsForItsFormat() throws IOException {
    List<Protocols.Named> all =
        read(
            "[{protocol: voc07-linear, train: {path: other}, test: {path: other, split: val}},"
                + " {protocol: voc07-linear, name: mine,"
                + " train: {format: images, path: other, labels: folders}, test: {path: other}}]");
    assertThat(all.get(0).data().train().split()).isEqualTo("trainval");
    assertThat(all.get(0).data().test().split()).isEqualTo("val");
    assertThat(all.get(1).data().train().format()).isEqualTo("images");
    assertThat(all.get(1).data().train().split()).isNull();
    assertThat(all.get(1).data().test().split()).isEqualTo("test");
  }

  @Test
  void pathsOfListsAreRelativeToTheFile() throws IOException {
    List<Protocols.Named> all =
        read(
            "[{protocol: imagenet-semi-1, labelled: some.txt}, {protocol: retrieval, groundTruth:"
                + " lists}]");
    assertThat(all.get(0).settings().files())
        .isEqualTo(Map.of("labelled", folder.resolve("some.txt").toString()));
    assertThat(all.get(1).settings().files())
        .isEqualTo(Map.of("groundTruth", folder.resolve("lists").toString()));
  }

  /** What a run keeps as experiment.yaml is the same experiment. */
  @Test
  void theCanonicalFormIsReadAsTheSame() throws IOException {
    Experiment e =
        experiment("[knn, {protocol: knn, name: one, neighbours: 1}, voc07-svm, voc07-lowshot]");
    Path again = folder.resolve("again.yaml");
    Files.writeString(again, e.toYaml());
    Experiment second = ExperimentReader.read(again, List.of(), Map.of());
    assertThat(second).isEqualTo(e);
    assertThat(second.digest()).isEqualTo(e.digest());
    assertThat(e.flatten()).containsEntry("evaluation.protocols.one.neighbours", "1");
  }

  @Test
  void faultsNameThePlace() {
    assertFault(
        "[nearest]", "there is no protocol nearest; there are clusters, imagenet-finetune,");
    assertFault("[knn, knn]", "two protocols called knn: give one another `name`");
    assertFault("[{neighbours: 3}]", "a name, or a section with the key `protocol`");
    assertFault("[]", "evaluation.protocols is empty");
    assertFault("3", "evaluation.protocols must be a list of names or sections, got 3");
    assertFault("[{protocol: knn, neighbour: 3}]", "did you mean `neighbours`?");
    assertFault(
        "[{protocol: knn, neighbours: 0}]",
        "evaluation.protocols.knn.neighbours must be a whole number from 1 to 100000, got 0");
    assertFault(
        "[{protocol: linear, folds: 3}]",
        "evaluation.protocols.linear.foldLrs is missing: folds = 3 needs learning rates");
    assertFault("{mine: {type: k}}", "evaluation.protocols.mine.type must be one of linear,");
    assertFault(
        "[knn]\n  knn: {neighbours: 3}",
        "evaluation.knn must be left out where evaluation.protocols says what to measure");
  }

  private void assertFault(String protocols, String message) {
    assertThatThrownBy(() -> experiment(protocols))
        .isInstanceOf(InvalidExperimentException.class)
        .hasMessageContaining(message);
  }

  /** A list with the protocol alone, and what it cannot do without. */
  private static String listed(String name) {
    return name.equals("retrieval")
        ? "[{protocol: retrieval, groundTruth: lists}]"
        : "[" + name + "]";
  }

  private List<Protocols.Named> read(String protocols) throws IOException {
    return experiment(protocols).evaluation().protocols().all();
  }

  private Experiment experiment(String protocols) throws IOException {
    Path yaml = folder.resolve("e.yaml");
    Files.writeString(
        yaml,
        """
        name: e
        method: random
        model: {trunk: vgg-small, imageSize: 28}
        evaluation:
          train: {format: images, path: photos, labels: folders}
          test: {format: images, path: photos, labels: folders}
          protocols: %s
        """
            .formatted(protocols));
    return ExperimentReader.read(yaml, List.of(), Map.of());
  }

  /** The page of a type: its own, or that of the type it extends. */
  private static Path page(String type) {
    return Stream.of(type, type.replaceFirst("-.*", ""))
        .map(name -> PAGES.resolve(name + ".md"))
        .filter(Files::exists)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no page for " + type + " in " + PAGES));
  }

  /** Or of a form of one: linear-augmented. */
  @Test
  void everyPageIsOfAType() throws IOException {
    try (Stream<Path> files = Files.list(PAGES)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .isNotEmpty()
          .allSatisfy(
              name ->
                  assertThat(types())
                      .anyMatch(type -> name.equals(type + ".md") || name.startsWith(type + "-")));
    }
  }
}
