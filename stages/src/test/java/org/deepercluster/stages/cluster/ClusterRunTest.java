package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableWriter;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterRunTest {
  @TempDir Path directory;

  @BeforeAll
  static void start() {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
  }

  private ArrayList<Part> features(float[] x, int dim, int... sizes) throws Exception {
    ArrayList<Part> parts = new ArrayList<>();
    for (Block b : Golden.blocks(x, dim, sizes)) {
      parts.add(
          TableWriter.write(
              directory.resolve("features").toString(),
              b.id(),
              Columns.of(FeatureTables.FEATURES, b.rows())
                  .set(
                      "image_id",
                      IntStream.range(0, b.rows())
                          .mapToObj(i -> "image-" + (b.firstRow() + i))
                          .toArray(String[]::new))
                  .set("feature", b.data())
                  .build()));
    }
    return parts;
  }

  private static ClusterConfig kmeans(int m, int k, int pcaDim, int iterations) {
    return Configs.of(
        "algorithm",
        ClusterAlgorithm.KMEANS,
        "m",
        m,
        "k",
        k,
        "pcaDim",
        pcaDim,
        "iterations",
        iterations);
  }

  private List<Part> run(ClusterConfig config, ArrayList<Part> features, Units units, String name)
      throws Exception {
    return new ClusterRun(
            config, 3, features, new ArrayList<>(), directory.resolve(name).toString())
        .run(new Scratch(directory.resolve(name + "-scratch").toString()), units, t -> {});
  }

  @Test
  void oneProcessAndManyJobsWriteTheSameTables() throws Exception {
    float[] x = Golden.directions(1200, 10, 6, 14);
    Arrays.fill(x, 30, 40, Float.NaN);
    ArrayList<Part> features = features(x, 10, 500, 0, 300);
    ClusterConfig config = kmeans(2, 12, 5, 4);
    List<Part> parts;
    try (LocalUnits units = new LocalUnits(2)) {
      parts = run(config, features, units, "one");
    }
    List<Part> jobs = run(config, features, Clusterings.shuffled(1), "jobs");
    assertThat(jobs.stream().map(p -> p.table() + p.index() + p.sha256()))
        .containsExactlyElementsOf(
            parts.stream().map(p -> p.table() + p.index() + p.sha256()).toList());

    Columns a = TableReader.read(Part.of(parts, "assignments"), ClusterTables.ASSIGNMENTS);
    assertThat(a.rows()).isEqualTo(1200);
    assertThat(a.strings("image_id")[799]).isEqualTo("image-799");
    assertThat(a.ints("super_cluster")[3]).isEqualTo(-1);
    assertThat(a.ints("sub_cluster")[3]).isEqualTo(-1);
    assertThat(a.floats("distance")[3]).isNaN();
    assertThat(Part.of(parts, "assignments").stream().map(Part::rows))
        .containsExactly(500L, 0L, 300L, 400L);
    long[] sizes = new long[14];
    for (int i = 0; i < 1200; i++) {
      if (i != 3) {
        assertThat(a.ints("super_cluster")[i]).isBetween(0, 1);
        assertThat(a.ints("sub_cluster")[i]).isBetween(0, 5);
        sizes[a.ints("super_cluster")[i]]++;
        sizes[2 + 6 * a.ints("super_cluster")[i] + a.ints("sub_cluster")[i]]++;
      }
    }
    Columns c = TableReader.read(Part.of(parts, "centroids"), ClusterTables.CENTROIDS);
    assertThat(c.longs("images")).isEqualTo(sizes);
    assertThat(c.dimension("centroid")).isEqualTo(5);
    assertThat(TableReader.read(Part.of(parts, "pca"), ClusterTables.PCA).rows()).isEqualTo(6);
    Columns t = TableReader.read(Part.of(parts, "trace"), ClusterTables.TRACE);
    assertThat(t.rows()).isEqualTo(10);
    assertThat(t.longs("changed")[0]).isEqualTo(1199);
  }

  @Test
  void constantFeaturesAreOneCluster() throws Exception {
    float[] x = new float[300 * 4];
    Arrays.fill(x, 0.3f);
    try (LocalUnits units = new LocalUnits(1)) {
      List<Part> parts = run(kmeans(2, 6, 4, 3), features(x, 4, 100), units, "constant");
      Columns a = TableReader.read(Part.of(parts, "assignments"), ClusterTables.ASSIGNMENTS);
      assertThat(a.ints("super_cluster")).containsOnly(0);
      assertThat(a.ints("sub_cluster")).containsOnly(0);
      assertThat(a.floats("distance")).containsOnly(0f);
    }
  }

  @Test
  void noRowsAreRefused() throws Exception {
    ArrayList<Part> none = features(new float[0], 4);
    try (LocalUnits units = new LocalUnits(1)) {
      assertThatThrownBy(() -> run(kmeans(1, 1, 4, 3), none, units, "none"))
          .hasMessage("clustering needs at least one feature row, got none");
    }
  }
}
