package org.deepercluster.stages.train;

import java.util.ArrayList;
import java.util.List;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.table.Part;

/** The one state that several workers' states average to, at the end of an epoch. */
final class AverageWorkers extends StageTransform<ArrayList<String>> {
  private static final long serialVersionUID = 1;

  AverageWorkers(List<String> states, String directory) {
    super(List.of(new ArrayList<>(states)), directory);
  }

  @Override
  protected UnitWork<ArrayList<String>> work() {
    return new Work();
  }

  private record Work() implements UnitWork<ArrayList<String>> {
    @Override
    public List<Part> process(Unit<ArrayList<String>> unit, Output output) throws Exception {
      Checkpoint average = TrainShare.average(unit.value());
      return List.of(output.writeFile(ModelFile.CHECKPOINT, 0, "safetensors", average::write));
    }
  }
}
