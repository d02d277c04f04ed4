package org.deepercluster.stages.beam;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.io.Read;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollection;
import org.deepercluster.stages.table.Part;

/** Applies a {@link UnitWork} to each unit and yields the files that were written. */
public final class ForEachUnit<U extends Serializable>
    extends PTransform<PBegin, PCollection<Part>> {
  private static final long serialVersionUID = 1;

  private final List<Unit<U>> units;
  private final UnitWork<U> work;
  private final String directory;

  private ForEachUnit(List<Unit<U>> units, UnitWork<U> work, String directory) {
    this.units = units;
    this.work = work;
    this.directory = directory;
  }

  /**
   * The transform.
   *
   * @param values the units' values, in the order that numbers them
   * @param work what to do with each
   * @param directory URI of the attempt's folder
   */
  public static <U extends Serializable> ForEachUnit<U> of(
      List<U> values, UnitWork<U> work, String directory) {
    List<Unit<U>> units = new ArrayList<>();
    for (U v : values) {
      units.add(new Unit<>(units.size(), v));
    }
    return new ForEachUnit<>(units, work, directory);
  }

  @Override
  public PCollection<Part> expand(PBegin begin) {
    return begin
        .apply("Units", Read.from(new UnitSource<>(units)))
        .apply("Work", ParDo.of(new WorkFn<>(work, directory)))
        .setCoder(SerializableCoder.of(Part.class));
  }

  private static final class WorkFn<U extends Serializable> extends DoFn<Unit<U>, Part> {
    private static final long serialVersionUID = 1;

    private final UnitWork<U> work;
    private final String directory;
    private boolean opened;

    WorkFn(UnitWork<U> work, String directory) {
      this.work = work;
      this.directory = directory;
    }

    @ProcessElement
    public void process(@Element Unit<U> unit, OutputReceiver<Part> out) throws Exception {
      if (!opened) {
        work.open();
        opened = true;
      }
      Output output = new Output(directory, unit.index());
      for (Part p : work.process(unit, output)) {
        out.output(p);
      }
      output.finished();
    }

    @Teardown
    public void teardown() {
      if (opened) {
        opened = false;
        work.close();
      }
    }
  }
}
