package org.deepercluster.stages.beam;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.beam.sdk.io.BoundedSource.BoundedReader;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.util.CoderUtils;
import org.apache.beam.sdk.util.SerializableUtils;
import org.deepercluster.stages.ingest.BucketFileSystem;
import org.deepercluster.stages.table.Json;
import org.junit.jupiter.api.Test;

class UnitSourceTest {
  private static final PipelineOptions OPTIONS = PipelineOptionsFactory.create();
  private static final List<Unit<String>> UNITS =
      List.of(new Unit<>(0, "a"), new Unit<>(1, "b"), new Unit<>(2, "c"));

  @Test
  void everyUnitIsASplitOfItsOwnWhateverSizeIsAskedFor() throws Exception {
    UnitSource<String> source = new UnitSource<>(UNITS);
    for (long bytes : new long[] {1, 1 << 10, Long.MAX_VALUE}) {
      List<Unit<String>> found = new ArrayList<>();
      for (UnitSource<String> split : source.split(bytes, OPTIONS)) {
        List<Unit<String>> one = read(SerializableUtils.clone(split));
        assertThat(one).hasSize(1);
        assertThat(split.split(1, OPTIONS)).as("a split is not split again").hasSize(1);
        found.addAll(one);
      }
      assertThat(found).isEqualTo(UNITS);
    }
    assertThat(read(source)).as("unsplit").isEqualTo(UNITS);
  }

  @Test
  void noUnitsAreNoSplits() throws Exception {
    UnitSource<String> none = new UnitSource<>(List.of());
    assertThat(none.split(1, OPTIONS)).isEmpty();
    assertThat(read(none)).isEmpty();
  }

  @Test
  void unitsTravel() throws Exception {
    UnitSource<String> source = new UnitSource<>(UNITS);
    assertThat(CoderUtils.clone(source.getOutputCoder(), UNITS.get(1))).isEqualTo(UNITS.get(1));
    assertThat(source.getEstimatedSizeBytes(OPTIONS)).isPositive();
  }

  @Test
  void aUnitSaysThatItIsFinishedUnderANameOfItsOwn() throws Exception {
    BucketFileSystem.start();
    Output output = new Output("bucket://b/attempt", 7);
    output.progress(1, 10, java.util.Map.of("loss", 0.5));
    output.finished();
    new Output("bucket://b/attempt", 7).finished();
    assertThat(BucketFileSystem.keys())
        .as("the first half second reports nothing but the end; a second try has other names")
        .hasSize(2)
        .allMatch(k -> k.matches("bucket://b/attempt/progress/000007-[0-9a-f]{8}-000000[.]json"));
    for (String key : BucketFileSystem.keys()) {
      Progress last = Json.read(key, Progress.class);
      assertThat(last.finished()).isTrue();
      assertThat(last.unit()).isEqualTo(7);
    }
  }

  private static List<Unit<String>> read(UnitSource<String> source) throws IOException {
    List<Unit<String>> units = new ArrayList<>();
    try (BoundedReader<Unit<String>> reader = source.createReader(OPTIONS)) {
      for (boolean more = reader.start(); more; more = reader.advance()) {
        units.add(reader.getCurrent());
      }
    }
    return units;
  }
}
