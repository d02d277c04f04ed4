package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.WriteIndex;
import org.deepercluster.stages.ingest.Duplicates;
import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableSchema;
import org.deepercluster.stages.table.TableWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedFlink.class)
class DuplicatesTest {
  private static final TableSchema HASHES =
      TableSchema.named("hashes")
          .with("image_id", Type.STRING)
          .with("content", Type.LONG)
          .with("content_low", Type.LONG)
          .with("comparable", Type.BOOLEAN)
          .with("perceptual", Type.LONG)
          .build();

  @TempDir Path folder;

  /** Images of which some repeat others, exactly or but for a bit. */
  private List<Part> hashes() throws Exception {
    Random chance = new Random(1);
    List<Part> parts = new ArrayList<>();
    for (int block = 0; block < 3; block++) {
      int n = 200;
      String[] ids = new String[n];
      long[] content = new long[n];
      long[] perceptual = new long[n];
      boolean[] comparable = new boolean[n];
      for (int i = 0; i < n; i++) {
        ids[i] = String.format("%032x", block * n + i);
        content[i] = chance.nextInt(400);
        perceptual[i] = new Random(chance.nextInt(400)).nextLong() ^ 1L << chance.nextInt(64);
        comparable[i] = chance.nextInt(5) > 0;
      }
      parts.add(
          TableWriter.write(
              folder.toString(),
              block,
              Columns.of(HASHES, n)
                  .set("image_id", ids)
                  .set("content", content)
                  .set("content_low", content)
                  .set("comparable", comparable)
                  .set("perceptual", perceptual)
                  .build()));
    }
    return parts;
  }

  @Test
  void inAJobOrHereTheSameAreFound(FlinkJobs jobs) throws Exception {
    List<Part> hashes = hashes();
    List<Part> here =
        Duplicates.find(
            (name, make) -> {
              StageTransform<?> transform = make.apply(folder.resolve("here-" + name).toString());
              assertThat(transform.isSmall()).isTrue();
              return transform.runHere();
            },
            hashes);
    List<Part> inJobs =
        Duplicates.find(
            (name, make) -> {
              String out = folder.resolve("job-" + name).toString();
              StageTransform<?> transform = make.apply(out);
              jobs.run(
                  name,
                  2,
                  p -> p.apply(name, transform).apply("Index", new WriteIndex(out)),
                  () -> {});
              return WriteIndex.read(out);
            },
            hashes);
    assertThat(here).hasSize(3);
    assertThat(inJobs).extracting(Part::sha256).isEqualTo(here.stream().map(Part::sha256).toList());
    Duplicates.Counts counts = Duplicates.count(here);
    assertThat(counts.exact()).isBetween(200L, 400L);
    assertThat(counts.near()).isBetween(20L, 200L);
  }
}
