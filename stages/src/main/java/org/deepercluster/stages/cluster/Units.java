package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.List;

/** Runs the units of a pass: on threads of this process, or as a job of their own. */
interface Units {
  /**
   * Runs every unit once, or again after a failure.
   *
   * @param job what it is, for people
   * @param units what to work on
   * @param step what to do with each; goes to the workers, so it holds little
   * @return the steps' results, in the order of the units
   */
  <U extends Serializable, R extends Serializable> List<R> run(
      String job, List<U> units, Step<U, R> step) throws Exception;

  /** How many units run at the same time. */
  int parallelism();

  /** What is done with a unit; its files have names of their own, whoever else works on it. */
  interface Step<U, R> extends Serializable {
    R apply(U unit, Workspace workspace) throws Exception;
  }
}
