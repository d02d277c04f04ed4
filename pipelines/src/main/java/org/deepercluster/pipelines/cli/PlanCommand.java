package org.deepercluster.pipelines.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.experiment.ExperimentReader;
import org.deepercluster.pipelines.plan.Estimate;
import org.deepercluster.pipelines.plan.Hardware;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.pipelines.run.PlannedRun;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows what would run. */
@Command(
    name = "plan",
    description = {
      "Shows the stages that would run, and which are complete.",
      "They are in order, with their inputs and outputs."
    },
    mixinStandardHelpOptions = true,
    footer = {"", "Example:", "  ./deepercluster plan experiments/quickstart.yaml"})
final class PlanCommand extends ConsoleCommand {
  @Mixin private ExperimentOptions experiment;

  @Option(
      names = "--assume",
      paramLabel = "SECTION=IMAGES",
      description =
          "Plans with so many images in a collection, such as data=95920149, without looking at it."
              + " May be repeated.")
  private Map<String, Long> assumed = new LinkedHashMap<>();

  @Option(
      names = "--published",
      description =
          "Plans with the numbers of images that known collections were published with, without"
              + " looking at them.")
  private boolean published;

  @Option(
      names = "--hardware",
      paramLabel = "YAML",
      description = "Estimates what the run would take on it, as experiments/hardware/*.yaml say.")
  private Path hardware;

  @Option(names = "--json", description = "Prints one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    Experiment e = experiment.read();
    Set<String> sections = e.collections().keySet();
    for (var a : assumed.entrySet()) {
      Schema.require(
          sections.contains(a.getKey()) && a.getValue() > 0,
          "must be SECTION=IMAGES with a section of "
              + String.join(", ", sections)
              + " and at least 1 image, got "
              + a,
          "--assume");
    }
    Map<String, Long> sizes = new LinkedHashMap<>();
    if (published) {
      e.collections()
          .forEach((section, c) -> c.published().ifPresent(images -> sizes.put(section, images)));
    }
    sizes.putAll(assumed);
    Hardware machines =
        hardware == null ? null : ExperimentReader.readRecord(hardware, Hardware.class);
    PlannedRun planned = PlannedRun.of(e, sizes);
    Estimate estimate = machines == null ? null : Estimate.of(planned.plan(), machines);
    if (json) {
      List<Map<String, Object>> stages = new ArrayList<>();
      for (StageInstance i : planned.plan().instances()) {
        Map<String, Object> s = new LinkedHashMap<>();
        s.put("id", i.id());
        s.put("stage", i.stage().name());
        s.put("inputs", i.inputs());
        s.put("outputs", i.stage().outputs());
        s.put("complete", planned.complete().contains(i.id()));
        stages.add(s);
      }
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("run", planned.run());
      all.put("stages", stages);
      if (estimate != null) {
        all.put("estimate", estimate);
      }
      console.out().println(Json.text(all));
      return Console.DONE;
    }
    console
        .out()
        .println(
            planned.run().isEmpty()
                ? "A new run of " + e.name()
                : "Would continue run " + planned.run());
    int n = 0;
    for (StageInstance i : planned.plan().instances()) {
      boolean done = planned.complete().contains(i.id());
      console
          .out()
          .printf(
              "%3d %s %-16s %-52s -> %s%n",
              ++n,
              done ? "done" : "    ",
              i.id(),
              i.inputs().isEmpty() ? "" : "<- " + String.join(", ", shortened(i.inputs().values())),
              String.join(", ", i.stage().outputs()));
    }
    if (estimate != null) {
      print(estimate, machines);
    }
    return Console.DONE;
  }

  /** Instances of one stage that follow each other as their first and last. */
  private static List<String> shortened(Collection<String> ids) {
    LinkedHashMap<String, List<String>> byStage = new LinkedHashMap<>();
    for (String id : new LinkedHashSet<>(ids)) {
      byStage.computeIfAbsent(id.replaceFirst("-e[0-9]+$", ""), k -> new ArrayList<>()).add(id);
    }
    List<String> words = new ArrayList<>();
    for (List<String> same : byStage.values()) {
      if (same.size() < 4) {
        words.addAll(same);
      } else {
        words.add(same.get(0) + " … " + same.get(same.size() - 1) + " (" + same.size() + ")");
      }
    }
    return words;
  }

  private void print(Estimate estimate, Hardware machines) {
    console
        .out()
        .printf(
            Locale.ROOT,
            "%nOn %d × %s, if nothing overlaps and every worker is busy:%n"
                + "%-24s %6s %8s %12s %12s %14s%n",
            machines.workers(),
            machines.name(),
            "stage",
            "times",
            "workers",
            "each",
            "all",
            "GiB per worker");
    for (Estimate.Phase p : estimate.phases()) {
      console
          .out()
          .printf(
              Locale.ROOT,
              "%-24s %6d %8d %12s %12s %14s%n",
              p.stage(),
              p.instances(),
              p.workers(),
              time(p.seconds() / p.instances()),
              time(p.seconds()),
              p.memoryGiB() < 0.05 ? "" : String.format(Locale.ROOT, "%.1f", p.memoryGiB()));
    }
    console
        .out()
        .printf("%-24s %6s %8s %12s %12s%n", "total", "", "", "", time(estimate.seconds()));
    for (Estimate.Phase p : estimate.phases()) {
      if (p.memoryGiB() > machines.memoryGiB()) {
        console
            .out()
            .printf(
                Locale.ROOT,
                "%s does not fit: a worker has %.1f GiB%n",
                p.stage(),
                machines.memoryGiB());
      }
    }
  }

  private static String time(double seconds) {
    return seconds < 100
        ? String.format(Locale.ROOT, "%.1f s", seconds)
        : seconds < 6000
            ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
            : seconds < 360_000
                ? String.format(Locale.ROOT, "%.1f h", seconds / 3600)
                : String.format(Locale.ROOT, "%,.1f days", seconds / 86_400);
  }
}
