package org.deepercluster.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.deepercluster.stages.augment.AugmentConfig;
import org.deepercluster.stages.cluster.ClusterAlgorithm;
import org.deepercluster.stages.cluster.ClusterConfig;
import org.deepercluster.stages.config.Schema;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExperimentReaderTest {
  /** A valid experiment; line numbers in the tests below count from its first line. */
  private static final String VALID =
      """
      name: tiny
      method: deepercluster
      seed: 7
      data:
        format: idx
        path: images.gz
      model:
        trunk: vgg-small
        imageSize: 28
        input: gray
        width: 16
      clustering:
        m: 2
        k: 32
        pcaDim: 64
      train:
        epochs: 3
        batchSize: 64
      """;

  @TempDir Path folder;
  private Path yaml;

  @BeforeEach
  void writeData() throws IOException {
    yaml = folder.resolve("e.yaml");
    idx(folder.resolve("images.gz"), 0x803, 100);
    idx(folder.resolve("labels.gz"), 0x801, 100);
    idx(folder.resolve("labels99.gz"), 0x801, 99);
    Files.createDirectory(folder.resolve("photos"));
  }

  static void idx(Path file, int magic, int count) throws IOException {
    try (DataOutputStream out =
        new DataOutputStream(new GZIPOutputStream(Files.newOutputStream(file)))) {
      out.writeInt(magic);
      out.writeInt(count);
    }
  }

  private Experiment read(String text, String... overrides) throws IOException {
    Files.writeString(yaml, text);
    return ExperimentReader.read(yaml, List.of(overrides), Map.of(), 8);
  }

  /** The faults, one per line, with the file's folder cut off. */
  private String faults(String text, String... overrides) throws IOException {
    return faults(Map.of(), text, overrides);
  }

  private String faults(Map<String, String> env, String text, String... overrides)
      throws IOException {
    Files.writeString(yaml, text);
    InvalidExperimentException e =
        catchThrowableOfType(
            InvalidExperimentException.class,
            () -> ExperimentReader.read(yaml, List.of(overrides), env, 8));
    assertThat(e).as("the experiment is read without a fault").isNotNull();
    return e.getMessage().replace(folder + "/", "");
  }

  private static String with(String from, String to) {
    assertThat(VALID).contains(from);
    return VALID.replace(from, to);
  }

  // What a valid file becomes.

  @Test
  void readsValuesAndFillsInDefaults() throws IOException {
    Experiment e = read(VALID);
    assertThat(e.name()).isEqualTo("tiny");
    assertThat(e.method()).isEqualTo(Method.DEEPERCLUSTER);
    assertThat(e.seed()).isEqualTo(7);
    assertThat(e.data().path()).isEqualTo(folder.resolve("images.gz").toString());
    assertThat(e.data().labels()).isNull();
    assertThat(e.clustering().k()).isEqualTo(32);
    assertThat(e.clustering().reassignEvery()).isEqualTo(3);
    assertThat(e.train().lr()).isEqualTo(0.05);
    assertThat(e.augment()).isEqualTo(Schema.of(AugmentConfig.class).defaults());
    assertThat(e.evaluation()).isNull();
    assertThat(e.execution())
        .isEqualTo(
            new ExecutionConfig(
                null, 2, 8, ExecutionConfig.Keep.LAST, 5, new ExecutionConfig.Train(null)));
    assertThat(e.output()).isEqualTo("runs");
    assertThat(e.tracking()).isEqualTo(new TrackingConfig(null, TrackingConfig.Mode.SERVER));
  }

  @Test
  void givesTrainItsDefaultsWhereTheMethodTrainsAndNothingWhereItDoesNot() throws IOException {
    String data = "name: a\ndata: {format: images, path: photos}\nmethod: ";
    assertThat(read(data + "rotnet").train().epochs()).isEqualTo(100);
    assertThat(read(data + "rotnet").clustering()).isNull();
    assertThat(read(data + "random").train()).isNull();
  }

  @ParameterizedTest
  @CsvSource({"1,8", "2,4", "3,2", "8,1", "16,1"})
  void sharesTheCoresAmongTheTrainingWorkers(int workers, int threads) throws IOException {
    Experiment e = read(VALID, "train.workers=" + workers, "train.batchSize=48");
    assertThat(e.execution().threads()).isEqualTo(threads);
  }

  @ParameterizedTest
  @CsvSource({
    "1e-5,0.00001",
    "1E-5,0.00001",
    "5,5",
    ".5,0.5",
    "1_0.5,10.5",
    "+0.1,0.1",
    "1.,1",
    "1e-300,1e-300"
  })
  void readsNumbersAsPeopleWriteThem(String text, double value) throws IOException {
    assertThat(read(VALID, "train.lr=" + text).train().lr()).isEqualTo(value);
  }

  @Test
  void readsUnderscoresInWholeNumbers() throws IOException {
    assertThat(read(with("seed: 7", "seed: -1_000")).seed()).isEqualTo(-1000);
  }

  @Test
  void followsAnchorsAliasesAndMergeKeys() throws IOException {
    String text =
        VALID
            + """
            evaluation:
              train: &labelled
                format: idx
                path: &images images.gz
                labels: labels.gz
              test:
                <<: *labelled
                path: *images
                limit: 50
            """;
    Experiment e = read(text);
    assertThat(e.evaluation().test().labels()).isEqualTo(folder.resolve("labels.gz").toString());
    assertThat(e.evaluation().test().limit()).isEqualTo(50);
    assertThat(e.evaluation().train().limit()).isNull();
  }

  @Test
  void anOverrideReplacesOneValueAndTheLaterOneWins() throws IOException {
    Experiment e =
        read(
            VALID, "clustering.k=48", "clustering.k=64", "augment.flip=false", "train={epochs: 9}");
    assertThat(e.clustering().k()).isEqualTo(64);
    assertThat(e.clustering().m()).isEqualTo(2);
    assertThat(e.augment().flip()).isFalse();
    assertThat(e.train().epochs()).isEqualTo(9);
    assertThat(e.train().batchSize()).isEqualTo(256);
  }

  @Test
  void anOverrideWithNullTakesASectionAway() throws IOException {
    assertThat(read(VALID, "method=rotnet", "clustering=null").clustering()).isNull();
  }

  @Test
  void leavesAddressesAsTheyAreAndExpandsTheHomeFolder() throws IOException {
    assertThat(read(with("images.gz", "s3://bucket/images.gz")).data().path())
        .isEqualTo("s3://bucket/images.gz");
    assertThat(read(VALID + "output: ~/runs").output())
        .isEqualTo(System.getProperty("user.home") + "/runs");
  }

  @Test
  void takesTheTrackingServerFromTheEnvironmentUnlessTheFileNamesOne() throws IOException {
    Files.writeString(yaml, VALID);
    Map<String, String> env = Map.of("MLFLOW_TRACKING_URI", "http://env:5000");
    assertThat(ExperimentReader.read(yaml, List.of(), env).tracking().uri())
        .isEqualTo("http://env:5000");
    List<String> given = List.of("tracking.uri=https://given/mlflow");
    assertThat(ExperimentReader.read(yaml, given, env).tracking().uri())
        .isEqualTo("https://given/mlflow");
    List<String> journal = List.of("tracking.mode=journal");
    assertThat(ExperimentReader.read(yaml, journal, env).tracking().uri()).isNull();
  }

  // Every fault by its message.

  @Test
  void findsContradictionsBesideOtherFaultsOfTheSection() throws IOException {
    String text = VALID.replace("m: 2", "m: 3").replace("pcaDim: 64", "pcaDim: 0");
    assertThat(faults(text))
        .isEqualTo(
            """
            e.yaml:14:6: clustering.k must be a multiple of m = 3, got 32
            e.yaml:15:11: clustering.pcaDim must be a whole number from 1 to 65536, got 0""");
  }

  @Test
  void reportsAllFaultsAtOnceInOrderOfPlaceAndOverridesLast() throws IOException {
    String text =
        VALID
            .replace("seed: 7", "sed: 7")
            .replace("path: images.gz", "path: nowhere.gz")
            .replace("m: 2", "m: 3")
            .replace("pcaDim: 64", "pcaDim: 129")
            .replace("epochs: 3", "epochs: three");
    assertThat(faults(text, "train.lr=0"))
        .isEqualTo(
            """
            e.yaml:3:1: unknown key `sed`; did you mean `seed`?
            e.yaml:6:9: data.path does not exist: nowhere.gz
            e.yaml:14:6: clustering.k must be a multiple of m = 3, got 32
            e.yaml:17:11: train.epochs must be a whole number from 1 to 100000, got three
            --set train.lr=0: train.lr must be a number above 0 and at most 100, got 0"""
                .stripIndent());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "epochs: 3 | 'epoch: 3' | 17:3: unknown key `epoch` in `train`; did you mean `epochs`?",
        "batchSize: 64 | 'batch_size: 64' | 18:3: unknown key `batch_size` in `train`; did you mean `batchSize`?",
        "k: 32 | 'epochs: 32' | 14:3: unknown key `epochs` in `clustering`; the key of this name is `train.epochs`",
        "seed: 7 | 'learningRate: 7' | 3:1: unknown key `learningRate`; known keys: name, method, seed, data",
        "method: deepercluster | 'method: deepclutser' | 2:9: method must be one of deepercluster, deepcluster, rotnet, cartesian, sela, supervised, random, pretrained, got deepclutser",
        "trunk: vgg-small | 'trunk: resnet' | 8:10: model.trunk must be one of vgg16, vgg-small, got resnet",
        "epochs: 3 | 'epochs: \"3\"' | 17:11: train.epochs must be a whole number from 1 to 100000, got the text \"3\": remove the quotes",
        "epochs: 3 | 'epochs: 1e2' | 17:11: train.epochs must be a whole number from 1 to 100000, got 1e2: write 100",
        "epochs: 3 | 'epochs: 2.5' | 17:11: train.epochs must be a whole number from 1 to 100000, got 2.5",
        "epochs: 3 | 'epochs: 010' | 17:11: train.epochs must be a whole number from 1 to 100000, got 010: write it without leading zeros",
        "epochs: 3 | 'epochs: 0x10' | 17:11: train.epochs must be a whole number from 1 to 100000, got 0x10",
        "epochs: 3 | 'epochs: 99999999999' | 17:11: train.epochs must be a whole number from 1 to 100000, at most 2147483647, got 99999999999",
        "epochs: 3 | 'epochs: 0' | 17:11: train.epochs must be a whole number from 1 to 100000, got 0",
        "epochs: 3 | 'epochs: [3]' | 17:11: train.epochs must be a whole number from 1 to 100000, got a list",
        "epochs: 3 | 'epochs: {a: 3}' | 17:11: train.epochs must be a whole number from 1 to 100000, got a section",
        "epochs: 3 | 'epochs:' | 17:10: train.epochs has no value: it must be a whole number from 1 to 100000",
        "epochs: 3 | 'epochs: null' | 17:11: train.epochs must be a whole number from 1 to 100000, got null",
        "epochs: 3 | 'epochs: !!str 3' | 17:11: the tag !!str is not supported: remove it",
        "epochs: 3 | 'lr: 1,5' | 17:7: train.lr must be a number above 0 and at most 100, got 1,5",
        "epochs: 3 | 'lr: .nan' | 17:7: train.lr must be a number above 0 and at most 100, got .nan",
        "epochs: 3 | 'momentum: 1' | 17:13: train.momentum must be a number from 0 to 0.9999, got 1",
        "epochs: 3 | 'epochs: -' | 17:",
        "seed: 7 | 'seed: 9223372036854775808' | 3:7: seed must be a whole number that fits 64 bits, got 9223372036854775808",
        "seed: 7 | 'augment: {flip: yes}' | 3:17: augment.flip must be true or false, got yes: write true",
        "seed: 7 | 'augment: {flip: off}' | 3:17: augment.flip must be true or false, got off: write false",
        "seed: 7 | 'augment: {flip: 1}' | 3:17: augment.flip must be true or false, got 1",
        "seed: 7 | 'augment: {flip: \"true\"}' | 3:17: augment.flip must be true or false, got the text \"true\": remove the quotes",
        "seed: 7 | 'augment: 5' | 3:10: augment is a section: give its keys below it, indented; got 5",
        "seed: 7 | 'augment:' | 3:9: augment is a section: give its keys below it, indented; got nothing",
        "seed: 7 | '? [a]' | 3:3: a key must be a word, got a list or a section",
        "seed: 7 | '<<: 5' | 3:5: only a section can be merged with <<",
        "name: tiny | 'name: 2024' | 1:7: name must be text, got 2024, which YAML takes for a number or a boolean: put it in quotes",
        "name: tiny | 'name: on' | 1:7: name must be text, got on, which YAML takes for a number or a boolean: put it in quotes",
        "name: tiny | 'name: \"\"' | 1:7: name must be text that is not empty, got \"\"",
        "name: tiny | 'name: a b' | 1:7: name must be 1 to 100 letters, digits, -, _ or ., a letter or digit first, got a b",
        "name: tiny | 'name: ..' | 1:7: name must be 1 to 100 letters, digits, -, _ or ., a letter or digit first, got ..",
        "name: tiny | 'output: x' | 1:1: missing required key `name`: it must be text that is not empty",
        "m: 2 | '' | 12:1: missing required key `clustering.m`: it must be a whole number from 1 to 10000",
        "seed: 7 | 'name: again' | 3:1: duplicate key `name`, first given at e.yaml:1:1",
        "k: 32 | 'm: 32' | 14:3: duplicate key `m`, first given at e.yaml:13:3",
        "pcaDim: 64 | 'pcaDim: 0' | 15:11: clustering.pcaDim must be a whole number from 1 to 65536, got 0",
        "pcaDim: 64 | 'pcaDim: 200' | 15:11: clustering.pcaDim must be at most d = 128, the output of trunk vgg-small, got 200",
        "pcaDim: 64 | '' | 8:10: clustering.pcaDim must be at most d = 128, the output of trunk vgg-small, got 4096",
        "k: 32 | 'k: 33' | 14:6: clustering.k must be a multiple of m = 2, got 33",
        "k: 32 | 'k: 102' | 14:6: clustering.k must be at most the number of images, 100, got 102",
        "path: images.gz | 'path: images.gz\\n  limit: 20' | 15:6: clustering.k must be at most the number of images, 20, got 32",
        "imageSize: 28 | 'imageSize: 27' | 9:14: model.imageSize must be from 28 to 64 for trunk vgg-small, got 27",
        "imageSize: 28 | 'imageSize: 65' | 9:14: model.imageSize must be from 28 to 64 for trunk vgg-small, got 65",
        "trunk: vgg-small | 'trunk: vgg16' | 9:14: model.imageSize must be at least 32 for trunk vgg16, which halves it 5 times, got 28",
        "imageSize: 28 | '' | 8:10: model.imageSize must be from 28 to 64 for trunk vgg-small, got 224",
        "epochs: 3 | 'workers: 3' | 18:14: train.batchSize must be a multiple of workers = 3, got 64",
        "seed: 7 | 'augment: {cropScaleMin: 0.5, cropScaleMax: 0.4}' | 3:44: augment.cropScaleMax must be at least cropScaleMin = 0.5, got 0.4",
        "seed: 7 | 'augment: {cropScaleMin: 0, cropScaleMax: 1.5}' | 3:25: augment.cropScaleMin must be a number above 0 and at most 1, got 0",
        "method: deepercluster | 'method: rotnet' | 12:1: clustering must be left out: method rotnet does not cluster",
        "method: deepercluster | 'method: supervised' | 4:1: data.labels is missing: method supervised learns from it; set it to the IDX file of labels",
        "method: deepercluster | 'method: random' | 16:1: train must be left out: method random does not train",
        "method: deepercluster | 'method: deepcluster' | 13:6: clustering.m must be 1 for method deepcluster, got 2",
        "method: deepercluster | 'method: cartesian' | 13:6: clustering.m must be 1 for method cartesian, got 2",
        "seed: 7 | 'tracking: {uri: file:/mlruns}' | 3:17: tracking.uri must be an address such as http://host:5000, got file:/mlruns",
        "seed: 7 | 'tracking: {uri: http://me:secret@host}' | 3:17: tracking.uri must not hold a user name or password",
        "format: idx | 'format: zap' | 5:11: data.format must be one of cifar10, cifar100, csv,",
        "path: images.gz | 'path: photos' | 6:9: data.path must be an IDX file for format idx, got the folder photos",
        "path: images.gz | 'path: e.yaml' | 6:9: data.path must be an IDX file of images: e.yaml starts with 6e616d65, where 00000803 is expected",
        "path: images.gz | 'path: labels.gz' | 6:9: data.path must be an IDX file of images: labels.gz starts with 00000801",
        "format: idx | 'format: images' | 6:9: data.path must be a folder of images for format images, got the file images.gz",
        "path: images.gz | 'path: images.gz\\n  labels: labels99.gz' | 7:11: data.labels must hold one label per image: 100 images, got 99 labels",
      })
  void namesPlaceAllowedRangeAndValue(String from, String to, String expected) throws IOException {
    String line = to.substring(1, to.length() - 1).replace("\\n", "\n");
    assertThat(faults(VALID.replace(from, line))).contains("e.yaml:" + expected);
  }

  @Test
  void namesTheMissingClusteringSection() throws IOException {
    assertThat(faults("name: a\nmethod: deepcluster\ndata: {format: images, path: photos}"))
        .isEqualTo(
            "e.yaml:2:9: clustering is missing: method deepcluster needs it, with at least m and k");
  }

  @Test
  void oneClusterIsNothingToTellApart() throws IOException {
    assertThat(faults(VALID, "method=deepcluster", "clustering.m=1", "clustering.k=1"))
        .isEqualTo(
            "--set clustering.k=1: clustering.k must be at least 2 for method deepcluster, got 1");
  }

  @Test
  void selaTakesItsAlgorithmAndItsSettings() throws IOException {
    String sela =
        VALID
            .replace("method: deepercluster", "method: sela")
            .replace("m: 2", "m: 1")
            .replace("  pcaDim: 64\n", "  sinkhorn:\n    heads: 4\n    updates: 0, 2\n");
    ClusterConfig clustering = read(sela).clustering();
    assertThat(clustering.algorithm()).isEqualTo(ClusterAlgorithm.SINKHORN);
    assertThat(clustering.sinkhorn().heads()).isEqualTo(4);
    assertThat(clustering.sinkhorn().lambda()).isEqualTo(25);
    assertThat(clustering.pcaDim()).isNull();

    assertThat(faults(sela, "clustering.pcaDim=64"))
        .isEqualTo(
            "--set clustering.pcaDim=64: clustering.pcaDim must be left out: algorithm sinkhorn has"
                + " no use for it");
    assertThat(faults(sela, "clustering.algorithm=kmeans"))
        .contains(
            "e.yaml:15:3: clustering.sinkhorn must be left out: algorithm kmeans has no use for"
                + " it");
    assertThat(faults(VALID, "clustering.algorithm=sinkhorn", "clustering.pcaDim=null"))
        .contains("clustering.m must be 1 for algorithm sinkhorn, got 2");
    assertThat(
            faults(
                VALID,
                "method=deepcluster",
                "clustering.m=1",
                "clustering.pcaDim=null",
                "clustering.algorithm=sinkhorn"))
        .isEqualTo(
            "--set clustering.algorithm=sinkhorn: clustering.algorithm must be kmeans for method"
                + " deepcluster, got sinkhorn");
    assertThat(faults(sela, "clustering.m=2"))
        .isEqualTo("--set clustering.m=2: clustering.m must be 1 for algorithm sinkhorn, got 2");
    assertThat(faults(sela, "clustering.sinkhorn.updates=0, 3"))
        .isEqualTo(
            "--set clustering.sinkhorn.updates=0, 3: clustering.sinkhorn.updates must name epochs"
                + " from 0 to 2, as train.epochs = 3, got 3");
    assertThat(faults(sela, "clustering.k=101"))
        .isEqualTo(
            "--set clustering.k=101: clustering.k must be at most the number of images, 100, got"
                + " 101");
    assertThat(faults(sela, "clustering.k=1"))
        .isEqualTo("--set clustering.k=1: clustering.k must be at least 2 for method sela, got 1");
  }

  @Test
  void imagesTakeTheirLabelsFromFoldersOnly() throws IOException {
    String text = with("idx\n  path: images.gz", "images\n  path: photos\n  labels: labels.gz");
    assertThat(faults(text))
        .isEqualTo(
            "e.yaml:7:11: data.labels must be `folders` (each top-level folder is a class) for"
                + " format images, got labels.gz");
  }

  @Test
  void evaluationNeedsLabelsOnBothSidesAndEnoughOfThem() throws IOException {
    assertThat(
            faults(
                VALID
                    + """
                    evaluation:
                      train: {format: idx, path: images.gz}
                      test: {format: idx, path: images.gz}
                    """))
        .isEqualTo(
            """
            e.yaml:20:3: evaluation.train.labels is missing: the classifiers need labelled images; set it to the IDX file of labels
            e.yaml:21:3: evaluation.test.labels is missing: the classifiers need labelled images; set it to the IDX file of labels""");
    assertThat(
            faults(
                VALID
                    + """
                    evaluation:
                      train: &l {format: idx, path: images.gz, labels: labels.gz}
                      test: *l
                      knn: {neighbours: 101}
                      lowShot: {perClass: 102}
                    """))
        .isEqualTo(
            """
            e.yaml:22:21: evaluation.knn.neighbours must be at most the number of labelled images, 100, got 101
            e.yaml:23:23: evaluation.lowShot.perClass must be at most the number of labelled images, 100, got 102""");
  }

  @Test
  void aFaultInASharedSectionIsReportedOnce() throws IOException {
    String text =
        VALID
            + """
            evaluation:
              train: &l {format: idx, path: images.gz, labels: labels.gz, limits: 5}
              test: *l
            """;
    assertThat(faults(text))
        .startsWith(
            "e.yaml:20:63: unknown key `limits` in `evaluation.train`; did you mean `limit`?");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "train.epoch=3 | unknown key `epoch` in `train`; did you mean `epochs`?",
        "trian.epochs=3 | unknown key `trian`; did you mean `train`?",
        "train.epochs=abc | train.epochs must be a whole number from 1 to 100000, got abc",
        "train.epochs= | train.epochs has no value: it must be a whole number from 1 to 100000",
        "train.epochs.x=1 | train.epochs must be a whole number from 1 to 100000, got a section",
        "augment.flip=no | augment.flip must be true or false, got no: write false",
        "clustering.k=31 | clustering.k must be a multiple of m = 2, got 31",
        "clustering.m=3 | clustering.k must be a multiple of m = 3, got 32",
        "model=null | model is a section: give its keys below it, indented; got null",
        "output=[a | not valid YAML",
        "train | must have the form key=value or section.key=value",
        ".epochs=3 | must have the form key=value or section.key=value",
        "=3 | must have the form key=value or section.key=value",
      })
  void overridesGoThroughTheSameChecks(String override, String message) throws IOException {
    String faults = faults(VALID, override);
    assertThat(faults).contains(message);
    if (!override.equals("clustering.m=3")) {
      assertThat(faults).startsWith("--set " + override + ": ");
    }
  }

  @Test
  void faultsOfTheEnvironmentAreLocatedThere() throws IOException {
    assertThat(faults(Map.of("MLFLOW_TRACKING_URI", "sqlite:///x.db"), VALID))
        .isEqualTo(
            "environment variable MLFLOW_TRACKING_URI: tracking.uri must be an address such as"
                + " http://host:5000, got sqlite:///x.db");
  }

  @Test
  void neverRepeatsAPasswordInAMessage() throws IOException {
    assertThat(faults(Map.of("MLFLOW_TRACKING_URI", "https://me:secret@host"), VALID))
        .contains("MLFLOW_TRACKING_USERNAME")
        .doesNotContain("secret");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "name: [a\\nseed: 1 | 2:5: not valid YAML: expected ',' or ']'",
        "name: a\\n\\tseed: 1 | 2:1: not valid YAML: found character '\\t(TAB)'",
        "name: a: b | 1:8: not valid YAML: mapping values are not allowed here",
        "name: *nowhere | 1:7: not valid YAML: found undefined alias nowhere",
        "name: a\\n---\\nname: b | 2:1: not valid YAML: but found another document",
        "name: a\\nseed: <BEL> | 2:7: not valid YAML: the character U+0007 is not allowed",
        "# nothing | 1:1: is empty; an experiment needs at least name, method",
        "hello | 1:1: the file must be a list of `key: value` lines, got hello",
        "- a | 1:1: the file must be a list of `key: value` lines, got a list",
        "&a\\nname: x\\ndata: *a | 1:1: nested more deeply than any setting",
      })
  void locatesWhatIsNotYaml(String text, String message) throws IOException {
    assertThat(faults(text.replace("\\n", "\n").replace("\\t", "\t").replace("<BEL>", "\007")))
        .contains("e.yaml:" + message);
  }

  @Test
  void namesAFileThatIsNotThereNotAFileOrNotText() throws IOException {
    for (String[] wrong :
        new String[][] {{"none.yaml", ": no such file"}, {"photos", ": is a folder"}}) {
      Path path = folder.resolve(wrong[0]);
      InvalidExperimentException e =
          catchThrowableOfType(
              InvalidExperimentException.class,
              () -> ExperimentReader.read(path, List.of(), Map.of()));
      assertThat(e).hasMessageStartingWith(path + wrong[1]);
    }
    Files.write(yaml, "name: \u00e4".getBytes(StandardCharsets.ISO_8859_1));
    InvalidExperimentException e =
        catchThrowableOfType(
            InvalidExperimentException.class,
            () -> ExperimentReader.read(yaml, List.of(), Map.of()));
    assertThat(e).hasMessage(yaml + ":1:1: is not UTF-8 text");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 7})
  void aTornIdxFileIsAFault(int bytes) throws IOException {
    byte[] head = Arrays.copyOf(new byte[] {0, 0, 8, 3, 0, 0, 0}, bytes);
    Files.write(folder.resolve("torn"), head);
    assertThat(faults(VALID, "data.path=" + folder.resolve("torn")))
        .contains("data.path must be an IDX file of images: torn is shorter than the head");
  }

  @ParameterizedTest
  @CsvSource({"epochs,epochs,0", "epoch,epochs,1", "eopchs,epochs,1", "lr,m,2", "'',abc,3"})
  void countsEdits(String a, String b, int distance) {
    assertThat(NearestKey.distance(a, b)).isEqualTo(distance);
    assertThat(NearestKey.distance(b, a)).isEqualTo(distance);
  }
}
