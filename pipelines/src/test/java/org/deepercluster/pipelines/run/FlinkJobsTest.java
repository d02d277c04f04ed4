package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.beam.WriteIndex;
import org.deepercluster.stages.table.Column;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedFlink.class)
class FlinkJobsTest {
  private static final TableSchema NUMBERS =
      TableSchema.named("numbers")
          .with("id", Column.Type.STRING)
          .with("square", Column.Type.INT)
          .with("vector", Column.Type.VECTOR)
          .build();

  private static final class Squares extends StageTransform<Integer> {
    private static final long serialVersionUID = 1;
    private final int failOn;
    private final String once;

    Squares(List<Integer> values, int failOn, String once, String directory) {
      super(values, directory);
      this.failOn = failOn;
      this.once = once;
    }

    @Override
    protected UnitWork<Integer> work() {
      return new Square(failOn, once);
    }
  }

  private record Square(int failOn, String once) implements UnitWork<Integer> {
    @Override
    public List<Part> process(Unit<Integer> unit, Output output) throws Exception {
      int v = unit.value();
      if (v == failOn && (once == null || Files.deleteIfExists(Path.of(once)))) {
        // what a failed try has written already is in nobody's index
        output.write(
            unit.index(),
            Columns.of(NUMBERS, 0)
                .set("id", new String[0])
                .set("square", new int[0])
                .set("vector", new float[0])
                .build());
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
  void everyUnitIsWorkedOnOnceAndIndexed(FlinkJobs jobs, @TempDir Path dir) throws Exception {
    List<Integer> units = IntStream.range(0, 20).boxed().toList();
    jobs.run(
        "squares",
        2,
        p ->
            p.apply(new Squares(units, -1, null, dir.toString()))
                .apply(new WriteIndex(dir.toString())),
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
  void aUnitThatFailsEveryTimeFailsTheJobWithItsOwnMessage(FlinkJobs jobs, @TempDir Path dir) {
    assertThatThrownBy(
            () ->
                jobs.run(
                    "squares",
                    2,
                    p ->
                        p.apply(new Squares(List.of(1, 2, 3), 2, null, dir.toString()))
                            .apply(new WriteIndex(dir.toString())),
                    () -> {}))
        .isInstanceOf(JobFailedException.class)
        .hasMessage("squares: unit 2 cannot be squared");
  }

  @Test
  void aUnitThatFailsOnceIsTriedAgainWithTheSameResult(FlinkJobs jobs, @TempDir Path dir)
      throws Exception {
    List<Part> calm = squares(jobs, dir.resolve("calm"), dir + "/none");
    Path once = Files.createFile(dir.resolve("once"));
    List<Part> disturbed = squares(jobs, dir.resolve("disturbed"), once.toString());

    assertThat(once).as("the unit did fail").doesNotExist();
    assertThat(disturbed).extracting(Part::index).containsExactly(0, 1, 2);
    assertThat(Manifest.digestOf(disturbed)).isEqualTo(Manifest.digestOf(calm));
    try (var files = Files.list(dir.resolve("disturbed/numbers"))) {
      assertThat(files.count()).as("files, with those of the failed try").isGreaterThan(3);
    }
  }

  @Test
  void noUnitsGiveAnEmptyIndex(FlinkJobs jobs, @TempDir Path dir) throws Exception {
    jobs.run(
        "none",
        1,
        p ->
            p.apply(new Squares(List.of(), -1, null, dir.toString()))
                .apply(new WriteIndex(dir.toString())),
        () -> {});
    assertThat(WriteIndex.read(dir.toString())).isEmpty();
  }

  private static List<Part> squares(FlinkJobs jobs, Path dir, String once) throws Exception {
    jobs.run(
        "squares",
        2,
        p ->
            p.apply(new Squares(List.of(1, 2, 3), 2, once, dir.toString()))
                .apply(new WriteIndex(dir.toString())),
        () -> {});
    return WriteIndex.read(dir.toString());
  }
}
