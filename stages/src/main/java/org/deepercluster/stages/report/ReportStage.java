package org.deepercluster.stages.report;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;

/**
 * The run's report: one HTML page, its figures and its data. Each file is listed under its own name
 * without the extension: {@code report} (HTML and JSON), {@code curves}, {@code gallery-largest}
 * ...
 *
 * <p>Inputs: where the experiment has them {@code images}, {@code untrained} and {@code trained}
 * (training states), and every {@code cluster-…}, {@code train-…} and {@code evaluate…} instance
 * under its own name.
 *
 * @param run who, where and when
 * @param perSuper sub-clusters of each super-cluster, k/m; 0 without clusters
 * @param roles inputs to read, in the order of the plan
 * @param seed of the choice of clusters and images shown
 */
public record ReportStage(ReportData.Run run, int perSuper, List<String> roles, long seed)
    implements Stage {
  public ReportStage {
    roles = List.copyOf(roles);
  }

  @Override
  public String name() {
    return "report";
  }

  @Override
  public SortedMap<String, String> settings() {
    TreeMap<String, String> s = new TreeMap<>();
    s.put("seed", String.valueOf(seed));
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of("report", "figures");
  }

  @Override
  public StageResult run(StageContext context) throws Exception {
    Inputs inputs = new Inputs(new TreeMap<>());
    for (String role : roles) {
      Manifest m = context.input(role);
      inputs.put(role, m);
    }
    return StageResult.of(context.run("", out -> new Compose(this, inputs, out)));
  }

  /** Manifests by role, in a form that travels. */
  record Inputs(TreeMap<String, Input> byRole) implements Serializable {
    void put(String role, Manifest m) {
      byRole.put(
          role,
          new Input(
              m.instance(),
              new ArrayList<>(m.parts()),
              new TreeMap<>(m.numbers()),
              new TreeMap<>(m.config()),
              m.wallSeconds()));
    }
  }

  /** What the report needs of a manifest. */
  record Input(
      String instance,
      ArrayList<Part> parts,
      TreeMap<String, Double> numbers,
      TreeMap<String, String> config,
      double wallSeconds)
      implements Serializable {
    List<Part> table(String name) {
      return Part.of(parts, name);
    }
  }

  private static final class Compose extends StageTransform<Integer> {
    private static final long serialVersionUID = 1;
    private final Work work;

    Compose(ReportStage stage, Inputs inputs, String directory) {
      super(List.of(0), directory);
      this.work = new Work(stage.run, stage.perSuper, stage.seed, inputs);
    }

    @Override
    protected UnitWork<Integer> work() {
      return work;
    }
  }

  private record Work(ReportData.Run run, int perSuper, long seed, Inputs inputs)
      implements UnitWork<Integer> {
    @Override
    public List<Part> process(Unit<Integer> unit, Output output) throws Exception {
      ReportData data = new GatherReport(run, perSuper, seed, inputs).gather();
      List<Part> parts = new ArrayList<>();
      for (var file : Report.render(data).entrySet()) {
        String name = file.getKey();
        int dot = name.lastIndexOf('.');
        String extension = name.substring(dot + 1);
        parts.add(
            output.writeFile(
                name.substring(0, dot),
                extension.equals("json") ? 1 : 0,
                extension,
                out -> out.write(file.getValue())));
      }
      return parts;
    }
  }
}
