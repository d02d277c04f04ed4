package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The short form of stages/benchmarks/fuzz-ingest. */
class IngestFuzzTest {
  @Test
  void damagedFilesAreUsedRejectedOrSkipped() {
    Path folder = Path.of("src/test/resources/org/deepercluster/stages/image");
    Map<String, Long> outcomes = new IngestFuzz(List.of(folder)).run(1, 0, 3000);
    assertThat(outcomes.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(3000);
    assertThat(outcomes).containsKeys("used", "skipped", "unreadable", "truncated", "too-large");
  }
}
