package org.deepercluster.pipelines.plan;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The stage instances of an experiment, in the order in which they run. */
public record Plan(List<StageInstance> instances) {

  /**
   * Checks the order.
   *
   * @throws IllegalArgumentException when an instance reads one that does not come before it
   */
  public Plan {
    instances = List.copyOf(instances);
    Set<String> before = new HashSet<>();
    for (StageInstance i : instances) {
      for (var e : i.inputs().entrySet()) {
        if (!before.contains(e.getValue())) {
          throw new IllegalArgumentException(
              i.id()
                  + " reads "
                  + e.getValue()
                  + " as "
                  + e.getKey()
                  + ", which does not run before it");
        }
      }
      if (!before.add(i.id())) {
        throw new IllegalArgumentException("two stage instances are called " + i.id());
      }
    }
  }

  /** The instance of this id. */
  public StageInstance get(String id) {
    return instances.stream()
        .filter(i -> i.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no stage instance " + id));
  }
}
