package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.cluster.ClusterConfig;
import org.deepercluster.stages.cluster.ClusterStage;
import org.deepercluster.stages.table.Manifest;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that clusters is killed by SIGKILL, again and again, and the next one goes on. */
class KilledClusteringTest {
  private static final int ROWS = 40_000;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    NativeRuntime.initialize();
  }

  /** What is killed: one clustering, all passes in one job. Argument: the run's folder. */
  public static final class Victim {
    private Victim() {}

    public static void main(String[] args) throws Exception {
      start();
      cluster(Path.of(args[0]), 2);
    }
  }

  private static Manifest cluster(Path run, int threads) throws Exception {
    ClusterConfig config = ClusteringBenchmark.kmeans(4, 800, 1, 32, 12, 4096);
    StageInstance features =
        ClusteringBenchmark.instance(
            "features-e000", new ClusteringBenchmark.MadeUp(ROWS, 32), Map.of());
    StageInstance cluster =
        ClusteringBenchmark.instance(
            "cluster-e000", new ClusterStage(config, 0, 7), Map.of("features", "features-e000"));
    try (Clusters clusters = Clusters.embedded(threads, 0)) {
      return ClusteringBenchmark.walk(List.of(features, cluster), run.toString(), clusters, threads)
          .get("cluster-e000");
    }
  }

  /** When each step was recorded. */
  private static TreeMap<String, Long> records(Path run) throws Exception {
    TreeMap<String, Long> found = new TreeMap<>();
    for (String f :
        org.deepercluster.stages.table.Files.match(
            run.resolve("stages/cluster-e000").toString(), "unfinished-*/*.step")) {
      found.put(f, new File(f).lastModified());
    }
    return found;
  }

  @Test
  void goesOnAfterTheLastCompletePass() throws Exception {
    Path whole = folder.resolve("whole");
    Manifest expected = cluster(whole, 1);
    assertThat(records(whole)).as("nothing unfinished is left").isEmpty();

    Path run = folder.resolve("killed");
    TreeMap<String, Long> before = new TreeMap<>();
    for (int steps : new int[] {1, 6, 20}) {
      Process victim = victim(run);
      try {
        while (records(run).size() < steps && victim.isAlive()) {
          victim.waitFor(5, TimeUnit.MILLISECONDS);
        }
      } finally {
        victim.destroyForcibly().waitFor();
      }
      assertThat(victim.exitValue()).as(log(run)).isEqualTo(137);
      TreeMap<String, Long> now = records(run);
      assertThat(now).as("no recorded step was made again").containsAllEntriesOf(before);
      assertThat(now.size()).isGreaterThanOrEqualTo(steps);
      before = now;
    }
    Manifest found = cluster(run, 3);
    assertThat(found.digest()).isEqualTo(expected.digest());
    List<String> files = new ArrayList<>();
    try (var all = Files.walk(run.resolve("stages/cluster-e000"))) {
      all.filter(Files::isRegularFile).forEach(f -> files.add(f.toString()));
    }
    assertThat(files).as("result and manifest only").hasSize(found.parts().size() + 1);
  }

  private static String log(Path run) throws Exception {
    return Files.readString(Path.of(run + ".log"));
  }

  private static Process victim(Path run) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx1g");
    for (String p :
        List.of(
            "java.lang",
            "java.util",
            "java.nio",
            "java.time",
            "java.util.concurrent",
            "java.lang.reflect",
            "java.text",
            "sun.nio.ch")) {
      command.add("--add-opens=java.base/" + p + "=ALL-UNNAMED");
    }
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(Victim.class.getName());
    command.add(run.toString());
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(new File(run + ".log"))
        .start();
  }
}
