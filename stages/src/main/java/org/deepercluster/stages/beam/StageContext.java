package org.deepercluster.stages.beam;

import java.io.Serializable;
import java.util.List;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;

/** What the orchestrator gives to a running stage. */
public interface StageContext {

  /** Manifest of an input, by the role it has in the plan; its parts' paths are absolute. */
  Manifest input(String role);

  /** Whether the plan gives the stage an input of this role. */
  boolean hasInput(String role);

  /** URI of the attempt's folder: new, and this attempt's own. */
  String directory();

  /** How many units run at the same time. */
  int parallelism();

  /**
   * Runs a Beam pipeline that applies {@code work} to every unit, and waits for its end.
   *
   * @param job what this pipeline is, for the job's name and the progress display
   * @param units the units' values, in the order that numbers them
   * @param work what to do with each
   * @return the files written, by table and index
   */
  <U extends Serializable> List<Part> forEach(String job, List<U> units, UnitWork<U> work)
      throws Exception;
}
