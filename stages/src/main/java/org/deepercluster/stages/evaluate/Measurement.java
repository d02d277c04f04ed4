package org.deepercluster.stages.evaluate;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * A number and the network that it belongs to: a row of {@link EvaluateTables#RESULTS}.
 *
 * @param network {@link EvaluateStage#TRAINED} or {@link EvaluateStage#UNTRAINED}
 * @param result what was measured
 */
public record Measurement(String network, Result result) implements Serializable {

  /** Rows of the results table. */
  public static Columns columns(List<Measurement> rows) {
    return Columns.of(EvaluateTables.RESULTS, rows.size())
        .set("network", rows.stream().map(Measurement::network).toArray(String[]::new))
        .set("protocol", rows.stream().map(m -> m.result.protocol()).toArray(String[]::new))
        .set("metric", rows.stream().map(m -> m.result.metric()).toArray(String[]::new))
        .set("layer", rows.stream().map(m -> m.result.layer()).toArray(String[]::new))
        .set("value", rows.stream().mapToDouble(m -> m.result.value()).toArray())
        .set("sd", rows.stream().mapToDouble(m -> m.result.sd()).toArray())
        .build();
  }

  /** Rows of files of the results table, in order; other tables' files are passed over. */
  public static List<Measurement> read(List<Part> parts) throws IOException {
    Columns c =
        TableReader.read(Part.of(parts, EvaluateTables.RESULTS.name()), EvaluateTables.RESULTS);
    List<Measurement> rows = new ArrayList<>();
    for (int i = 0; i < c.rows(); i++) {
      rows.add(
          new Measurement(
              c.strings("network")[i],
              new Result(
                  c.strings("protocol")[i],
                  c.strings("metric")[i],
                  c.strings("layer")[i],
                  c.doubles("value")[i],
                  c.doubles("sd")[i])));
    }
    return rows;
  }

  /** Rows of one network, protocol, metric and layer, in the order of their first appearance. */
  static Collection<List<Measurement>> groups(List<Measurement> rows) {
    Map<List<String>, List<Measurement>> groups = new LinkedHashMap<>();
    for (Measurement m : rows) {
      groups.computeIfAbsent(List.of(m.network, m.result.name()), k -> new ArrayList<>()).add(m);
    }
    return groups.values();
  }

  /**
   * One row for each network, protocol, metric and layer, in the order of their first appearance:
   * mean and sample standard deviation where there are several, the row itself where there is one.
   */
  public static List<Measurement> means(List<Measurement> rows) {
    List<Measurement> means = new ArrayList<>();
    for (List<Measurement> group : groups(rows)) {
      Measurement first = group.get(0);
      if (group.size() == 1) {
        means.add(first);
        continue;
      }
      double mean = 0;
      for (Measurement m : group) {
        mean += m.result.value();
      }
      mean /= group.size();
      double squares = 0;
      for (Measurement m : group) {
        double d = m.result.value() - mean;
        squares += d * d;
      }
      means.add(
          new Measurement(
              first.network,
              new Result(
                  first.result.protocol(),
                  first.result.metric(),
                  first.result.layer(),
                  mean,
                  Math.sqrt(squares / (group.size() - 1)))));
    }
    return means;
  }

  /**
   * The results by their stable names: {@code eval/<protocol>/<metric>[/<layer>]}, those of the
   * untrained network under {@code random/eval/…}. An untrained network that stands alone is the
   * experiment's own and stands under both.
   */
  static TreeMap<String, Double> numbers(List<Measurement> rows) {
    boolean hasTrained = rows.stream().anyMatch(m -> m.network.equals(EvaluateStage.TRAINED));
    TreeMap<String, Double> numbers = new TreeMap<>();
    for (Measurement m : rows) {
      boolean trained = m.network.equals(EvaluateStage.TRAINED);
      Result.named(List.of(m.result))
          .forEach(
              (name, value) -> {
                if (!trained) {
                  numbers.put("random/eval/" + name, value);
                }
                if (trained || !hasTrained) {
                  numbers.put("eval/" + name, value);
                }
              });
    }
    return numbers;
  }
}
