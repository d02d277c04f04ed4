package org.deepercluster.pipelines.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.experiment.ExperimentReader;
import org.deepercluster.pipelines.run.PlannedRun;
import org.deepercluster.stages.ingest.ImageBlock;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole experiments on 300 tiny images, from the command line to the report. */
class WholeRunTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** The pre-training stages of the experiment, in order. */
  private static final List<String> PRE_TRAINING =
      List.of(
          "init",
          "features-e000",
          "cluster-e000",
          "augment-e000",
          "train-e000",
          "features-e001",
          "cluster-e001",
          "augment-e001",
          "train-e001");

  @TempDir static Path root;
  private static Path yaml;
  private static Path first;
  private static JsonNode result;
  private static Cli printed;

  @BeforeAll
  static void runOnce() throws IOException {
    TinyImages.write(root);
    yaml = root.resolve("tiny.yaml");
    Files.writeString(
        yaml,
        """
        name: tiny
        method: deepercluster
        seed: 3
        data: {format: images, path: photos, labels: folders, blockImages: 64}
        model: {trunk: vgg-small, imageSize: 28, input: rgb, width: 2}
        clustering: {m: 2, k: 6, reassignEvery: 1, pcaDim: 8, iterations: 2, collapseThreshold: 1}
        train: {epochs: 2, batchSize: 32, lr: 0.05, schedule: cosine, workers: 2, localSteps: 5}
        evaluation:
          train: {format: idx, path: train-images, labels: train-labels}
          test: {format: idx, path: test-images, labels: test-labels, blockImages: 16}
          linear: {epochs: 2, batchSize: 32}
          lowShot: {perClass: 3, draws: 2}
          knn: {neighbours: 5}
        execution: {parallelism: 1, threads: 1, retries: 0}
        output: %s
        tracking: {mode: journal}
        """
            .formatted(root.resolve("runs")));
    printed = Cli.run("run", yaml, "--json");
    assertThat(printed.code()).as(printed.err()).isZero();
    result = JSON.readTree(printed.out());
    first = Path.of(result.get("directory").asText());
  }

  @Test
  void theResultIsOneJsonObjectWithStableNames() {
    assertThat(first).isEqualTo(root.resolve("runs/tiny/" + result.get("run").asText()));
    assertThat(result.get("report").asText()).isEqualTo(first + "/report/report.html");
    assertThat(result.get("wallSeconds").asDouble()).isPositive();
    assertThat(names(result.get("stageSeconds")))
        .containsExactlyInAnyOrder(
            "ingest", "init", "features", "cluster", "augment", "train", "evaluate", "report");
    Set<String> metrics = names(result.get("metrics"));
    for (String network : List.of("", "random/")) {
      assertThat(metrics).contains(network + "eval/knn/top1");
      for (int conv = 1; conv <= 6; conv++) {
        assertThat(metrics)
            .contains(
                network + "eval/linear/top1/conv" + conv,
                network + "eval/lowshot3/top1/conv" + conv);
      }
    }
    assertThat(metrics).contains("eval/clusters/nmi");
    result
        .get("metrics")
        .fields()
        .forEachRemaining(
            e -> assertThat(e.getValue().asDouble()).as(e.getKey()).isBetween(-1.0, 100.0));
    assertThat(printed.err())
        .contains("[ 1/14] ingest", "[14/14] report", "k-NN", "Report:  " + first);
  }

  @Test
  void everyStageIsCommittedAndWhatPeopleLookForHasAPlainName() throws IOException {
    Map<String, Manifest> stages = stages(first);
    List<String> all =
        new ArrayList<>(List.of("ingest", "ingest-train", "ingest-test", "evaluate", "report"));
    all.addAll(PRE_TRAINING);
    assertThat(stages.keySet()).containsExactlyInAnyOrderElementsOf(all);
    Manifest ingest = stages.get("ingest");
    assertThat(ingest.rows())
        .containsEntry("images", (long) TinyImages.GOOD)
        .containsEntry("labels", (long) TinyImages.GOOD)
        .containsEntry("rejects", (long) TinyImages.BROKEN);
    assertThat(ingest.table("images")).as("blocks of 64 images").hasSize(5);
    assertThat(stages.get("cluster-e001").rows())
        .containsEntry("assignments", (long) TinyImages.GOOD)
        .containsEntry("centroids", 8L)
        .containsEntry("pca", 9L);
    assertThat(stages.get("augment-e001").rows()).containsEntry("draws", (long) TinyImages.GOOD);
    assertThat(stages.get("augment-e000").table("draws")).as("keep: last").isEmpty();
    assertThat(stages.get("train-e000").table("checkpoint"))
        .as("what the last clustering was made with")
        .hasSize(1);
    assertThat(stages.get("train-e001").table("checkpoint")).hasSize(1);
    for (Manifest m : stages.values()) {
      List<String> listed = new ArrayList<>(m.parts().stream().map(Part::path).toList());
      Path folder = first.resolve("stages/" + m.instance());
      listed.add(folder + "/manifest.json");
      assertThat(files(folder)).as("nothing but the result").hasSameElementsAs(listed);
    }
    assertThat(Files.readString(first.resolve("report/report.html"))).contains("tiny", "</html>");
    assertThat(files(first.resolve("report"))).anyMatch(f -> f.endsWith(".png"));
    assertThat(files(first.resolve("model")))
        .containsExactlyInAnyOrder(first + "/model/model.safetensors", first + "/model/model.zip");
    assertThat(Files.readString(first.resolve("experiment.yaml"))).contains("localSteps: 5");
    assertThat(Files.readString(first.resolve("run.json"))).contains("\"finished\"");
    assertThat(first.resolve("lock.json")).doesNotExist();
    Path journal = UserFolders.journals().resolve("tiny/" + result.get("run").asText());
    assertThat(files(journal)).isNotEmpty();
  }

  /** A threshold of 1 takes nothing but clusters of equal sizes. */
  @Test
  void collapsedClustersAreReportedAndTheRunGoesOn() throws IOException {
    String warning = "Warning: cluster-e001: clusters have collapsed: level 2 has a normalised";
    assertThat(printed.err()).contains(warning);
    assertThat(Files.readString(first.resolve("log.txt"))).contains(warning);
    assertThat(numbers(first, "cluster-e001")).containsEntry("clusters/collapsed", 1.0);
    assertThat(journal(first)).contains("warning.cluster-e001", "clusters/collapsed");
  }

  /** As scikit-learn's in ClusterMetricsTest; of the last clustering, as evaluation has them. */
  @Test
  void everyReassignmentIsComparedWithTheLabelsThere() throws IOException {
    List<String> lines =
        journal(first).lines().filter(l -> l.contains("\"clusters/nmi\"")).toList();
    assertThat(lines).as("each on the run of the stage and on the experiment's").hasSize(4);
    JsonNode metrics = result.get("metrics");
    for (String name : List.of("nmi", "nmi_arithmetic", "ami", "ari", "purity")) {
      assertThat(lines.get(lines.size() - 1))
          .contains("\"clusters/" + name + "\"", metrics.get("eval/clusters/" + name).asText());
    }
    assertThat(numbers(first, "cluster-e001"))
        .as("no stage has labels to read")
        .doesNotContainKeys("clusters/nmi", "clusters/ari");
  }

  private static String journal(Path run) throws IOException {
    StringBuilder text = new StringBuilder();
    for (String file : files(UserFolders.journals().resolve("tiny/" + run.getFileName()))) {
      if (file.endsWith(".jsonl") || file.endsWith(".json")) {
        text.append(Files.readString(Path.of(file)));
      }
    }
    return text.toString();
  }

  /**
   * Another parallelism, k-means in a job per pass instead of all in one, and everything kept: the
   * same bits. With everything kept, DuckDB then finds every table as the manifests describe it.
   */
  @Test
  void theResultDependsNeitherOnParallelismNorOnHowJobsAreCut() throws Exception {
    Path other =
        run(
            "parallel",
            "--set",
            "execution.parallelism=4",
            "--set",
            "clustering.singleJobMiB=0",
            "--set",
            "execution.keep=all");
    assertThat(digests(other)).isEqualTo(digests(first));
    assertThat(stages(other).get("augment-e000").table("draws")).isNotEmpty();
    assertThat(numbers(other, "evaluate")).isEqualTo(numbers(first, "evaluate"));

    Set<String> tables = new TreeSet<>();
    try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
        Statement sql = duckDb.createStatement()) {
      for (Manifest m : stages(other).values()) {
        for (Part p : m.parts()) {
          if (!p.path().endsWith(".parquet")) {
            continue;
          }
          tables.add(p.table());
          assertThat(number(sql, "SELECT count(*) FROM '" + p.path() + "'"))
              .as(p.path())
              .isEqualTo(p.rows());
          assertThat(columns(sql, p.path()).values())
              .allMatch(
                  Set.of(
                          "VARCHAR", "BLOB", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "BOOLEAN",
                          "FLOAT[]")
                      ::contains);
        }
      }
      assertThat(tables)
          .containsExactly(
              "assignments",
              "centroids",
              "draws",
              "features",
              "images",
              "labels",
              "pca",
              "rejects",
              "results",
              "steps",
              "trace",
              "units");
      String features = stages(other).get("features-e001").table("features").get(2).path();
      assertThat(columns(sql, features))
          .isEqualTo(Map.of("image_id", "VARCHAR", "feature", "FLOAT[]"));
      assertThat(
              number(
                  sql,
                  "SELECT count(*) FROM '"
                      + features
                      + "' WHERE len(feature) = 128 AND list_sum(feature) IS NOT NULL"))
          .isEqualTo(64);
      String draws = glob(other, "augment-e000");
      assertThat(number(sql, "SELECT count(DISTINCT rotation) FROM " + draws)).isEqualTo(4);
      assertThat(number(sql, "SELECT max(super_class) FROM " + draws)).isEqualTo(7);
      assertThat(number(sql, "SELECT max(sub_class) FROM " + draws)).isEqualTo(2);
      assertThat(number(sql, "SELECT count(DISTINCT position) FROM " + draws)).isEqualTo(300);
    }
  }

  /** Everything of a run may be in an object store; results are the same. */
  @Test
  void aRunInABucketIsTheSame() throws Exception {
    Cli cli =
        Cli.run(
            "run",
            yaml,
            "--json",
            "--set",
            "train.epochs=1",
            "--set",
            "train.schedule=constant",
            "--set",
            "evaluation=null",
            "--set",
            "output=bucket://seekable/runs");
    assertThat(cli.code()).as(cli.err()).isZero();
    JsonNode run = JSON.readTree(cli.out());
    String directory = run.get("directory").asText();
    assertThat(directory).startsWith("bucket://seekable/runs/tiny/");
    for (String id : List.of("ingest", "init", "features-e000", "cluster-e000", "augment-e000")) {
      assertThat(Manifest.read(directory + "/stages/" + id).digest())
          .as(id)
          .isEqualTo(stages(first).get(id).digest());
    }
    assertThat(Manifest.read(directory + "/stages/train-e000").table("checkpoint")).hasSize(1);
    assertThat(org.deepercluster.stages.table.Files.list(directory))
        .contains(directory + "/model/model.safetensors", directory + "/report/report.html")
        .doesNotContain(directory + "/lock.json")
        .noneMatch(f -> f.contains("/progress/") || f.endsWith("index.json"));
    assertThat(Path.of("bucket:")).as("no folder of that name on the disk").doesNotExist();
  }

  @Test
  void withoutLabelsPreTrainingIsTheSame() throws Exception {
    Path blind = run("blind", "--set", "data.labels=null", "--set", "evaluation=null");
    Map<String, Manifest> stages = stages(blind);
    assertThat(stages.get("ingest").table("labels")).isEmpty();
    assertThat(stages).doesNotContainKeys("evaluate", "ingest-train", "ingest-test");
    assertThat(only(digests(blind), PRE_TRAINING)).isEqualTo(only(digests(first), PRE_TRAINING));
    assertThat(blind.resolve("report/report.html")).exists();
  }

  /** A run whose labels are gone once the images are ingested comes as far as evaluation. */
  @Test
  void preTrainingOpensNoLabels() throws Exception {
    Path run = root.resolve("gone/tiny/20260101-000000-gone");
    for (String ingested : List.of("ingest", "ingest-train", "ingest-test")) {
      copy(first.resolve("stages/" + ingested), run.resolve("stages/" + ingested));
    }
    for (Part p : Manifest.read(run + "/stages/ingest").table("labels")) {
      Files.delete(Path.of(p.path()));
    }
    Files.writeString(
        run.resolve("run.json"),
        Files.readString(first.resolve("run.json"))
            .replace("\"finished\"", "\"failed\"")
            .replace(first.getFileName().toString(), run.getFileName().toString()));

    Cli cli = Cli.run("run", yaml, "--set", "output=" + root.resolve("gone"));
    assertThat(cli.code()).isEqualTo(1);
    assertThat(cli.out()).contains("Continuing " + run.getFileName(), "evaluate failed");
    assertThat(cli.err()).contains("Error: evaluate", "/labels/", "Log: the.log");
    Map<String, Manifest> stages = stages(run);
    assertThat(stages).doesNotContainKeys("evaluate", "report");
    assertThat(only(digests(run), PRE_TRAINING)).isEqualTo(only(digests(first), PRE_TRAINING));
    assertThat(Files.readString(run.resolve("run.json"))).contains("\"failed\"");
    assertThat(run.resolve("lock.json")).doesNotExist();
  }

  /** Only evaluation, report and supervision are given labels to read. */
  @Test
  void onlySupervisionHasAnInputForLabels() throws IOException {
    for (String method : List.of("deepercluster", "deepcluster", "rotnet", "cartesian", "sela")) {
      assertThat(readersOfLabels(method)).as(method).isEmpty();
    }
    assertThat(readersOfLabels("supervised")).containsExactly("augment-e000", "augment-e001");
  }

  @Test
  void aKilledRunIsContinuedWithTheSameResult() throws Exception {
    Path runs = root.resolve("killed/tiny");
    Process child = child("run", yaml, "--set", "output=" + root.resolve("killed"));
    List<String> done;
    Map<String, Manifest> before;
    Path run;
    try {
      await(
          child,
          () -> !list(runs).isEmpty() && list(runs).get(0).resolve("run.json").toFile().exists());
      run = list(runs).get(0);
      Cli second = Cli.run("run", yaml, "--set", "output=" + root.resolve("killed"));
      assertThat(second.code()).as("locked").isEqualTo(3);
      assertThat(second.err())
          .contains("Error: " + run + " is in use by process " + child.pid(), " s ago)");
      Path middle = run.resolve("stages/features-e001");
      await(child, () -> !files(middle).isEmpty());
    } finally {
      child.destroyForcibly();
      child.waitFor(60, TimeUnit.SECONDS);
    }
    before = stages(run);
    assertThat(before).containsKey("train-e000").doesNotContainKey("report");
    assertThat(run.resolve("lock.json")).as("of a dead process").exists();
    Cli plan = Cli.run("plan", yaml, "--json", "--set", "output=" + root.resolve("killed"));
    JsonNode planned = JSON.readTree(plan.out());
    assertThat(planned.get("run").asText()).isEqualTo(run.getFileName().toString());
    done = new ArrayList<>();
    for (JsonNode stage : planned.get("stages")) {
      if (stage.get("complete").asBoolean()) {
        done.add(stage.get("id").asText());
      }
    }
    assertThat(done).containsExactlyInAnyOrderElementsOf(before.keySet());

    Cli again = Cli.run("run", yaml, "--set", "output=" + root.resolve("killed"));
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(again.out())
        .contains("Continuing " + run.getFileName(), done.size() + " stages were complete already");
    Map<String, Manifest> after = stages(run);
    for (String id : done) {
      assertThat(after.get(id).attempt()).as(id).isEqualTo(before.get(id).attempt());
      assertThat(after.get(id).created()).as(id).isEqualTo(before.get(id).created());
    }
    assertThat(digests(run)).isEqualTo(digests(first));
    assertThat(list(runs)).containsExactly(run);
    List<String> listed = new ArrayList<>();
    after.get("features-e001").parts().forEach(p -> listed.add(p.path()));
    listed.add(run.resolve("stages/features-e001/manifest.json").toString());
    assertThat(files(run.resolve("stages/features-e001")))
        .as("what the killed attempt did not finish is swept")
        .containsExactlyInAnyOrderElementsOf(listed);
  }

  @ParameterizedTest
  // method, changed settings, rotations, largest super-class, largest sub-class, has V, has W
  @CsvSource({
    "deepcluster, clustering.m=1, 1, 0, 5, false, true",
    "rotnet, clustering=null, 4, 3, 0, true, false",
    "cartesian, clustering.m=1, 4, 0, 23, false, true",
    "sela, 'clustering={m: 1, k: 6, sinkhorn: {heads: 3, rotation: true}}', 4, 3, 5, true, true",
    "supervised, clustering=null, 1, 0, 2, false, true",
    "random, clustering=null, 0, 0, 0, false, false",
  })
  void everyMethodIsAConfiguration(
      String method, String set, int rotations, int superClass, int subClass, boolean v, boolean w)
      throws Exception {
    boolean trains = !method.equals("random");
    Path run =
        run(
            "method-" + method,
            "--set",
            "method=" + method,
            "--set",
            set,
            "--set",
            "evaluation=null",
            "--set",
            trains ? "train.epochs=1" : "train=null");
    Map<String, Manifest> stages = stages(run);
    boolean clusters = !set.equals("clustering=null");
    Set<String> expected = new TreeSet<>(Set.of("ingest", "init", "report"));
    if (clusters) {
      expected.addAll(List.of("features-e000", "cluster-e000"));
    }
    if (trains) {
      expected.addAll(List.of("augment-e000", "train-e000"));
    }
    assertThat(stages.keySet()).isEqualTo(expected);
    assertThat(run.resolve("report/report.html")).exists();
    assertThat(run.resolve("model/model.safetensors")).exists();
    if (!trains) {
      return;
    }
    Map<String, Double> numbers = numbers(run, "train-e000");
    assertThat(numbers.get("loss")).isPositive().isFinite();
    assertThat(numbers.containsKey("accuracy/super")).isEqualTo(v);
    assertThat(numbers.containsKey("accuracy/sub")).isEqualTo(w);
    try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
        Statement sql = duckDb.createStatement()) {
      String draws = glob(run, "augment-e000");
      assertThat(number(sql, "SELECT count(DISTINCT rotation) FROM " + draws)).isEqualTo(rotations);
      assertThat(number(sql, "SELECT max(super_class) FROM " + draws)).isEqualTo(superClass);
      assertThat(number(sql, "SELECT max(sub_class) FROM " + draws)).isEqualTo(subClass);
    }
  }

  /** Labels from the network's own predictions: all iterations in one job, or a job for each. */
  @Test
  void selaKeepsItsHeadsAndDoesNotDependOnHowJobsAreCut() throws Exception {
    List<Object> sela =
        List.of(
            "--set",
            "method=sela",
            "--set",
            "clustering={m: 1, k: 7, sinkhorn: {heads: 3, tolerance: 1e-12, maxIterations: 3}}");
    Path run = run("sela", sela.toArray());
    List<Object> cut = new ArrayList<>(sela);
    cut.addAll(
        List.of(
            "--set",
            "execution.parallelism=4",
            "--set",
            "clustering.singleJobMiB=0",
            "--set",
            "execution.keep=all"));
    Path other = run("sela-cut", cut.toArray());
    assertThat(digests(other)).isEqualTo(digests(run));
    for (String id : List.of("cluster-e000", "cluster-e001", "evaluate")) {
      assertThat(numbers(other, id)).as(id).isEqualTo(numbers(run, id));
    }

    Map<String, Manifest> stages = stages(run);
    assertThat(stages.get("train-e001").config())
        .containsEntry("freshHeads", "false")
        .containsEntry("heads", "3")
        .containsEntry("rotations", "1");
    assertThat(stages.get("cluster-e001").inputs())
        .containsOnlyKeys("features", "model", "previous");
    assertThat(stages.get("cluster-e001").rows())
        .containsEntry("assignments", (long) TinyImages.GOOD)
        .containsEntry("heads", 21L);
    Map<String, Double> numbers = numbers(run, "cluster-e001");
    assertThat(numbers)
        .containsEntry("sinkhorn/iterations", 3.0)
        .containsEntry("sinkhorn/unconverged", 3.0)
        .containsEntry("clusters/rejected", 0.0)
        .containsEntry("clusters/nmi_previous", numbers.get("clusters/head0/nmi_previous"));
    try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
        Statement sql = duckDb.createStatement()) {
      String assigned =
          "'"
              + Path.of(stages.get("cluster-e001").table("assignments").get(0).path()).getParent()
              + "/*.parquet'";
      String drawn = glob(run, "augment-e001");
      assertThat(
              number(
                  sql,
                  "SELECT count(*) FROM "
                      + drawn
                      + " JOIN "
                      + assigned
                      + " USING (image_id) WHERE sub_class = sub_cluster AND sub_class_1 ="
                      + " sub_cluster_1 AND sub_class_2 = sub_cluster_2 AND rotation = 0"))
          .as("every image once, with its labels")
          .isEqualTo(TinyImages.GOOD);
      assertThat(
              number(
                  sql,
                  "SELECT count(*) FROM "
                      + assigned
                      + " WHERE super_cluster <> 0 OR sub_cluster NOT BETWEEN 0 AND 6 OR distance <"
                      + " 0 OR sub_cluster_2 NOT BETWEEN 0 AND 6"))
          .isZero();
    }
    assertThat(Files.readString(run.resolve("report/report.html"))).contains("sela", "</html>");
  }

  @Test
  void seedsRunOneAfterTheOtherAndEndWithMeanAndDeviation() throws IOException {
    Cli cli =
        Cli.run(
            "run",
            yaml,
            "--json",
            "--seeds",
            "3,4",
            "--set",
            "method=random",
            "--set",
            "clustering=null",
            "--set",
            "train=null",
            "--set",
            "output=" + root.resolve("seeds"));
    assertThat(cli.code()).as(cli.err()).isZero();
    JsonNode runs = JSON.readTree(cli.out()).get("runs");
    assertThat(runs).hasSize(2);
    JsonNode metrics = runs.get(0).get("metrics");
    assertThat(metrics.get("eval/knn/top1"))
        .as("the untrained network is the experiment's own")
        .isEqualTo(metrics.get("random/eval/knn/top1"))
        .as("and the one that pre-training of the same seed starts from")
        .isEqualTo(result.get("metrics").get("random/eval/knn/top1"));
    assertThat(runs.get(1).get("metrics")).isNotEqualTo(metrics);
    assertThat(cli.err()).contains("Seed 3", "Seed 4", " ± ");
    assertThat(list(root.resolve("seeds/tiny"))).hasSize(2);
  }

  /** Every choice of k-means at once; in one job and in a job per pass; heads are kept. */
  @Test
  void aWarmRestartGoesOnFromTheLastClustering() throws Exception {
    List<Object> set =
        List.of(
            "--set",
            "evaluation=null",
            "--set",
            "clustering={m: 2, k: 6, reassignEvery: 1, pcaDim: 8, iterations: 9, tolerance: 0.01,"
                + " init: k-means||, spherical: true, warmRestart: true}");
    Path run = run("warm", set.toArray());
    List<Object> cut = new ArrayList<>(set);
    cut.addAll(List.of("--set", "clustering.singleJobMiB=0", "--set", "execution.parallelism=3"));
    assertThat(digests(run("warm-cut", cut.toArray()))).isEqualTo(digests(run));
    Map<String, Manifest> stages = stages(run);
    assertThat(stages.get("train-e001").config()).containsEntry("freshHeads", "false");
    assertThat(stages(first).get("train-e001").config()).containsEntry("freshHeads", "true");
    assertThat(stages.get("cluster-e001").rows().get("trace"))
        .as("ended early")
        .isLessThan(2L * (9 + 1));
    assertThat(numbers(run, "cluster-e001").get("clusters/changed"))
        .isLessThan(numbers(first, "cluster-e001").get("clusters/changed"));
  }

  @Test
  void imagesOfARunAreAssignedAsInTheRun() throws Exception {
    Path sela =
        run(
            "assign-sela",
            "--set",
            "evaluation=null",
            "--set",
            "method=sela",
            "--set",
            "clustering={m: 1, k: 7, sinkhorn: {heads: 3, maxIterations: 50, updates: '0, 1'}}");
    String uri = "image_id, super_cluster, sub_cluster, distance";
    assigned(first, "cluster-e001", uri);
    assigned(first, "cluster-e000", uri, "--epoch", "0");
    assigned(sela, "cluster-e001", uri + ", sub_cluster_1, sub_cluster_2");
  }

  private static void assigned(Path run, String clustering, String columns, String... options)
      throws Exception {
    Path out = root.resolve("assigned-" + run.getFileName() + "-" + clustering);
    List<Object> words =
        new ArrayList<>(List.of("assign", run, root.resolve("photos"), "--output", out, "--json"));
    words.addAll(List.of(options));
    Cli cli = Cli.run(words.toArray());
    assertThat(cli.code()).as(cli.err()).isZero();
    JsonNode written = JSON.readTree(cli.out());
    assertThat(written.get("images").asInt()).isEqualTo(TinyImages.GOOD);
    assertThat(written.get("clustering").asText()).isEqualTo(clustering);
    assertThat(written.get("unassigned").asInt()).isZero();
    assertThat(written.get("rejected").asInt()).isEqualTo(TinyImages.BROKEN);
    assertThat(files(out)).noneMatch(f -> f.contains("attempt"));
    String stored = Manifest.read(run + "/stages/" + clustering).table("assignments").get(0).path();
    String there = "SELECT " + columns + " FROM '" + Path.of(stored).getParent() + "/*.parquet'";
    String here = "SELECT " + columns + " FROM '" + out + "/assigned/*.parquet'";
    try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
        Statement sql = duckDb.createStatement()) {
      assertThat(number(sql, "SELECT count(*) FROM (" + here + ")")).isEqualTo(TinyImages.GOOD);
      assertThat(number(sql, "SELECT count(*) FROM (" + here + " EXCEPT " + there + ")")).isZero();
      assertThat(number(sql, "SELECT count(DISTINCT uri) FROM '" + out + "/assigned/*.parquet'"))
          .isEqualTo(TinyImages.GOOD);
      assertThat(columns(sql, out + "/assigned/part-00000.parquet"))
          .containsEntry("image_id", "VARCHAR")
          .containsEntry("uri", "VARCHAR")
          .containsEntry("super_cluster", "INTEGER")
          .containsEntry("sub_cluster", "INTEGER")
          .containsEntry("distance", "FLOAT");
    }
  }

  @Test
  void assigningSaysWhatIsMissing() throws IOException {
    Path out = root.resolve("assigned-nothing");
    Path photos = root.resolve("photos");
    assertThat(Cli.run("assign", photos, photos, "--output", out))
        .satisfies(c -> assertThat(c.code()).isEqualTo(2))
        .extracting(Cli::err)
        .asString()
        .contains("MODEL must be the folder of a run", "photos/run.json is not there");
    assertThat(Cli.run("assign", first, photos, "--epoch", "7", "--output", out).err())
        .contains("--epoch must be", "one of [0, 1], got 7");

    Path copy = root.resolve("copy-of-a-run");
    Files.createDirectories(copy);
    Files.copy(first.resolve("run.json"), copy.resolve("run.json"));
    assertThat(Cli.run("assign", copy, photos, "--output", out).err())
        .contains("MODEL must be a run that clusters its images", copy + " has not");
    for (String id : List.of("ingest", "features-e001", "cluster-e001", "train-e000")) {
      copy(first.resolve("stages/" + id), copy.resolve("stages/" + id));
    }
    Path train = copy.resolve("stages/train-e000");
    Manifest.read(train.toString()).without(Set.of("checkpoint")).write(train.toString());
    Cli deleted = Cli.run("assign", copy, photos, "--output", out);
    assertThat(deleted.code()).isEqualTo(2);
    assertThat(deleted.err())
        .contains("the training state of train-e000", "is deleted", "execution.keep is all");

    copyOver(first.resolve("stages/train-e001"), train);
    assertThat(Cli.run("assign", copy, photos, "--output", out).err())
        .contains("cluster-e001 was made with the network of train-e000");
    copyOver(first.resolve("stages/train-e000"), train);
    Path cluster = copy.resolve("stages/cluster-e001");
    Manifest.read(cluster.toString()).without(Set.of("centroids")).write(cluster.toString());
    Cli damaged = Cli.run("assign", copy, photos, "--output", out);
    assertThat(damaged.code()).isEqualTo(1);
    assertThat(damaged.err())
        .contains("cluster-e001: 8 centroids of 8 values expected, got 0 of 0");
    assertThat(out).doesNotExist();
  }

  private static void copyOver(Path from, Path to) throws IOException {
    for (String file : files(to)) {
      Files.delete(Path.of(file));
    }
    copy(from, to);
  }

  @Test
  void featuresAreThoseOfTheExportedModel() throws Exception {
    Path vectors = root.resolve("vectors");
    Cli cli = Cli.run("features", first, root.resolve("photos"), "--output", vectors, "--json");
    assertThat(cli.code()).as(cli.err()).isZero();
    JsonNode written = JSON.readTree(cli.out());
    assertThat(written.get("images").asInt()).isEqualTo(TinyImages.GOOD);
    assertThat(written.get("dimension").asInt()).isEqualTo(128);
    assertThat(written.get("rejected").asInt()).isEqualTo(TinyImages.BROKEN);
    assertThat(files(vectors)).noneMatch(f -> f.contains("attempt"));

    Map<String, float[]> found = new TreeMap<>();
    try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
        Statement sql = duckDb.createStatement();
        ResultSet rows =
            sql.executeQuery(
                "SELECT image_id, uri, vector FROM '" + vectors + "/vectors/*.parquet'")) {
      while (rows.next()) {
        assertThat(Path.of(rows.getString(2))).exists();
        found.put(rows.getString(1), floats(rows.getArray(3)));
      }
    }
    assertThat(found).hasSize(TinyImages.GOOD);

    byte[] safetensors = Files.readAllBytes(first.resolve("model/model.safetensors"));
    ModelConfig config = new ModelConfig("vgg-small", 28, "rgb", 2, 0.5);
    byte[] zip = Files.readAllBytes(first.resolve("model/model.zip"));
    try (Trunk trunk = Trunk.create(config, 99);
        Trunk dl4j = Trunk.readDl4j(new ByteArrayInputStream(zip), config)) {
      trunk.load(tensors(safetensors));
      Part block = stages(first).get("ingest").table("images").get(1);
      ImageBlock images = ImageBlock.read(block);
      for (ImageBlock.Batch b :
          images.batches(trunk.config().imageSize(), trunk.inputChannels(), 10)) {
        float[] here = trunk.features(b.input()).dup('c').data().asFloat();
        float[] standard = dl4j.features(b.input()).dup('c').data().asFloat();
        for (int i = 0; i < b.size(); i++) {
          float[] there = found.get(images.ids()[b.from() + i]);
          for (int j = 0; j < 128; j++) {
            assertThat(there[j]).isCloseTo(here[i * 128 + j], within(1e-5f));
            assertThat(there[j]).isCloseTo(standard[i * 128 + j], within(1e-4f));
          }
        }
      }
    }

    Cli twice = Cli.run("features", first, root.resolve("photos"), "--output", vectors);
    assertThat(twice.code()).isEqualTo(2);
    assertThat(twice.err())
        .contains("--output must be a folder without vectors of an earlier call, got " + vectors);
    Cli layer =
        Cli.run(
            "features",
            first.resolve("model/model.safetensors"),
            root.resolve("photos"),
            "--layer",
            "conv9",
            "--output",
            root.resolve("other"));
    assertThat(layer.code()).isNotZero();
    assertThat(layer.err())
        .contains("--layer must be one of conv1, ", "conv6, features, got conv9");
  }

  @Test
  void featuresAreFoundWhateverTheLayout() throws IOException {
    Path cifar =
        Path.of("../stages/src/test/resources/org/deepercluster/stages/ingest/formats/cifar10")
            .toAbsolutePath();
    Path vectors = root.resolve("cifar-vectors");
    Cli part = Cli.run("features", first, cifar, "--output", vectors);
    assertThat(part.code()).isEqualTo(2);
    assertThat(part.err())
        .contains("split must be one of train, test for format cifar10, and is missing");
    Cli other = Cli.run("features", first, cifar, "--format", "zip", "--output", vectors);
    assertThat(other.err()).contains("cifar10: holds no .zip files");
    Cli found =
        Cli.run("features", first, cifar, "--split", "train", "--output", vectors, "--json");
    assertThat(found.code()).as(found.err()).isZero();
    assertThat(JSON.readTree(found.out()).get("images").asInt()).isEqualTo(10);
  }

  @Test
  void thePlanNamesInputsAndOutputsInOrder() throws IOException {
    Cli cli = Cli.run("plan", yaml, "--json");
    assertThat(cli.code()).isZero();
    JsonNode plan = JSON.readTree(cli.out());
    assertThat(plan.get("run").asText()).as("a finished run is not continued").isEmpty();
    Map<String, JsonNode> stages = new LinkedHashMap<>();
    plan.get("stages").forEach(s -> stages.put(s.get("id").asText(), s));
    assertThat(stages.keySet()).startsWith("ingest").endsWith("evaluate", "report").hasSize(14);
    assertThat(stages.get("train-e001").get("inputs"))
        .isEqualTo(
            JSON.readTree(
                """
                {"images": "ingest", "draws": "augment-e001", "model": "train-e000"}"""));
    assertThat(stages.get("cluster-e001").get("inputs").get("previous").asText())
        .isEqualTo("cluster-e000");
    assertThat(stages.get("cluster-e001").get("outputs").get(0).asText()).isEqualTo("assignments");
    assertThat(stages.values()).noneMatch(s -> s.get("complete").asBoolean());
    assertThat(Cli.run("plan", yaml).out())
        .contains("A new run of tiny", " 14      report", "<- augment-e001, ingest, train-e000");
  }

  @Test
  void faultsHaveTheirExitCodes() throws IOException {
    Cli bad = Cli.run("run", yaml, "--set", "clustering.k=7", "--set", "trian.epochs=1");
    assertThat(bad.code()).isEqualTo(2);
    assertThat(bad.err()).contains("--set trian.epochs=1", "clustering.k");
    assertThat(bad.out()).isEmpty();
    assertThat(Cli.run("run", yaml, "--set", "clustering.k=400").code())
        .as("more clusters than images")
        .isEqualTo(2);
    assertThat(Cli.run("run", yaml, "--unknown").code()).isEqualTo(2);
    assertThat(Cli.run("validate", yaml).code()).isZero();

    Path rejects = root.resolve("rejects");
    Cli rejected =
        Cli.run("run", yaml, "--set", "data.maxRejects=0.001", "--set", "output=" + rejects);
    assertThat(rejected.code()).isEqualTo(1);
    assertThat(rejected.err())
        .contains("2 of 302 images rejected (0.7 %), more than data.maxRejects = 0.001 allows")
        .contains("photos/rings/half.png", "photos/tiles/words.png", "Log: the.log");
    Path run = list(rejects.resolve("tiny")).get(0);
    assertThat(Files.readString(run.resolve("run.json"))).contains("\"failed\"");
    assertThat(run.resolve("lock.json")).doesNotExist();
  }

  private static Path run(String output, Object... more) throws IOException {
    List<Object> args = new ArrayList<>(List.of("run", yaml, "--json"));
    args.addAll(List.of(more));
    args.addAll(List.of("--set", "output=" + root.resolve(output)));
    Cli cli = Cli.run(args.toArray());
    assertThat(cli.code()).as(cli.err()).isZero();
    return Path.of(JSON.readTree(cli.out()).get("directory").asText());
  }

  private static List<String> readersOfLabels(String method) throws IOException {
    boolean clusters = method.startsWith("deep") || method.equals("cartesian");
    List<String> set =
        new ArrayList<>(List.of("method=" + method, "output=" + root.resolve("none")));
    set.add(clusters ? "clustering.m=1" : "clustering=null");
    if (method.equals("deepercluster")) {
      set.set(2, "clustering.m=2");
    } else if (method.equals("sela")) {
      set.set(2, "clustering={m: 1, k: 6}");
    }
    Experiment e = ExperimentReader.read(yaml, set, Map.of());
    return PlannedRun.of(e).plan().instances().stream()
        .filter(i -> i.inputs().containsKey("labels"))
        .map(i -> i.id())
        .toList();
  }

  private static Process child(Object... args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (!option.startsWith("-javaagent") && !option.startsWith("-agentlib")) {
        command.add(option);
      }
    }
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(Main.class.getName());
    for (Object a : args) {
      command.add(a.toString());
    }
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(root.resolve("child.txt").toFile())
        .start();
  }

  private static void await(Process child, BooleanSupplier condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(child.isAlive())
          .as(() -> "ended early: " + read(root.resolve("child.txt")))
          .isTrue();
      assertThat(System.nanoTime()).as("waited in vain").isLessThan(deadline);
      Thread.sleep(10);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static Map<String, Manifest> stages(Path run) throws IOException {
    Map<String, Manifest> stages = new TreeMap<>();
    for (Path folder : list(run.resolve("stages"))) {
      if (Files.exists(folder.resolve("manifest.json"))) {
        stages.put(folder.getFileName().toString(), Manifest.read(folder.toString()));
      }
    }
    return stages;
  }

  /** Digests of all results but the report, which says when and where it was made. */
  private static Map<String, String> digests(Path run) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    stages(run).forEach((id, m) -> digests.put(id, m.digest()));
    digests.remove("report");
    return digests;
  }

  private static Map<String, String> only(Map<String, String> digests, List<String> ids) {
    Map<String, String> some = new TreeMap<>(digests);
    some.keySet().retainAll(ids);
    assertThat(some).hasSize(ids.size());
    return some;
  }

  private static Map<String, Double> numbers(Path run, String instance) throws IOException {
    return Manifest.read(run + "/stages/" + instance).numbers();
  }

  private static String glob(Path run, String instance) throws IOException {
    String draws = Manifest.read(run + "/stages/" + instance).table("draws").get(0).path();
    return "'" + Path.of(draws).getParent() + "/*.parquet'";
  }

  private static long number(Statement sql, String query) throws SQLException {
    try (ResultSet r = sql.executeQuery(query)) {
      assertThat(r.next()).isTrue();
      return r.getLong(1);
    }
  }

  private static Map<String, String> columns(Statement sql, String path) throws SQLException {
    Map<String, String> columns = new LinkedHashMap<>();
    try (ResultSet r = sql.executeQuery("DESCRIBE SELECT * FROM '" + path + "'")) {
      while (r.next()) {
        columns.put(r.getString(1), r.getString(2));
      }
    }
    return columns;
  }

  private static float[] floats(Array array) throws SQLException {
    Object[] values = (Object[]) array.getArray();
    float[] v = new float[values.length];
    for (int i = 0; i < v.length; i++) {
      v[i] = (Float) values[i];
    }
    return v;
  }

  /**
   * Reads safetensors by its published layout, independently of the program: 8 bytes of length, a
   * JSON header of that length, then the data.
   */
  private static Map<String, Tensor> tensors(byte[] file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int header = Math.toIntExact(bytes.getLong(0));
    JsonNode json = JSON.readTree(new String(file, 8, header, UTF_8));
    assertThat(json.get("__metadata__").get("model.trunk").asText()).isEqualTo("vgg-small");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    int end = 0;
    for (String name : names(json)) {
      JsonNode t = json.get(name);
      if (name.equals("__metadata__")) {
        continue;
      }
      assertThat(t.get("dtype").asText()).isEqualTo("F32");
      int[] shape = JSON.convertValue(t.get("shape"), int[].class);
      int from = t.get("data_offsets").get(0).asInt();
      int to = t.get("data_offsets").get(1).asInt();
      int n = Arrays.stream(shape).reduce(1, Math::multiplyExact);
      assertThat(to - from).as(name).isEqualTo(4 * n);
      float[] data = new float[n];
      bytes.position(8 + header + from);
      bytes.slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(data);
      tensors.put(name, new Tensor(shape, data));
      end = Math.max(end, to);
    }
    assertThat(8 + header + end).as("no bytes are left over").isEqualTo(file.length);
    return tensors;
  }

  private static Set<String> names(JsonNode object) {
    Set<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static List<Path> list(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> s = Files.list(folder)) {
      return s.sorted().toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static List<String> files(Path folder) {
    try {
      return org.deepercluster.stages.table.Files.list(folder.toString());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    for (String file : files(from)) {
      Path target = to.resolve(from.relativize(Path.of(file)));
      Files.createDirectories(target.getParent());
      Files.copy(Path.of(file), target);
    }
  }
}
