package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.beam.WriteIndex;
import org.deepercluster.stages.table.Column;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlinkJobsTest {
  private static final TableSchema NUMBERS =
      TableSchema.named("numbers")
          .with("id", Column.Type.STRING)
          .with("square", Column.Type.INT)
          .with("vector", Column.Type.VECTOR)
          .build();

  private static EmbeddedFlink flink;
  private static FlinkJobs jobs;
  @TempDir static Path shared;

  @BeforeAll
  static void start() throws Exception {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    flink = EmbeddedFlink.start(2);
    jobs = new FlinkJobs(flink.master(), 1, EmbeddedFlink.emptyJar(shared));
  }

  @AfterAll
  static void stop() {
    flink.close();
  }

  private static final class Squares extends StageTransform<Integer> {
    private static final long serialVersionUID = 1;
    private final int failOn;

    Squares(List<Integer> values, int failOn, String directory) {
      super(values, directory);
      this.failOn = failOn;
    }

    @Override
    protected UnitWork<Integer> work() {
      return new Square(failOn);
    }
  }

  private record Square(int failOn) implements UnitWork<Integer> {
    @Override
    public List<Part> process(Unit<Integer> unit, Output output) throws Exception {
      int v = unit.value();
      if (v == failOn) {
        throw new IllegalArgumentException("unit " + v + " cannot be squared");
      }
      return List.of(
          output.write(
              unit.index(),
              Columns.of(NUMBERS, 2)
                  .set("id", new String[] {"a" + v, "b" + v})
                  .set("square", new int[] {v * v, -v * v})
                  .set("vector", new float[] {v, 1, 2, 3, 4, 5})
                  .build()));
    }
  }

  @Test
  void everyUnitIsWorkedOnOnceAndIndexed(@TempDir Path dir) throws Exception {
    List<Integer> units = IntStream.range(0, 20).boxed().toList();
    jobs.run(
        "squares",
        2,
        p -> p.apply(new Squares(units, -1, dir.toString())).apply(new WriteIndex(dir.toString())),
        () -> {});
    List<Part> parts = WriteIndex.read(dir.toString());
    assertThat(parts).hasSize(20).extracting(Part::index).isEqualTo(units);
    Columns all = TableReader.read(parts, NUMBERS);
    assertThat(all.rows()).isEqualTo(40);
    assertThat(all.ints("square")[7 * 2]).isEqualTo(49);
    assertThat(all.strings("id")[7 * 2 + 1]).isEqualTo("b7");
    assertThat(all.dimension("vector")).isEqualTo(3);
    assertThat(all.vectors("vector")[7 * 6]).isEqualTo(7f);
  }

  @Test
  void aFailingUnitFailsTheJobWithItsOwnMessage(@TempDir Path dir) {
    assertThatThrownBy(
            () ->
                jobs.run(
                    "squares",
                    2,
                    p ->
                        p.apply(new Squares(List.of(1, 2, 3), 2, dir.toString()))
                            .apply(new WriteIndex(dir.toString())),
                    () -> {}))
        .isInstanceOf(JobFailedException.class)
        .hasMessageContaining("unit 2 cannot be squared");
  }
}
