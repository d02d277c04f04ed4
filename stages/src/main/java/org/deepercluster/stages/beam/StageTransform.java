package org.deepercluster.stages.beam;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.beam.sdk.io.Read;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.deepercluster.stages.table.Part;

/**
 * The Beam transform of a stage: units of work, one split each, and a {@link UnitWork} applied to
 * every one, which yields the files that were written. A subclass is immutable; it holds the
 * stage's configuration record and names the work. Wiring is all that {@link #expand} does.
 *
 * @param <U> what a unit is: an input file, a range of one, a training worker's share
 */
public abstract class StageTransform<U extends Serializable>
    extends PTransform<PBegin, PCollection<Part>> {
  private static final long serialVersionUID = 1;

  private final ArrayList<Unit<U>> units = new ArrayList<>();
  private final String directory;
  private FinishedUnits finished;

  /**
   * A transform over the given units.
   *
   * @param values the units' values, in the order that numbers them
   * @param directory URI of the folder that files are written to
   */
  protected StageTransform(List<U> values, String directory) {
    for (U v : values) {
      units.add(new Unit<>(units.size(), v));
    }
    this.directory = directory;
  }

  /** What to do with each unit. */
  protected abstract UnitWork<U> work();

  /**
   * True when what a unit writes depends on nothing but the stage's inputs and settings, so that an
   * attempt may take it over from one that was killed.
   */
  public boolean keepsUnits() {
    return false;
  }

  /** Sets where finished units are found and noted. */
  public final void keepIn(FinishedUnits units) {
    this.finished = units;
  }

  /** True when all units together take less time than a job does to start. */
  public boolean isSmall() {
    return false;
  }

  /**
   * Works on all units in this thread, with the same result as in a pipeline.
   *
   * @return the files written, in order
   */
  public final List<Part> runHere() throws Exception {
    List<Part> parts = new ArrayList<>();
    UnitWork<U> work = work();
    work.open();
    try {
      for (Unit<U> unit : units) {
        Output output = new Output(directory, unit.index());
        parts.addAll(work.process(unit, output));
        output.finished();
      }
    } finally {
      work.close();
    }
    Collections.sort(parts);
    return parts;
  }

  /** Number of units. */
  public final int units() {
    return units.size();
  }

  @Override
  public final PCollection<Part> expand(PBegin begin) {
    return begin
        .apply("Units", Read.from(new UnitSource<>(units)))
        .apply("Work", ParDo.of(new WorkFn<>(work(), directory, finished)))
        .setCoder(new JavaCoder<Part>());
  }

  private static final class WorkFn<U extends Serializable> extends DoFn<Unit<U>, Part> {
    private static final long serialVersionUID = 1;

    private final UnitWork<U> work;
    private final String directory;
    private final FinishedUnits finished;
    private boolean opened;

    WorkFn(UnitWork<U> work, String directory, FinishedUnits finished) {
      this.work = work;
      this.directory = directory;
      this.finished = finished;
    }

    @ProcessElement
    public void process(@Element Unit<U> unit, OutputReceiver<Part> out) throws Exception {
      Output output = new Output(directory, unit.index());
      List<Part> parts = finished == null ? null : finished.read(unit.index());
      if (parts == null) {
        if (!opened) {
          BeamCaches.forgetEndedJobs();
          work.open();
          opened = true;
        }
        parts = work.process(unit, output);
        if (finished != null) {
          finished.write(unit.index(), parts);
        }
      }
      for (Part p : parts) {
        out.output(p);
      }
      output.finished();
    }

    @Teardown
    @SuppressWarnings("UnusedMethod") // Beam calls it
    public void teardown() {
      if (opened) {
        opened = false;
        work.close();
      }
    }
  }
}
