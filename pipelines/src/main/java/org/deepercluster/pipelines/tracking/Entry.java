package org.deepercluster.pipelines.tracking;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.Map;

/**
 * One line of the journal. Each can be sent any number of times with the same result: a run is
 * found by its key, a parameter is set once, a metric is identified by its key, step and time.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "op")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Entry.OpenExperiment.class, name = "experiment"),
  @JsonSubTypes.Type(value = Entry.StartRun.class, name = "run"),
  @JsonSubTypes.Type(value = Entry.Params.class, name = "params"),
  @JsonSubTypes.Type(value = Entry.Metrics.class, name = "metrics"),
  @JsonSubTypes.Type(value = Entry.Tags.class, name = "tags"),
  @JsonSubTypes.Type(value = Entry.Input.class, name = "dataset"),
  @JsonSubTypes.Type(value = Entry.Artifact.class, name = "artifact"),
  @JsonSubTypes.Type(value = Entry.Finish.class, name = "finish")
})
@JsonInclude(JsonInclude.Include.NON_NULL)
sealed interface Entry {
  /** The experiment of this journal. */
  record OpenExperiment(String name, Map<String, String> tags) implements Entry {}

  /** The run starts, or goes on after an interruption. */
  record StartRun(String run, String parent, String name, Map<String, String> tags, long start)
      implements Entry {}

  /** Parameters of the run. */
  record Params(String run, Map<String, String> values) implements Entry {}

  /** Metrics of the run. */
  record Metrics(String run, List<Metric> values) implements Entry {}

  /** Tags of the run. */
  record Tags(String run, Map<String, String> values) implements Entry {}

  /** A dataset that the run reads. */
  record Input(String run, Dataset dataset) implements Entry {}

  /** A file: {@code file} is relative to the journal's folder. */
  record Artifact(String run, String path, String file) implements Entry {}

  /** The run has ended. */
  record Finish(String run, RunStatus status, long end) implements Entry {}
}
