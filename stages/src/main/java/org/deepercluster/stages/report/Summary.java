package org.deepercluster.stages.report;

import java.util.ArrayList;
import java.util.List;
import org.deepercluster.stages.report.Evaluation.Row;
import org.deepercluster.stages.report.Evaluation.Table;
import org.deepercluster.stages.report.ReportData.ClusterSizes;
import org.deepercluster.stages.report.ReportData.Run;

/** The run in plain sentences. */
final class Summary {
  private Summary() {}

  /** Proper name of a method of the experiment's YAML. */
  static String methodName(String method) {
    return switch (method) {
      case "deepercluster" -> "DeeperCluster";
      case "deepcluster" -> "DeepCluster";
      case "rotnet" -> "RotNet";
      case "cartesian" -> "The Cartesian product of rotations and clusters";
      case "sela" -> "SeLa";
      case "supervised" -> "Supervised training";
      case "random" -> "Random initialisation";
      case "pretrained" -> "An earlier run";
      default -> method;
    };
  }

  /** What was trained on what, for how long, and what came of the clustering. */
  static String what(ReportData data) {
    Run run = data.run();
    String network = run.network() == null ? "the network" : run.network();
    StringBuilder text = new StringBuilder();
    if (run.method().equals("pretrained")) {
      text.append("The network (").append(network).append(") of an earlier run was measured:");
      text.append(" nothing was trained.");
    } else if (run.method().equals("random")) {
      text.append("The network (").append(network).append(") was left as initialised, untrained:");
      text.append(" a lower reference for other runs.");
    } else {
      text.append(methodName(run.method())).append(" trained ").append(network);
      if (data.data() != null) {
        text.append(" on ").append(Numbers.count(data.data().images(), "image"));
      }
      text.append(run.method().equals("supervised") ? " and their labels" : ", without labels");
      if (!data.epochs().isEmpty()) {
        text.append(", for ").append(Numbers.count(data.epochs().size(), "epoch"));
      }
      text.append('.');
    }
    if (run.wall() != null) {
      text.append(" The whole run took ").append(Numbers.duration(run.wall()));
      if (run.host() != null) {
        text.append(" on ").append(run.host());
      }
      if (run.backend() != null) {
        text.append(" (").append(run.backend()).append(')');
      }
      text.append('.');
    }
    return text.append(clusters(data)).toString();
  }

  private static String clusters(ReportData data) {
    ClusterSizes sizes = data.sizes();
    if (sizes == null || sizes.subSizes().isEmpty()) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    int times = data.reassignments().size();
    text.append(times > 1 ? " It clustered the images " + times + " times" : " It clustered them");
    text.append(times > 1 ? ", the last time into " : " into ");
    text.append(Numbers.count(sizes.subSizes().size(), "cluster"));
    if (sizes.superSizes().size() > 1) {
      text.append(" within ").append(Numbers.count(sizes.superSizes().size(), "super-cluster"));
    }
    long largest = sizes.subSizes().stream().mapToLong(Long::longValue).max().orElse(0);
    long smallest =
        sizes.subSizes().stream().mapToLong(Long::longValue).filter(n -> n > 0).min().orElse(0);
    long empty = sizes.subSizes().stream().filter(n -> n == 0).count();
    text.append("; they hold between ").append(Numbers.count(smallest));
    text.append(" and ").append(Numbers.count(largest, "image"));
    if (empty > 0) {
      text.append(", and ").append(empty).append(empty == 1 ? " is empty" : " are empty");
    }
    return text.append('.').toString();
  }

  /**
   * The measures that stand at the top: accuracy and mean average precision, of several numbers of
   * images per class the largest.
   */
  static List<Table> headlines(List<Table> tables) {
    List<Table> found = new ArrayList<>();
    for (Table table : tables) {
      if (!table.protocol().equals("clusters")
          && table.metric().matches("top1|map(_k\\d{1,9})?")
          && tables.stream()
              .noneMatch(
                  other ->
                      other.protocol().equals(table.protocol())
                          && other.metric().startsWith("map_k")
                          && other.shots() > table.shots())) {
        found.add(table);
      }
    }
    return found;
  }

  /**
   * Difference between the trained network at its best layer and the untrained one at its own best
   * layer; NaN when either is missing.
   */
  static double gain(Table table) {
    Row best = table.best();
    Row untrained = table.bestUntrained();
    return best == null || untrained == null
        ? Double.NaN
        : best.trainedValue() - untrained.untrainedValue();
  }

  /** How many headline measures training improved, after rounding to what is shown. */
  static String verdict(List<Table> headlines) {
    List<Table> gains = headlines.stream().filter(t -> Numbers.finite(gain(t))).toList();
    if (gains.isEmpty()) {
      return "";
    }
    long better = gains.stream().filter(t -> t.difference(gain(t)).startsWith("+")).count();
    String compared = "untrained network with the same seed";
    if (better == gains.size()) {
      return gains.size() == 1
          ? "The trained features are better than those of the " + compared + "."
          : "The trained features are better than those of the "
              + compared
              + " in all "
              + gains.size()
              + " main measures.";
    }
    if (better == 0) {
      return "Training did not help here: the features are no better than those of the "
          + compared
          + (gains.size() == 1 ? "." : " in any of the " + gains.size() + " main measures.");
    }
    return "The trained features are better than those of the "
        + compared
        + " in "
        + better
        + " of "
        + gains.size()
        + " main measures.";
  }

  /** One measure as a sentence. */
  static String sentence(Table table) {
    Row best = table.best();
    Row untrained = table.bestUntrained();
    String name = table.name();
    if (best == null) {
      return untrained == null
          ? name + ": no value."
          : name
              + ": "
              + table.value(untrained.untrainedValue())
              + " untrained"
              + at(table, untrained)
              + ".";
    }
    StringBuilder text = new StringBuilder(name);
    text.append(": ").append(table.value(best.trainedValue())).append(at(table, best));
    if (untrained == null) {
      return text.append("; the untrained network was not evaluated.").toString();
    }
    text.append(", against ").append(table.value(untrained.untrainedValue()));
    text.append(" untrained").append(at(table, untrained));
    text.append(" (").append(table.difference(gain(table)));
    text.append(table.isPercent() ? " points)" : ")");
    if (!best.layer().equals(untrained.layer()) && Numbers.finite(best.untrainedValue())) {
      text.append("; at ").append(best.layer()).append(" alone the untrained network has ");
      text.append(table.value(best.untrainedValue()));
    }
    return text.append('.').toString();
  }

  private static String at(Table table, Row row) {
    if (row.layer().isEmpty()) {
      return "";
    }
    return table.isLayered() ? " at its best layer, " + row.layer() : " at " + row.layer();
  }
}
