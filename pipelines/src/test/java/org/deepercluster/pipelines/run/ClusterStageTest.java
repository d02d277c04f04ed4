package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.cluster.ClusterAlgorithm;
import org.deepercluster.stages.cluster.ClusterConfig;
import org.deepercluster.stages.cluster.ClusterStage;
import org.deepercluster.stages.cluster.ClusterTables;
import org.deepercluster.stages.cluster.OnCollapse;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The cluster stage on features that are made up, some of them not finite. */
@ExtendWith(SharedFlink.class)
class ClusterStageTest {
  private static final int ROWS = 40;
  private static final int DIM = 6;

  @TempDir Path run;

  /** Features in two files; image 7 has a NaN, 41 an infinity before a NaN. */
  private record FakeFeatures() implements Stage {
    @Override
    public String name() {
      return "features";
    }

    @Override
    public SortedMap<String, String> settings() {
      return new TreeMap<>();
    }

    @Override
    public List<String> outputs() {
      return List.of("features");
    }

    @Override
    public StageResult run(StageContext context) throws Exception {
      SplittableRandom random = Seeds.random(9);
      List<Part> parts = new ArrayList<>();
      for (int file = 0; file < 3; file++) {
        float[] x = new float[ROWS * DIM];
        String[] ids = new String[ROWS];
        for (int i = 0; i < x.length; i++) {
          x[i] = (float) random.nextDouble();
        }
        for (int r = 0; r < ROWS; r++) {
          ids[r] = "image" + (file * ROWS + r);
        }
        if (file == 0) {
          x[7 * DIM + 3] = Float.NaN;
        } else if (file == 1) {
          x[DIM + 1] = Float.NEGATIVE_INFINITY;
          x[DIM + 2] = Float.NaN;
        }
        parts.add(
            TableWriter.write(
                context.directory(),
                file,
                Columns.of(FeatureTables.FEATURES, ROWS)
                    .set("image_id", ids)
                    .set("feature", x)
                    .build()));
      }
      return StageResult.of(parts);
    }
  }

  private static StageInstance instance(String id, Stage stage, Map<String, String> inputs) {
    return new StageInstance(id, stage, 0, new TreeMap<>(inputs), Set.of(), null);
  }

  @Test
  void rejectedRowsAreListedWithTheirCauseAndHealthIsMeasured() throws Exception {
    ClusterConfig config =
        new ClusterConfig(
            ClusterAlgorithm.KMEANS,
            2,
            8,
            1,
            4,
            null,
            3,
            null,
            null,
            null,
            null,
            null,
            1.0,
            OnCollapse.WARN,
            256);
    Plan plan =
        new Plan(
            List.of(
                instance("features", new FakeFeatures(), Map.of()),
                instance(
                    "cluster-e000", new ClusterStage(config, 0, 1), Map.of("features", "features")),
                instance(
                    "cluster-e001",
                    new ClusterStage(config, 1, 1),
                    Map.of("features", "features", "previous", "cluster-e000"))));
    List<String> warnings = new ArrayList<>();
    Map<String, Manifest> done;
    try (Clusters clusters = Clusters.embedded(2, 0)) {
      done =
          new Orchestrator(
                  plan,
                  run.toString(),
                  clusters,
                  2,
                  true,
                  "code",
                  List.of(
                      new RunListener() {
                        @Override
                        public void finished(
                            StageInstance i, Manifest m, StageResult r, String directory) {
                          warnings.addAll(r.warnings());
                        }
                      }))
              .run();
    }
    Manifest second = done.get("cluster-e001");
    Columns rejects = TableReader.read(second.table("rejects"), ClusterTables.REJECTS);
    assertThat(rejects.strings("image_id")).containsExactly("image7", "image41");
    assertThat(rejects.strings("cause")).containsExactly("nan", "infinite");
    Columns a = TableReader.read(second.table("assignments"), ClusterTables.ASSIGNMENTS);
    for (int i = 0; i < a.rows(); i++) {
      boolean rejected = i == 7 || i == 41;
      assertThat(a.ints("super_cluster")[i] == -1).as("row %d", i).isEqualTo(rejected);
      assertThat(Float.isNaN(a.floats("distance")[i])).as("row %d", i).isEqualTo(rejected);
    }
    assertThat(second.numbers())
        .contains(
            entry("clusters/rejected", 2.0),
            entry("clusters/rejected/nan", 1.0),
            entry("clusters/rejected/infinite", 1.0),
            entry("clusters/collapsed", 1.0));
    assertThat(second.numbers().get("clusters/changed")).isBetween(0.01, 0.99);
    assertThat(second.numbers().get("clusters/nmi_previous")).isBetween(0.01, 0.99);
    assertThat(done.get("cluster-e000").numbers())
        .doesNotContainKeys("clusters/changed", "clusters/nmi_previous")
        .containsKeys("clusters/gini", "clusters/size_p50", "clusters/largest_share");
    assertThat(warnings)
        .as("a threshold of 1 takes nothing but equal sizes")
        .isNotEmpty()
        .allMatch(w -> w.startsWith("clusters have collapsed: level "));
  }
}
