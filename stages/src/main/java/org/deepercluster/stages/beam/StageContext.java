package org.deepercluster.stages.beam;

import java.util.List;
import java.util.function.Function;
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

  /**
   * URI of the folder for what a later attempt can go on with, if this one is killed at any moment:
   * the same for every attempt with the same inputs, settings and version of the program, and
   * deleted when the stage is complete. A stage trusts there only what it wrote as a whole ({@link
   * org.deepercluster.stages.table.Files#write}), and gives all other files names of their own.
   */
  String unfinished();

  /** How many units run at the same time. */
  int parallelism();

  /**
   * Runs a Beam pipeline and waits for its end; a {@linkplain StageTransform#isSmall small}
   * transform runs in this process, without one.
   *
   * @param job what this pipeline is within the stage, for its name and the progress display; may
   *     be empty when the stage has only one
   * @param transform makes the pipeline's transform, given the folder that it has to write to
   * @return the files written, by table and index
   */
  List<Part> run(String job, Function<String, StageTransform<?>> transform) throws Exception;
}
