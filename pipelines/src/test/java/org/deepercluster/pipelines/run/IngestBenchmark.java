package org.deepercluster.pipelines.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.ingest.CollectionReader;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.ingest.IngestStage;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;

/**
 * Times the ingest stage on the embedded Flink, for stages/benchmarks/ingest: from the listing of
 * the folder to the manifest. The last run in one process is what counts.
 */
final class IngestBenchmark {
  private IngestBenchmark() {}

  /** Arguments: folder of images, folder for the runs, parallelism, number of runs. */
  public static void main(String[] args) throws Exception {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    int parallelism = Integer.parseInt(args[2]);
    try (Clusters clusters = Clusters.embedded(parallelism, 0)) {
      for (int run = 1; run <= Integer.parseInt(args[3]); run++) {
        Path folder = Path.of(args[1], "run-" + run);
        long begun = System.nanoTime();
        DataConfig config = new DataConfig("images", args[0], null, null, 0.05, 256);
        IngestStage stage = new IngestStage(config, CollectionReader.of(config).list());
        Plan plan =
            new Plan(
                List.of(new StageInstance("ingest", stage, 0, new TreeMap<>(), Set.of(), null)));
        Manifest done =
            new Orchestrator(
                    plan, folder.toString(), clusters, parallelism, true, "code", List.of())
                .run()
                .get("ingest");
        double seconds = (System.nanoTime() - begun) / 1e9;
        Json.write(
            Path.of(args[1], "result.json").toString(),
            Map.of(
                "seconds",
                seconds,
                "images",
                done.numbers().get("images"),
                "bytes",
                done.table("images").stream().mapToLong(Part::bytes).sum()));
        org.deepercluster.stages.table.Files.deleteTree(folder.toString());
      }
    }
  }
}
