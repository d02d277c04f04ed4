package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.deepercluster.stages.beam.Progress;
import org.deepercluster.stages.table.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedFlink.class)
class ProgressReaderTest {
  @Test
  void aLateUnitIsReportedOnceAndOnlyWhenMostAreDone(@TempDir Path dir) throws Exception {
    ProgressReader reader = new ProgressReader(dir.toString(), "round", 3);
    record(dir, "0-a", new Progress(0, 0, 1, 1, true, new TreeMap<>()));
    reader.read();
    assertThat(reader.late(Duration.ofDays(-1))).as("one of three").isEmpty();
    record(dir, "1-a", new Progress(1, 0, 1, 1, true, new TreeMap<>()));
    record(dir, "2-a", new Progress(2, 0, 3, 10, false, new TreeMap<>(Map.of("loss", 2.0))));
    assertThat(reader.read().fraction()).isBetween(0.76, 0.77);
    assertThat(reader.late(Duration.ofDays(1))).as("not yet late").isEmpty();
    assertThat(reader.late(Duration.ofDays(-1)))
        .hasValueSatisfying(
            text -> assertThat(text).contains("2 of 3 units were done").contains("unit 2 (30 %)"));
    assertThat(reader.late(Duration.ofDays(-1))).as("said already").isEmpty();
  }

  @Test
  void aSecondTryOfAUnitReplacesWhatTheFirstHadReached(@TempDir Path dir) throws Exception {
    ProgressReader reader = new ProgressReader(dir.toString(), "", 1);
    record(dir, "0-a-000000", new Progress(0, 0, 9, 10, false, new TreeMap<>()));
    assertThat(reader.read().fraction()).isEqualTo(0.9);
    record(dir, "0-b-000000", new Progress(0, 0, 1, 10, false, new TreeMap<>()));
    assertThat(reader.read().fraction()).isEqualTo(0.1);
  }

  private static void record(Path dir, String name, Progress p) throws Exception {
    Json.write(dir.resolve("progress").resolve(name + ".json").toString(), p);
  }
}
