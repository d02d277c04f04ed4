package org.deepercluster.stages.beam;

import java.util.List;
import java.util.SortedMap;
import java.util.function.ToLongFunction;

/**
 * The contract by which the orchestrator knows a stage: its name, the settings that determine its
 * result, and how to run it. A stage reads the manifests of its inputs, runs one or more Beam
 * pipelines that write files into the attempt's folder, and says which of them are its result; the
 * orchestrator then commits by writing the manifest.
 */
public interface Stage {

  /** The phase: {@code ingest}, {@code augment}, {@code features}, {@code cluster} ... */
  String name();

  /** Settings that determine the result, by the names they have in the experiment's YAML. */
  SortedMap<String, String> settings();

  /** Names of the tables that the result has, or may have. */
  List<String> outputs();

  /**
   * How much there is to do, for estimates.
   *
   * @param images images behind the input of a role; −1 where the stage has no such input
   */
  default Work work(ToLongFunction<String> images) {
    return Work.NONE;
  }

  /**
   * Runs the stage once.
   *
   * @param context inputs, the attempt's folder, and the way to run pipelines
   * @return the files that are the result, and numbers about them
   * @throws StageException when the input cannot be worked on; the message is for the user
   */
  StageResult run(StageContext context) throws Exception;
}
