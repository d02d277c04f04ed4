package org.deepercluster.pipelines.run;

import java.util.SortedMap;

/**
 * How far a running stage is.
 *
 * @param job what the running pipeline does
 * @param units units of the pipeline
 * @param finished units that are done
 * @param fraction share of the pipeline's work that is done, 0 to 1
 * @param metrics the last numbers that a worker reported, by name
 */
record StageProgress(
    String job, int units, int finished, double fraction, SortedMap<String, Double> metrics) {

  /** What runs, and how many of its units are done. */
  String describe() {
    return units > 1 ? job + (job.isEmpty() ? "" : " ") + finished + " of " + units : job;
  }
}
