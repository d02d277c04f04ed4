package org.deepercluster.pipelines.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.experiment.ExperimentReader;
import org.deepercluster.pipelines.experiment.InvalidExperimentException;
import org.deepercluster.pipelines.run.PlannedRun;
import org.deepercluster.stages.model.ModelConfig;
import org.junit.jupiter.api.Test;

class EstimateTest {
  private static final Path PUBLISHED = Path.of("../experiments/yfcc100m.yaml");
  private static final double N = 95_920_149;

  /** Rates of one, so that seconds are amounts; decoding takes no time. */
  private static final Hardware UNIT = new Hardware("unit", 1, 1000, 1e30, 1, 1, 1, 1);

  private static Map<String, Long> published(Experiment e) {
    Map<String, Long> images = new TreeMap<>();
    e.collections().forEach((k, c) -> images.put(k, c.published().orElseThrow()));
    return images;
  }

  private static Map<String, Estimate.Phase> phases(Hardware hardware) throws Exception {
    Experiment e = ExperimentReader.read(PUBLISHED, List.of(), Map.of());
    return Estimate.of(PlannedRun.of(e, published(e)).plan(), hardware).phases().stream()
        .collect(Collectors.toMap(Estimate.Phase::stage, Function.identity()));
  }

  /**
   * Multiplications of VGG-16 on 224×224×3: 15,470,264,320 with its last layer of 4,096,000
   * (Simonyan and Zisserman's configuration D, counted layer by layer), which a trunk has not.
   */
  @Test
  void countsTheOperationsOfVgg16() {
    assertThat(new ModelConfig("vgg16", 224, "rgb", 64, 0.5).operations())
        .isEqualTo(2 * (15_470_264_320.0 - 4_096_000));
    double oneChannelLess = 9.0 * 64 * 224 * 224;
    assertThat(new ModelConfig("vgg16", 224, "sobel", 64, 0.5).operations())
        .isEqualTo(2 * (15_470_264_320.0 - 4_096_000 - oneChannelLess));
  }

  @Test
  void thePublishedRunIsCountedByHand() throws Exception {
    Map<String, Estimate.Phase> p = phases(UNIT);
    assertThat(p.keySet())
        .contains("ingest", "features", "cluster", "augment", "train")
        .as("protocols on the same images share what is ingested")
        .filteredOn(name -> name.startsWith("ingest-"))
        .containsExactlyInAnyOrder(
            "ingest-voc07-fc68-train",
            "ingest-voc07-fc68-test",
            "ingest-imagenet-linear-train",
            "ingest-imagenet-linear-test",
            "ingest-places205-linear-train",
            "ingest-places205-linear-test");
    double views = 5 * 10 * 4952.0;
    double forwards = 5 * 150_000 * 16.0;
    double vgg = new ModelConfig("vgg16", 224, "sobel", 64, 0.5).operations();
    assertThat(p.get("evaluate-voc07-all").seconds() / (2 * (3 * forwards + views) * vgg / 1e9))
        .as("two networks, five trainings each, ten views of each test image")
        .isCloseTo(1, within(1e-6));
    double forward = new ModelConfig("vgg16", 224, "sobel", 64, 0.5).operations();
    assertThat(p.get("features").instances()).as("every third of 100 epochs").isEqualTo(34);
    assertThat(p.get("features").seconds() / (34 * N * forward / 1e9)).isCloseTo(1, within(1e-6));
    assertThat(p.get("train").seconds() / (100 * N * 3 * (forward + 2 * 4096.0 * 80_016) / 1e9))
        .as("the image's own W_s and V")
        .isCloseTo(1, within(1e-6));
    assertThat(p.get("train").memoryGiB() * (1L << 30))
        .as("heads, gradients, velocities")
        .isCloseTo(12 * 4097.0 * (16 * 80_000 + 16), within(1.0));
  }

  @Test
  void workersShareAsFarAsTheStageLetsThem() throws Exception {
    Hardware many = new Hardware("many", 128, 1000, 1e30, 1, 1, 1, 1);
    Map<String, Estimate.Phase> p = phases(many);
    assertThat(p.get("features").workers()).isEqualTo(128);
    assertThat(p.get("train").workers()).as("train.workers").isEqualTo(64);
    assertThat(p.get("augment").workers()).isEqualTo(1);
    assertThat(p.get("augment").seconds()).isCloseTo(100 * N, within(1.0));
  }

  @Test
  void faultsAreNamed() {
    assertThatThrownBy(() -> ExperimentReader.readRecord(PUBLISHED, Hardware.class))
        .isInstanceOf(InvalidExperimentException.class)
        .hasMessageContaining("missing required key `workers`")
        .hasMessageContaining("unknown key `method`");
  }
}
