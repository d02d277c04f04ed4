package org.deepercluster.pipelines.tracking;

import java.util.Objects;

/**
 * One value of a metric.
 *
 * <p>NaN and infinities are allowed: a diverged loss is worth seeing. MLflow keeps NaN as such and
 * shows an infinity as the largest finite double.
 *
 * @param key stable name, such as {@code eval/knn/top1}
 * @param value the value
 * @param step iteration or epoch, 0 or more
 * @param timestamp when it was measured, milliseconds since 1970
 */
public record Metric(String key, double value, long step, long timestamp) {
  public Metric {
    Objects.requireNonNull(key, "key");
  }
}
