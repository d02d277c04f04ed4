package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short form of stages/benchmarks/fuzz-ingest. */
class IngestFuzzTest {
  @TempDir private Path scratch;

  @Test
  void damagedInputsAreUsedRejectedSkippedOrRefused() {
    Path folder = Path.of("src/test/resources/org/deepercluster/stages/image");
    Map<String, Map<String, Long>> sums = new IngestFuzz(folder, scratch).run(1, 0, 6000);
    assertThat(IngestFuzz.inputs(sums)).isEqualTo(6000);
    assertThat(sums.get("image files"))
        .containsKeys("used", "skipped", "unreadable", "truncated", "too-large");
    assertThat(sums.keySet())
        .containsExactlyInAnyOrder(
            "image files",
            "zip",
            "yfcc100m",
            "webdataset",
            "imagenet",
            "cifar10",
            "cifar100",
            "stl10",
            "parquet",
            "csv",
            "lists",
            "idx");
    sums.remove("image files");
    assertThat(sums.values())
        .allSatisfy(of -> assertThat(of).containsKeys("collections read", "used"));
    assertThat(sums.get("zip")).containsKeys("rejected", "unsupported", "skipped");
    assertThat(sums.get("webdataset")).containsKeys("rejected", "skipped", "collections refused");
  }
}
