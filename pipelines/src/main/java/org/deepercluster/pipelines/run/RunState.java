package org.deepercluster.pipelines.run;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.SortedMap;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Paths;

/**
 * What the process that works on a run says of it: {@code status.json} in the run's folder.
 *
 * @param state one of the constants
 * @param owner id of the lock under which it was written
 * @param host where the process runs
 * @param pid its number there
 * @param stage the stage instance at work, or the last one; empty before the first
 * @param number of that instance, from 1
 * @param of number of instances of the run; 0 before they are planned
 * @param fraction share of the instance that is done, 0 to 1
 * @param what the running pipeline does
 * @param metrics the last numbers that a worker reported, by name
 * @param started when this process began to work on the run, ISO-8601 UTC
 * @param updated when this was written, ISO-8601 UTC
 * @param secondsLeft estimate of what the run still takes; 0 when it has ended
 * @param url page of the run in MLflow, or empty
 * @param flink the Flink job that runs, or null
 * @param error what the run failed with, or empty
 */
record RunState(
    @JsonProperty("state") String state,
    @JsonProperty("owner") String owner,
    @JsonProperty("host") String host,
    @JsonProperty("pid") long pid,
    @JsonProperty("stage") String stage,
    @JsonProperty("number") int number,
    @JsonProperty("of") int of,
    @JsonProperty("fraction") double fraction,
    @JsonProperty("what") String what,
    @JsonProperty("metrics") SortedMap<String, Double> metrics,
    @JsonProperty("started") String started,
    @JsonProperty("updated") String updated,
    @JsonProperty("secondsLeft") double secondsLeft,
    @JsonProperty("url") String url,
    @JsonProperty("flink") FlinkJob flink,
    @JsonProperty("error") String error) {

  /** Name of the file. */
  static final String FILE = "status.json";

  /** The process ended by a signal, such as Ctrl-C. */
  static final String INTERRUPTED = "interrupted";

  /** Reads it; null when there is none. */
  static RunState read(String directory) throws IOException {
    String path = Paths.join(directory, FILE);
    if (!Files.exists(path)) {
      return null;
    }
    try {
      return Json.read(path, RunState.class);
    } catch (FileNotFoundException e) {
      return null;
    }
  }

  void write(String directory) throws IOException {
    Json.write(Paths.join(directory, FILE), this);
  }

  /** Ended, with no job left. */
  RunState ended(String newState, String now) {
    return new RunState(
        newState, owner, host, pid, stage, number, of, fraction, what, metrics, started, now, 0,
        url, null, error);
  }
}
