package org.deepercluster.pipelines.run;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.SortedMap;

/**
 * What is known of a run from its beginning on: {@code run.json} in its folder.
 *
 * @param id name of the run's folder
 * @param experiment name of the experiment
 * @param digest of the settings that determine the result
 * @param inputs digests of the collections and of other files, by their section or setting in the
 *     YAML
 * @param created when the run began, ISO-8601 UTC
 * @param status {@code running}, {@code finished}, {@code failed} or {@code cancelled}
 * @param code version of the program that began it
 * @param trackingUrl page of the run in MLflow, or empty
 * @param metrics final metrics by their stable names; empty until the run is finished
 */
public record RunRecord(
    @JsonProperty("id") String id,
    @JsonProperty("experiment") String experiment,
    @JsonProperty("digest") String digest,
    @JsonProperty("inputs") SortedMap<String, String> inputs,
    @JsonProperty("created") String created,
    @JsonProperty("status") String status,
    @JsonProperty("code") String code,
    @JsonProperty("trackingUrl") String trackingUrl,
    @JsonProperty("metrics") SortedMap<String, Double> metrics) {

  /** Name of the file. */
  public static final String FILE = "run.json";

  /** At work, or ended without a word. */
  public static final String RUNNING = "running";

  /** Everything is done. */
  public static final String FINISHED = "finished";

  /** A stage failed. */
  public static final String FAILED = "failed";

  /** Somebody ended it. */
  public static final String CANCELLED = "cancelled";

  RunRecord with(String newStatus, String url, SortedMap<String, Double> newMetrics) {
    return new RunRecord(id, experiment, digest, inputs, created, newStatus, code, url, newMetrics);
  }
}
