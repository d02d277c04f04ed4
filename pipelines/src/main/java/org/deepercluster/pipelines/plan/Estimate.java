package org.deepercluster.pipelines.plan;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.ingest.IngestStage;

/**
 * What an experiment would cost on some hardware: for every stage the sum of its amounts of work,
 * each divided by the measured rate, as if nothing overlapped and all workers were always busy.
 *
 * @param phases in the order in which they first run
 * @param seconds of all of them together
 */
public record Estimate(List<Phase> phases, double seconds) {
  /** Copies the list. */
  public Estimate {
    phases = List.copyOf(phases);
  }

  /**
   * All instances of a stage.
   *
   * @param stage its name; of an ingestion, the instance
   * @param instances how often it runs
   * @param workers workers that can share it
   * @param seconds wall time of all instances together
   * @param memoryGiB what each worker holds beyond a fixed amount, in GiB
   */
  public record Phase(String stage, int instances, int workers, double seconds, double memoryGiB) {}

  /** The estimate of a plan. */
  public static Estimate of(Plan plan, Hardware hardware) {
    Map<String, Long> images = new HashMap<>();
    LinkedHashMap<String, Phase> phases = new LinkedHashMap<>();
    for (StageInstance i : plan.instances()) {
      if (i.stage() instanceof IngestStage ingest) {
        images.put(i.id(), ingest.listing().files());
      } else {
        images.put(i.id(), i.inputs().values().stream().mapToLong(images::get).max().orElse(0));
      }
      Work work =
          i.stage().work(role -> images.getOrDefault(i.inputs().getOrDefault(role, ""), -1L));
      int workers = Math.min(hardware.workers(), work.workers());
      double seconds =
          (work.decoded() / hardware.imagesPerSecond()
                  + work.inference() / 1e9 / hardware.inferenceGflops()
                  + work.training() / 1e9 / hardware.trainingGflops()
                  + work.algebra() / 1e9 / hardware.algebraGflops()
                  + work.draws() / hardware.drawsPerSecond())
              / workers;
      String name = i.epoch() < 0 ? i.id() : i.stage().name();
      phases.merge(
          name,
          new Phase(name, 1, workers, seconds, work.memory() / (1L << 30)),
          (a, b) ->
              new Phase(
                  name,
                  a.instances() + 1,
                  a.workers(),
                  a.seconds() + b.seconds(),
                  Math.max(a.memoryGiB(), b.memoryGiB())));
    }
    phases.values().removeIf(p -> p.seconds() == 0);
    return new Estimate(
        List.copyOf(phases.values()), phases.values().stream().mapToDouble(Phase::seconds).sum());
  }
}
