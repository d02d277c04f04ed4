package org.deepercluster.stages.cluster;

import java.util.HashMap;
import java.util.Map;
import org.deepercluster.stages.config.Schema;

/** Configurations of which a test says only what it is about. */
final class Configs {
  private Configs() {}

  /**
   * A configuration.
   *
   * @param given keys and values in turn; the others are as if left out, but m = 1 and k = 8
   */
  static ClusterConfig of(Object... given) {
    Map<String, Object> values = new HashMap<>(Map.of("m", 1, "k", 8));
    for (int i = 0; i < given.length; i += 2) {
      values.put((String) given[i], given[i + 1]);
    }
    Schema schema = Schema.of(ClusterConfig.class);
    Object[] all =
        schema.components().stream()
            .map(s -> values.containsKey(s.name()) ? values.remove(s.name()) : s.defaultValue())
            .toArray();
    if (!values.isEmpty()) {
      throw new IllegalArgumentException("no such settings: " + values);
    }
    return (ClusterConfig) schema.create(all);
  }
}
