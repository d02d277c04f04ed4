package org.deepercluster.stages.evaluate;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * A figure of a paper that stands beside our own where the protocol is the same: {@code
 * published.json}.
 *
 * @param protocol name of the protocol
 * @param metric as in the results
 * @param layer as in the results, empty for the whole network
 * @param method what was measured
 * @param value in the metric's unit
 * @param source paper and table
 */
public record Published(
    @JsonProperty("protocol") String protocol,
    @JsonProperty("metric") String metric,
    @JsonProperty("layer") String layer,
    @JsonProperty("method") String method,
    @JsonProperty("value") double value,
    @JsonProperty("source") String source) {

  private static final class Holder {
    private static final List<Published> ALL = read();
  }

  /** All figures, in the order of the file. */
  public static List<Published> all() {
    return Holder.ALL;
  }

  /** Figures of a measurement, those to be shown first in front; none for most. */
  public static List<Published> of(String protocol, String metric, String layer) {
    return all().stream()
        .filter(
            p -> p.protocol.equals(protocol) && p.metric.equals(metric) && p.layer.equals(layer))
        .toList();
  }

  private static List<Published> read() {
    try (InputStream in = Published.class.getResourceAsStream("published.json")) {
      return List.of(new ObjectMapper().readValue(in, Published[].class));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
