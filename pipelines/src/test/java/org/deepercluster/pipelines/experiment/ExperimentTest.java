package org.deepercluster.pipelines.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.deepercluster.stages.augment.AugmentConfig;
import org.deepercluster.stages.cluster.ClusterAlgorithm;
import org.deepercluster.stages.cluster.ClusterConfig;
import org.deepercluster.stages.cluster.OnCollapse;
import org.deepercluster.stages.cluster.SinkhornConfig;
import org.deepercluster.stages.config.InvalidSettingsException;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.evaluate.EvaluateConfig;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.train.TrainConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExperimentTest {
  private static final Path QUICKSTART = Path.of("../experiments/quickstart.yaml");

  @TempDir Path folder;

  private static Experiment quickstart(String... overrides) {
    return ExperimentReader.read(QUICKSTART, List.of(overrides), Map.of(), 2);
  }

  @Test
  void theResolvedYamlIsReadBackToAnEqualExperiment() throws IOException {
    Path resolved = folder.resolve("resolved.yaml");
    Files.createDirectory(folder.resolve("a: \"b\" #c \\ ä€😀"));
    for (int i = 0; i < 200; i++) {
      Experiment experiment = any(Seeds.random(Seeds.of(5, i)));
      Files.writeString(resolved, experiment.toYaml());
      // Another machine, another environment: all is in the file already but an open address.
      Experiment again = ExperimentReader.read(resolved, List.of(), Map.of(), 64);
      assertThat(again).isEqualTo(experiment);
      assertThat(again.toYaml()).isEqualTo(experiment.toYaml());
      assertThat(again.digest()).isEqualTo(experiment.digest());
    }
  }

  private static ClusterConfig clustering(Method method, int m, SplittableRandom random) {
    ClusterAlgorithm algorithm = random.nextBoolean() ? null : method.algorithm();
    int k = m * (2 + random.nextInt(1000));
    if (method == Method.SELA) {
      boolean list = random.nextBoolean();
      return new ClusterConfig(
          algorithm,
          m,
          k,
          null,
          null,
          null,
          null,
          null,
          null,
          null,
          null,
          list && random.nextBoolean()
              ? null
              : new SinkhornConfig(
                  1 + random.nextInt(20),
                  1 + 99 * random.nextDouble(),
                  Math.pow(10, -12 * random.nextDouble()),
                  1 + random.nextInt(1000),
                  list ? "0" : "quadratic",
                  list || random.nextBoolean() ? null : (Integer) (1 + random.nextInt(200)),
                  random.nextBoolean()),
          random.nextDouble(),
          OnCollapse.values()[random.nextInt(2)],
          random.nextInt(1000));
    }
    return new ClusterConfig(
        algorithm,
        m,
        k,
        1 + random.nextInt(9),
        1 + random.nextInt(128),
        random.nextBoolean() ? null : 2 + random.nextLong(1L << 60),
        1 + random.nextInt(1000),
        random.nextBoolean() ? null : "k-means++",
        random.nextBoolean() ? null : (Boolean) random.nextBoolean(),
        random.nextBoolean() ? null : (Double) random.nextDouble(),
        random.nextBoolean() ? null : (Boolean) random.nextBoolean(),
        null,
        random.nextDouble(),
        OnCollapse.values()[random.nextInt(2)],
        random.nextInt(1000));
  }

  /** A random valid experiment. */
  private Experiment any(SplittableRandom random) throws IOException {
    Method method = Method.values()[random.nextInt(Method.values().length)];
    boolean small = random.nextBoolean();
    int m = method.singleLevel() ? 1 : 1 + random.nextInt(9);
    int workers = 1 + random.nextInt(7);
    double scale = 0.01 + 0.98 * random.nextDouble();
    String[] awkward = {
      "null", "a\tb\n", "~", "yes", "1e5", "0x10", " x ", "-", "\u2028\u0085", "ok"
    };
    DataConfig data = data(random);
    return new Experiment(
        List.of("a", "A-b_c.1", "null", "2024", "1e5", "yes").get(random.nextInt(6)),
        method,
        random.nextLong(),
        data,
        method == Method.PRETRAINED ? "/models/a b.safetensors" : null,
        new ModelConfig(
            small ? "vgg-small" : "vgg16",
            small ? 28 + random.nextInt(37) : 32 + random.nextInt(300),
            List.of("rgb", "gray", "sobel").get(random.nextInt(3)),
            1 + random.nextInt(64),
            random.nextDouble() * 0.95),
        new AugmentConfig(
            scale, Math.min(1, scale * 1.5), 1 + random.nextDouble(), random.nextBoolean()),
        method.clusters() ? clustering(method, m, random) : null,
        method.trains()
            ? new TrainConfig(
                1 + random.nextInt(1000),
                workers * (1 + random.nextInt(100)),
                Math.pow(10, -12 * random.nextDouble()),
                random.nextBoolean() ? "cosine" : "constant",
                random.nextDouble() * 0.9,
                Math.pow(10, -20 * random.nextDouble()),
                workers,
                1 + random.nextInt(100))
            : null,
        random.nextBoolean()
            ? null
            : new EvaluateConfig(
                data(random),
                data(random),
                new EvaluateConfig.Linear(
                    1 + random.nextInt(9),
                    256,
                    0.01,
                    0.9,
                    random.nextDouble(),
                    random.nextBoolean(),
                    "all",
                    "cached",
                    random.nextBoolean() ? null : "conv1=0.005,conv2=1e-2",
                    3,
                    "0.1,2^-4",
                    null,
                    new AugmentConfig(0.2, 1, 1.5, true),
                    1 + random.nextInt(9)),
                new EvaluateConfig.LowShot(
                    1 + random.nextInt(9),
                    5,
                    Math.exp(40 * random.nextDouble()),
                    random.nextBoolean(),
                    "last"),
                new EvaluateConfig.Knn(
                    1 + random.nextInt(300), random.nextDouble() + 1e-9, "conv1, last-block"),
                null),
        new ExecutionConfig(
            random.nextBoolean() ? null : "flink.example.org:8081",
            1 + random.nextInt(99),
            1 + random.nextInt(99),
            random.nextBoolean() ? ExecutionConfig.Keep.ALL : ExecutionConfig.Keep.LAST,
            random.nextInt(9),
            new ExecutionConfig.Train(random.nextBoolean() ? null : "127.0.0.1:1")),
        awkward[random.nextInt(awkward.length)],
        new TrackingConfig(
            random.nextBoolean() ? null : "http://h:1/a?b=c#d",
            random.nextBoolean() ? TrackingConfig.Mode.JOURNAL : TrackingConfig.Mode.SERVER));
  }

  private DataConfig data(SplittableRandom random) {
    return new DataConfig(
        "images",
        random.nextBoolean()
            ? folder.resolve("a: \"b\" #c \\ ä€😀").toString()
            : "s3://bucket/some where",
        "folders",
        random.nextBoolean() ? null : 1 + random.nextLong(Long.MAX_VALUE - 1),
        random.nextDouble(),
        1 + random.nextInt(1_000_000));
  }

  @Test
  void flattensToDottedKeysInTheOrderOfDeclaration() {
    Map<String, String> parameters = quickstart().flatten();
    assertThat(parameters)
        .containsEntry("name", "quickstart")
        .containsEntry("method", "deepercluster")
        .containsEntry("clustering.k", "32")
        .containsEntry("train.lr", "0.1")
        .containsEntry("train.weightDecay", "0.00001")
        .containsEntry("evaluation.knn.neighbours", "20")
        .containsEntry("execution.threads", "2")
        .containsEntry("execution.keep", "last")
        .doesNotContainKeys("data.limit", "tracking.uri");
    assertThat(parameters.keySet()).startsWith("name", "method", "seed", "data.format");
    assertThat(parameters.keySet())
        .allMatch(key -> key.matches("[A-Za-z0-9_./ -]{1,250}"), "is a legal MLflow key");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "seed=1",
        "clustering.k=64",
        "train.lr=0.04",
        "execution.threads=1",
        "evaluation.knn.neighbours=19",
        "augment.flip=false",
        "data.limit=4999"
      })
  void theDigestChangesWithWhatChangesTheResult(String override) {
    assertThat(quickstart(override).digest()).isNotEqualTo(quickstart().digest());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "output=elsewhere",
        "tracking.uri=http://host:5000",
        "tracking.mode=journal",
        "execution.parallelism=8",
        "execution.keep=all",
        "execution.retries=0",
        "clustering.singleJobMiB=1"
      })
  void theDigestDoesNotChangeWithTheWayARunIsCarriedOut(String override) {
    assertThat(quickstart(override).digest())
        .isEqualTo(quickstart().digest())
        .matches("[0-9a-f]{64}");
  }

  @Test
  void changesTheSeedAlone() {
    assertThat(quickstart().withSeed(3)).isEqualTo(quickstart("seed=3"));
  }

  @Test
  void checksWhatIsOnlyKnownOnceTheImagesAreCounted() {
    Experiment experiment = quickstart();
    assertThatThrownBy(() -> experiment.checkAgainst(31, OptionalLong.of(19)))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessage(
            "clustering.k must be at most the number of images, 31, got 32\n"
                + "evaluation.knn.neighbours must be at most the number of labelled images, 19,"
                + " got 20");
    experiment.checkAgainst(32, OptionalLong.empty());
    experiment.checkAgainst(32, OptionalLong.of(20));
  }

  @Test
  void aRecordMadeInCodeGoesThroughTheSameRules() {
    Experiment e = quickstart();
    assertThatThrownBy(
            () ->
                new Experiment(
                    "a/b",
                    Method.ROTNET,
                    0,
                    e.data(),
                    null,
                    e.model(),
                    e.augment(),
                    e.clustering(),
                    null,
                    null,
                    e.execution(),
                    "runs",
                    e.tracking()))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessage(
            "name must be 1 to 100 letters, digits, -, _ or ., a letter or digit first, got a/b\n"
                + "clustering must be left out: method rotnet does not cluster");
  }

  @Test
  void travelsToWorkersAndBack() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(quickstart());
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(in.readObject()).isEqualTo(quickstart());
    }
  }

  @Test
  void everyMethodThatClustersTrains() {
    for (Method method : Method.values()) {
      assertThat(method.trains() || !(method.clusters() || method.rotates())).isTrue();
    }
    assertThat(Schema.of(Experiment.class).components().get(1).words())
        .containsExactly(
            "deepercluster",
            "deepcluster",
            "rotnet",
            "cartesian",
            "sela",
            "supervised",
            "random",
            "pretrained");
  }
}
