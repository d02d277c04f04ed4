package org.deepercluster.stages.evaluate;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.cluster.ClusterMetrics;

/**
 * One number of the evaluation.
 *
 * @param protocol how it was measured, see {@link MetricNames}
 * @param metric what was measured, see {@link MetricNames}
 * @param layer convolution such as {@code conv5}, or empty for a result of the whole network
 * @param value the value, in the metric's unit
 * @param sd sample standard deviation over the repetitions; NaN for a single measurement
 */
public record Result(String protocol, String metric, String layer, double value, double sd)
    implements Serializable {

  /** A single measurement of one layer. */
  public static Result of(String protocol, String metric, String layer, double value) {
    return new Result(protocol, metric, layer, value, Double.NaN);
  }

  /** A single measurement of the whole network. */
  public static Result of(String protocol, String metric, double value) {
    return of(protocol, metric, "", value);
  }

  /** Stable name of {@link #value()}. */
  public String name() {
    return MetricNames.name(protocol, metric, layer);
  }

  /** True where the value is a mean over repetitions. */
  public boolean hasSd() {
    return !Double.isNaN(sd);
  }

  /** The results of a clustering against labels, under {@link MetricNames#CLUSTERS}. */
  public static List<Result> of(ClusterMetrics m) {
    String p = MetricNames.CLUSTERS;
    return List.of(
        of(p, MetricNames.NMI, m.nmiGeometric()),
        of(p, MetricNames.NMI_ARITHMETIC, m.nmiArithmetic()),
        of(p, MetricNames.AMI, m.ami()),
        of(p, MetricNames.ARI, m.ari()),
        of(p, MetricNames.PURITY, m.purity()),
        of(p, MetricNames.ENTROPY, m.entropy()),
        of(p, MetricNames.COUNT, m.clusters()),
        of(p, MetricNames.LARGEST, m.largest()),
        of(p, MetricNames.SMALLEST, m.smallest()));
  }

  /** Values by stable name in the order given, each mean followed by its standard deviation. */
  public static Map<String, Double> named(List<Result> results) {
    Map<String, Double> named = new LinkedHashMap<>();
    for (Result r : results) {
      named.put(r.name(), r.value);
      if (r.hasSd()) {
        named.put(MetricNames.name(r.protocol, MetricNames.sd(r.metric), r.layer), r.sd);
      }
    }
    return named;
  }
}
