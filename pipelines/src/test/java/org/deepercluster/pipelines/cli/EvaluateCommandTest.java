package org.deepercluster.pipelines.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models measured by protocols, from the command line to the report. */
class EvaluateCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String[] CLASSES = {"cat", "dog", "sheep"};

  @TempDir static Path root;
  private static Path run;

  /** An untrained network is a run too, and leaves a model. */
  @BeforeAll
  static void measureAnUntrainedNetwork() throws IOException {
    TinyImages.write(root);
    JsonNode result =
        evaluate(
            "untrained",
            "--protocol",
            "knn",
            "--data",
            root.resolve("train-images"),
            "--test",
            root.resolve("test-images"),
            "--set",
            "neighbours=5",
            "--set",
            "model.trunk=vgg-small",
            "--set",
            "model.imageSize=28",
            "--set",
            "model.width=2");
    run = Path.of(result.get("directory").asText());
    assertThat(run.getParent()).isEqualTo(root.resolve("runs/evaluate-knn"));
    assertThat(result.get("metrics").get("eval/knn/top1").asDouble()).isBetween(0.0, 100.0);
    assertThat(stages(run))
        .containsExactlyInAnyOrder("ingest-train", "ingest-test", "init", "evaluate-knn", "report");
  }

  @Test
  void theSameNetworkByItsRunByItsFileAndUntrainedHasTheSameFigure() throws IOException {
    double untrained = metrics(run).get("eval/knn/top1").asDouble();
    for (Object model : List.of(run, run.resolve("model/model.safetensors"))) {
      JsonNode result =
          evaluate(
              model,
              "--protocol",
              "knn",
              "--data",
              root.resolve("train-images"),
              "--test",
              root.resolve("test-images"),
              "--set",
              "neighbours=5");
      assertThat(result.get("metrics").get("eval/knn/top1").asDouble()).isEqualTo(untrained);
      Path folder = Path.of(result.get("directory").asText());
      assertThat(folder.resolve("model")).doesNotExist();
      assertThat(Files.readString(folder.resolve("report/report.html")))
          .contains("of an earlier run was measured", "k-NN");
      assertThat(Files.readString(folder.resolve("experiment.yaml")))
          .contains("method: pretrained", "type: knn", "neighbours: 5");
    }
  }

  /** A small collection in the layout of VOC2007, with difficult objects and several classes. */
  @Test
  void averagePrecisionOnPascalVoc() throws IOException {
    Path voc = voc(root.resolve("VOC2007"));
    JsonNode svm =
        evaluate(run, "--protocol", "voc07-svm", "--data", voc, "--set", "costs=0.01,2^-4")
            .get("metrics");
    for (String metric : List.of("map", "map_11point", "map_interpolated")) {
      assertThat(svm.get("eval/voc07-svm/" + metric + "/conv6").asDouble()).isBetween(33.0, 100.0);
    }
    JsonNode low =
        evaluate(
                run,
                "--protocol",
                "voc07-lowshot",
                "--data",
                voc,
                "--set",
                "shots=1,3",
                "--set",
                "samples=2",
                "--set",
                "costs=0.01,2^-4",
                "--set",
                "layers=conv1,last-block")
            .get("metrics");
    assertThat(low.get("eval/voc07-lowshot/map_k3/last-block").asDouble()).isBetween(10.0, 100.0);
    assertThat(low.has("eval/voc07-lowshot/map_interpolated_k1_sd/conv1")).isTrue();
    Cli top1 = Cli.run(command(run, "--protocol", "linear", "--data", voc, "--format", "voc"));
    assertThat(top1.code()).isEqualTo(2);
    assertThat(top1.err()).contains("evaluation.train.split");
  }

  /** A collection in Oxford5k's layout: the image that a query is a part of is the likest to it. */
  @Test
  void retrieval() throws IOException {
    Path lists = Files.createDirectories(root.resolve("lists"));
    List<Path> photos;
    try (var files = Files.walk(root.resolve("photos"))) {
      photos = files.filter(f -> f.toString().endsWith("0.png")).sorted().toList();
    }
    Path images = Files.createDirectories(root.resolve("places"));
    for (Path photo : photos) {
      Files.copy(photo, images.resolve(photo.getFileName()));
    }
    String first = photos.get(0).getFileName().toString().replace(".png", "");
    String second = photos.get(1).getFileName().toString().replace(".png", "");
    Files.writeString(lists.resolve("x_query.txt"), first + " 0 0 1000 1000");
    Files.writeString(lists.resolve("x_good.txt"), first);
    Files.writeString(lists.resolve("x_ok.txt"), "");
    Files.writeString(lists.resolve("x_junk.txt"), second);
    for (String whiten : List.of("false", "true")) {
      JsonNode metrics =
          evaluate(
                  run,
                  "--protocol",
                  "retrieval",
                  "--test",
                  images,
                  "--data",
                  images,
                  "--set",
                  "groundTruth=" + lists,
                  "--set",
                  "whiten=" + whiten)
              .get("metrics");
      assertThat(metrics.get("eval/retrieval/map/conv6").asDouble()).isEqualTo(100);
    }
  }

  /** With labels per image as items, these are the figures of the evaluation without protocols. */
  @Test
  void clustersOfAnExperiment() throws IOException {
    Path yaml = root.resolve("clusters.yaml");
    Files.writeString(
        yaml,
        """
        name: clusters
        method: deepercluster
        data: {format: images, path: photos, labels: folders}
        model: {trunk: vgg-small, imageSize: 28, width: 2}
        clustering: {m: 2, k: 6, pcaDim: 8, iterations: 2}
        train: {epochs: 1, batchSize: 64}
        evaluation: {protocols: [clusters]}
        execution: {threads: 1, retries: 0}
        output: %s
        tracking: {mode: journal}
        """
            .formatted(root.resolve("runs")));
    Cli cli = Cli.run("run", yaml, "--json");
    assertThat(cli.code()).as(cli.err()).isZero();
    JsonNode metrics = JSON.readTree(cli.out()).get("metrics");
    assertThat(metrics.get("eval/clusters/nmi").asDouble()).isBetween(0.0, 1.0);
    assertThat(metrics.get("eval/clusters/count").asInt()).isBetween(2, 6);
    Cli none = Cli.run(command(run, "--protocol", "clusters"));
    assertThat(none.code()).isEqualTo(1);
    assertThat(none.err()).contains("measures the clusters of the experiment, and it has none");
  }

  @Test
  void listsTheProtocols() {
    Cli list = Cli.run("evaluate", "--list");
    assertThat(list.code()).isZero();
    assertThat(list.out()).contains("knn\n    Weighted", "voc07-svm\n", "imagenet-linear\n");
  }

  @Test
  void saysWhatIsMissingOrWrong() {
    assertFails("MODEL is missing");
    assertFails("--protocol is missing: one of clusters, ", run);
    assertFails("--protocol must be one of clusters, ", run, "--protocol", "nearest");
    assertFails(
        "evaluation.train", run, "--protocol", "knn", "--test", root.resolve("test-images"));
    assertFails("must be the folder of a run", "nothing", "--protocol", "knn");
    assertFails(
        "did you mean `neighbours`?",
        run,
        "--protocol",
        "knn",
        "--data",
        root.resolve("train-images"),
        "--test",
        root.resolve("test-images"),
        "--set",
        "neighbour=3");
  }

  private static void assertFails(String message, Object... words) {
    Cli cli = Cli.run(command(words));
    assertThat(cli.code()).isEqualTo(2);
    assertThat(cli.err()).contains(message);
  }

  private static Object[] command(Object... words) {
    List<Object> all = new ArrayList<>(List.of("evaluate"));
    all.addAll(List.of(words));
    for (String setting :
        List.of(
            "output=" + root.resolve("runs"),
            "tracking.mode=journal",
            "execution.threads=1",
            "execution.retries=0")) {
      all.addAll(List.of("--set", setting));
    }
    return all.toArray();
  }

  private static JsonNode evaluate(Object... words) throws IOException {
    Object[] all = command(words);
    Object[] json = java.util.Arrays.copyOf(all, all.length + 1);
    json[all.length] = "--json";
    Cli cli = Cli.run(json);
    assertThat(cli.code()).as(cli.err()).isZero();
    return JSON.readTree(cli.out());
  }

  private static JsonNode metrics(Path folder) throws IOException {
    return JSON.readTree(folder.resolve("run.json").toFile()).get("metrics");
  }

  private static List<String> stages(Path folder) throws IOException {
    try (var files = Files.list(folder.resolve("stages"))) {
      return files.map(f -> f.getFileName().toString()).toList();
    }
  }

  /** 24 images for training and 12 for the test; image i shows class i mod 3, every fourth two. */
  private static Path voc(Path folder) throws IOException {
    Path sets = Files.createDirectories(folder.resolve("ImageSets/Main"));
    Path images = Files.createDirectories(folder.resolve("JPEGImages"));
    Files.createDirectories(folder.resolve("Annotations"));
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 36; i++) {
      BufferedImage image = new BufferedImage(40, 32, BufferedImage.TYPE_INT_RGB);
      for (int y = 0; y < 32; y++) {
        for (int x = 0; x < 40; x++) {
          int stripe = (x * (i % 3 == 0 ? 1 : 0) + y * (i % 3 == 1 ? 1 : 0)) / 4 % 2;
          int v = 60 + 120 * stripe + random.nextInt(40);
          image.setRGB(x, y, v << 16 | v << 8 | (i % 3 == 2 ? 255 - v : v));
        }
      }
      ImageIO.write(image, "jpg", images.resolve(String.format("%06d.jpg", i)).toFile());
    }
    set(sets, "trainval", 0, 24);
    set(sets, "test", 24, 36);
    return folder;
  }

  private static void set(Path sets, String split, int from, int to) throws IOException {
    StringBuilder all = new StringBuilder();
    for (int i = from; i < to; i++) {
      all.append(String.format("%06d%n", i));
    }
    Files.writeString(sets.resolve(split + ".txt"), all);
    for (int c = 0; c < CLASSES.length; c++) {
      StringBuilder lines = new StringBuilder();
      for (int i = from; i < to; i++) {
        int label = i % 3 == c ? 1 : i % 4 == 0 && (i + 1) % 3 == c ? 1 : i % 7 == c ? 0 : -1;
        lines.append(String.format("%06d %2d%n", i, label));
      }
      Files.writeString(sets.resolve(CLASSES[c] + "_" + split + ".txt"), lines);
    }
  }
}
