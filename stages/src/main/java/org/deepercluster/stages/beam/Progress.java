package org.deepercluster.stages.beam;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.SortedMap;

/**
 * A small numbered record that a worker leaves beside its output; only the orchestrator reads them.
 *
 * @param unit index of the unit
 * @param sequence number of the record within the unit's try
 * @param done steps of the unit that are done
 * @param total steps of the unit
 * @param finished true for the unit's last record
 * @param metrics numbers worth showing, by name
 */
public record Progress(
    @JsonProperty("unit") int unit,
    @JsonProperty("sequence") int sequence,
    @JsonProperty("done") long done,
    @JsonProperty("total") long total,
    @JsonProperty("finished") boolean finished,
    @JsonProperty("metrics") SortedMap<String, Double> metrics) {

  /** Folder of the records, below the attempt's folder. */
  public static final String FOLDER = "progress";
}
