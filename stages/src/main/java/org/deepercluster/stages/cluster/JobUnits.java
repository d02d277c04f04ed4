package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.table.Part;

/** Units as jobs, spread over the workers; what a step returns comes back as a file. */
final class JobUnits implements Units {
  private final StageContext context;

  JobUnits(StageContext context) {
    this.context = context;
  }

  @Override
  @SuppressWarnings("unchecked")
  public <U extends Serializable, R extends Serializable> List<R> run(
      String job, List<U> units, Step<U, R> step) throws Exception {
    List<R> results = new ArrayList<>();
    for (Part p : context.run(job, out -> new Transform<>(units, step, out))) {
      results.add((R) Scratch.load(p.path(), Serializable.class));
    }
    return results;
  }

  @Override
  public int parallelism() {
    return context.parallelism();
  }

  private static final class Transform<U extends Serializable> extends StageTransform<U> {
    private static final long serialVersionUID = 1;

    private final Step<U, ? extends Serializable> step;

    Transform(List<U> units, Step<U, ? extends Serializable> step, String directory) {
      super(units, directory);
      this.step = step;
    }

    @Override
    protected UnitWork<U> work() {
      return new Work<>(step);
    }
  }

  private static final class Work<U extends Serializable> implements UnitWork<U> {
    private static final long serialVersionUID = 1;

    private final Step<U, ? extends Serializable> step;
    private transient Workspace workspace;

    Work(Step<U, ? extends Serializable> step) {
      this.step = step;
    }

    @Override
    public void open() {
      NativeRuntime.setThreads(1);
      workspace = new Workspace();
    }

    @Override
    public List<Part> process(Unit<U> unit, Output output) throws Exception {
      NativeRuntime.setThreads(1);
      Serializable result = step.apply(unit.value(), workspace);
      return List.of(
          output.writeFile("result", unit.index(), "ser", out -> Scratch.write(out, result)));
    }

    @Override
    public void close() {
      workspace.close();
    }
  }
}
