package org.deepercluster.pipelines.plan;

import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.stages.beam.Stage;

/**
 * One stage at one point of an experiment.
 *
 * @param id unique within the plan and sortable, such as {@code cluster-e003}
 * @param stage what runs
 * @param epoch the epoch it belongs to, or -1
 * @param inputs the instances that it reads, by the role they have for it
 * @param passing tables of its result that nobody needs once {@code neededUntil} is complete
 * @param neededUntil instance after which the passing tables may be deleted, or null
 */
public record StageInstance(
    String id,
    Stage stage,
    int epoch,
    SortedMap<String, String> inputs,
    Set<String> passing,
    String neededUntil) {

  public StageInstance {
    inputs = new TreeMap<>(inputs);
    passing = Set.copyOf(passing);
  }

  static StageInstance of(String id, Stage stage, int epoch, Map<String, String> inputs) {
    return new StageInstance(id, stage, epoch, new TreeMap<>(inputs), Set.of(), null);
  }

  StageInstance passing(Set<String> tables, String until) {
    return new StageInstance(id, stage, epoch, inputs, tables, until);
  }
}
