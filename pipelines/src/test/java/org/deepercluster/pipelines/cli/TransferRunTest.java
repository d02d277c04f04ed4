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
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The protocols that train, from the command line to the results, on a tiny collection in Pascal
 * VOC's layout and on tiny IDX files.
 */
class TransferRunTest {
  private static final String[] CLASSES = {"bars", "dots", "sheets"};
  private static final int IMAGES = 60;

  @TempDir static Path root;
  private static Map<String, Double> first;

  @BeforeAll
  static void runOnce() throws IOException {
    TinyImages.write(root);
    writeVoc(root.resolve("VOC2007"));
    first = run("first", 1);
  }

  /** Images whose left half shows one class and whose right half shows one, or another, or none. */
  private static void writeVoc(Path voc) throws IOException {
    Path sets = Files.createDirectories(voc.resolve("ImageSets/Main"));
    Path jpegs = Files.createDirectories(voc.resolve("JPEGImages"));
    SplittableRandom random = new SplittableRandom(5);
    Map<String, StringBuilder> lists = new TreeMap<>();
    for (int i = 1; i <= IMAGES; i++) {
      int left = i % 3;
      int right = i / 3 % 4;
      BufferedImage image = new BufferedImage(40, 30 + i % 5, BufferedImage.TYPE_INT_RGB);
      for (int y = 0; y < image.getHeight(); y++) {
        for (int x = 0; x < 40; x++) {
          int shown = x < 20 ? left : right;
          boolean light =
              switch (shown) {
                case 0 -> x / 3 % 2 == 0;
                case 1 -> x / 3 % 2 == 0 && y / 3 % 2 == 0;
                case 2 -> true;
                default -> false;
              };
          int v = (light ? 200 : 30) + random.nextInt(40);
          image.setRGB(x, y, v << 16 | v << 8 | v);
        }
      }
      String name = String.format("%06d", i);
      ImageIO.write(image, "jpg", jpegs.resolve(name + ".jpg").toFile());
      for (String split :
          i % 2 == 0 ? List.of("test") : List.of("trainval", i % 4 == 1 ? "train" : "val")) {
        lists.computeIfAbsent(split, k -> new StringBuilder()).append(name).append('\n');
        for (int c = 0; c < 3; c++) {
          // what is on the right alone is difficult in every fifth image
          int sign = c == left ? 1 : c != right ? -1 : i % 5 == 0 ? 0 : 1;
          lists
              .computeIfAbsent(CLASSES[c] + "_" + split, k -> new StringBuilder())
              .append(String.format("%s %2d%n", name, sign));
        }
      }
    }
    for (Map.Entry<String, StringBuilder> l : lists.entrySet()) {
      Files.writeString(sets.resolve(l.getKey() + ".txt"), l.getValue());
    }
  }

  private static Map<String, Double> run(String output, int parallelism) throws IOException {
    Path yaml = root.resolve("transfer.yaml");
    Files.writeString(
        yaml,
        """
        name: transfer
        method: random
        seed: 3
        model: {trunk: vgg-small, imageSize: 28, input: sobel, width: 4}
        evaluation:
          train: {format: idx, path: train-images, labels: train-labels}
          test: {format: idx, path: test-images, labels: test-labels}
          protocols:
            voc07-fc68:
              train: {path: VOC2007}
              test: {path: VOC2007}
              iterations: 12
              batchSize: 8
              randomViews: 3
              repetitions: 2
              keepEvery: 5
            voc07-all:
              train: {path: VOC2007}
              test: {path: VOC2007}
              iterations: 120
              batchSize: 8
              lrEvery: 100
              testViews: ten
              repetitions: 1
              lrCandidates: 0.00001, 0.01
              validation: %s
            voc07-linear:
              train: {path: VOC2007}
              test: {path: VOC2007}
              layers: conv1, conv6
              epochs: 2
              batchSize: 8
            imagenet-linear:
              layerLr: conv2=0.01
              epochs: 2
              batchSize: 16
            imagenet-finetune:
              epochs: 8
              batchSize: 16
              lrEvery: 6
            few:
              protocol: imagenet-semi-10
              epochs: 2
              batchSize: 4
              repetitions: 2
        execution: {parallelism: %d, threads: 1, retries: 0}
        output: %s
        tracking: {mode: journal}
        """
            .formatted(
                root.resolve("VOC2007/ImageSets/Main/val.txt"), parallelism, root.resolve(output)));
    Cli printed = Cli.run("run", yaml, "--json");
    assertThat(printed.code()).as(printed.err()).isZero();
    JsonNode metrics = new ObjectMapper().readTree(printed.out()).get("metrics");
    Map<String, Double> values = new TreeMap<>();
    metrics
        .fields()
        .forEachRemaining(
            e -> {
              if (e.getKey().startsWith("eval/")) {
                values.put(e.getKey().substring("eval/".length()), e.getValue().doubleValue());
              }
            });
    return values;
  }

  @Test
  void everyProtocolHasItsMetrics() {
    List<String> names = new ArrayList<>();
    for (String map : List.of("map", "map_11point", "map_interpolated")) {
      names.add("voc07-fc68/" + map);
      names.add("voc07-fc68/" + map + "_sd");
      names.add("voc07-all/" + map);
      names.add("voc07-linear/" + map + "/conv1");
      names.add("voc07-linear/" + map + "/conv6");
    }
    names.addAll(
        List.of(
            "voc07-all/chosen_lr",
            "voc07-all/chosen_weight_decay",
            "voc07-all/chosen_lr_every",
            "imagenet-finetune/top1",
            "few/top1",
            "few/top1_sd"));
    for (int conv = 1; conv <= 6; conv++) {
      names.add("imagenet-linear/top1/conv" + conv);
    }
    assertThat(first.keySet()).containsExactlyInAnyOrderElementsOf(names);
    first.forEach((name, value) -> assertThat(value).as(name).isBetween(0.0, 100.0));
  }

  @Test
  void theBetterLearningRateIsChosenAndLearns() {
    assertThat(first.get("voc07-all/chosen_lr")).isEqualTo(0.01);
    // about 50 by chance, with every class in half of the images
    assertThat(first.get("voc07-all/map")).isGreaterThan(70);
    assertThat(first.get("imagenet-finetune/top1")).isGreaterThan(50);
  }

  @Test
  void parallelismChangesNothing() throws IOException {
    assertThat(run("second", 2)).isEqualTo(first);
  }
}
