package org.deepercluster.stages.report;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.deepercluster.stages.report.ReportData.Score;

/** Scores of the trained and the untrained network, put side by side. */
final class Evaluation {
  private static final Set<String> UNITLESS = Set.of("nmi", "ari", "ami", "purity", "entropy");
  private static final Set<String> CHOSEN = Set.of("lr", "weight_decay", "lr_every");
  private static final Set<String> COUNTS = Set.of("count", "largest", "smallest");

  private Evaluation() {}

  /** The same measure on one layer, for both networks; either may be {@code null}. */
  record Row(String layer, Score trained, Score untrained) {
    double trainedValue() {
      return trained == null ? Double.NaN : trained.value();
    }

    double untrainedValue() {
      return untrained == null ? Double.NaN : untrained.value();
    }

    double difference() {
      return trainedValue() - untrainedValue();
    }
  }

  /** One protocol and metric over its layers, the layers in natural order. */
  record Table(String protocol, String metric, List<Row> rows) {
    boolean isUnitless() {
      return UNITLESS.contains(metric) || UNITLESS.contains(metric.split("[_-]", 2)[0]);
    }

    /** Whether the values are numbers of clusters or images. */
    boolean isCount() {
      return COUNTS.contains(metric);
    }

    /** Whether a positive difference is an improvement. */
    boolean isHigherBetter() {
      return !isCount() && !isChosen() && !metric.equals("entropy");
    }

    /** Whether the values are settings that were chosen. */
    boolean isChosen() {
      return CHOSEN.contains(metric);
    }

    /** Whether the values are percentages and their differences points. */
    boolean isPercent() {
      return !isCount() && !isUnitless() && !isChosen();
    }

    /** Whether several layers compete. */
    boolean isLayered() {
      return rows.size() > 1 && !isChosen();
    }

    /** The row with the trained network's highest value, or {@code null} when it has none. */
    Row best() {
      return highest(Comparator.comparingDouble(Row::trainedValue), true);
    }

    /** The row with the untrained network's highest value, or {@code null}. */
    Row bestUntrained() {
      return highest(Comparator.comparingDouble(Row::untrainedValue), false);
    }

    private Row highest(Comparator<Row> order, boolean trained) {
      Row best = null;
      for (Row row : rows) {
        double value = trained ? row.trainedValue() : row.untrainedValue();
        if (Numbers.finite(value) && (best == null || order.compare(row, best) > 0)) {
          best = row;
        }
      }
      return best;
    }

    String value(double value) {
      if (isChosen()) {
        return Numbers.brief(value);
      }
      if (isCount() && value == Math.rint(value)) {
        return Numbers.count(Math.round(value));
      }
      return isPercent() ? Numbers.percent(value / 100) : Numbers.fixed(value, decimals());
    }

    String difference(double difference) {
      return Numbers.signed(difference, decimals());
    }

    String spread(double sd) {
      if (!Numbers.finite(sd)) {
        return "";
      }
      return " ± " + Numbers.fixed(sd, decimals());
    }

    private int decimals() {
      return isPercent() || isCount() ? 1 : 3;
    }

    String title() {
      return protocolName(protocol) + ", " + metricName(metric);
    }

    /** Images of each class that classifiers learned from, where the metric says so; else 0. */
    int shots() {
      return metric.matches("map.*_k\\d{1,9}")
          ? Integer.parseInt(metric.substring(metric.lastIndexOf("_k") + 2))
          : 0;
    }

    /** The protocol's name, with its number of images where the measure is for one of several. */
    String name() {
      return protocolName(protocol) + (shots() == 0 ? "" : ", " + perClass(shots()));
    }
  }

  /**
   * Tables in the order: k-NN, low-shot, linear, any other protocol, clusters; settings that were
   * chosen after what was measured with them.
   */
  static List<Table> tables(List<Score> trained, List<Score> untrained) {
    Map<String, Map<String, Score[]>> byMeasure = new LinkedHashMap<>();
    collect(byMeasure, trained, 0);
    collect(byMeasure, untrained, 1);
    List<Table> tables = new ArrayList<>();
    byMeasure.forEach(
        (measure, byLayer) -> {
          Set<String> layers = new TreeSet<>(Evaluation::natural);
          layers.addAll(byLayer.keySet());
          List<Row> rows = new ArrayList<>();
          for (String layer : layers) {
            Score[] pair = byLayer.get(layer);
            rows.add(new Row(layer, pair[0], pair[1]));
          }
          String[] parts = measure.split("/", 2);
          tables.add(new Table(parts[0], parts[1], List.copyOf(rows)));
        });
    List<String> protocols = tables.stream().map(Table::protocol).distinct().toList();
    tables.sort(
        Comparator.comparingInt((Table t) -> rank(t.protocol()))
            .thenComparingInt(t -> protocols.indexOf(t.protocol()))
            .thenComparing(Table::isChosen));
    return tables;
  }

  private static void collect(
      Map<String, Map<String, Score[]>> byMeasure, List<Score> scores, int side) {
    for (Score score : scores) {
      byMeasure.computeIfAbsent(score.protocol() + "/" + score.metric(), m -> new LinkedHashMap<>())
              .computeIfAbsent(score.layer() == null ? "" : score.layer(), l -> new Score[2])[
              side] =
          score;
    }
  }

  static int rank(String protocol) {
    if (protocol.equals("knn")) {
      return 0;
    }
    if (protocol.startsWith("lowshot")) {
      return 1;
    }
    if (protocol.equals("linear")) {
      return 2;
    }
    return protocol.equals("clusters") ? 4 : 3;
  }

  static String protocolName(String protocol) {
    if (protocol.equals("knn")) {
      return "k-NN";
    }
    if (protocol.equals("linear")) {
      return "Linear classifier";
    }
    if (protocol.matches("lowshot\\d{1,6}")) {
      String n = protocol.substring("lowshot".length());
      return "Low-shot, " + n + (n.equals("1") ? " label" : " labels") + " per class";
    }
    return switch (protocol) {
      case "clusters" -> "Clusters against labels";
      case "imagenet-linear" -> "ImageNet, linear classifier";
      case "places205-linear" -> "Places205, linear classifier";
      case "imagenet-finetune" -> "ImageNet, fine-tuned";
      case "imagenet-semi-1" -> "ImageNet, 1 % of the labels";
      case "imagenet-semi-10" -> "ImageNet, 10 % of the labels";
      case "voc07-linear" -> "VOC07, linear classifier";
      case "voc07-fc68" -> "VOC07, linear layers trained";
      case "voc07-all" -> "VOC07, fine-tuned";
      case "voc07-svm" -> "VOC07, linear SVM";
      case "voc07-lowshot" -> "VOC07, low-shot SVM";
      default -> protocol;
    };
  }

  private static String perClass(int images) {
    return Numbers.count(images, "image") + " per class";
  }

  static String metricName(String metric) {
    if (metric.matches("map.*_k\\d{1,9}")) {
      int k = metric.lastIndexOf("_k");
      return metricName(metric.substring(0, k))
          + ", "
          + perClass(Integer.parseInt(metric.substring(k + 2)));
    }
    return switch (metric) {
      case "top1" -> "top-1 accuracy";
      case "top5" -> "top-5 accuracy";
      case "nmi" -> "NMI";
      case "ari" -> "ARI";
      case "nmi_arithmetic" -> "NMI (arithmetic mean)";
      case "ami" -> "AMI";
      case "entropy" -> "entropy of sizes (nats)";
      case "count" -> "clusters with images";
      case "largest" -> "images in the largest";
      case "smallest" -> "images in the smallest";
      case "lr" -> "learning rate, chosen";
      case "weight_decay" -> "weight decay, chosen";
      case "lr_every" -> "interval of the learning rate, chosen";
      case "map" -> "mean average precision";
      case "map_11point" -> "mean average precision (11-point)";
      case "map_interpolated" -> "mean average precision (interpolated)";
      default -> metric;
    };
  }

  /** Order of layer names with their numbers compared as numbers: conv2 before conv10. */
  static int natural(String a, String b) {
    int i = 0;
    int j = 0;
    while (i < a.length() && j < b.length()) {
      int endA = digits(a, i);
      int endB = digits(b, j);
      int order;
      if (endA > i && endB > j) {
        order =
            new BigInteger(a.substring(i, endA)).compareTo(new BigInteger(b.substring(j, endB)));
        i = endA;
        j = endB;
      } else {
        order = Character.compare(a.charAt(i++), b.charAt(j++));
      }
      if (order != 0) {
        return order;
      }
    }
    int rest = Integer.compare(a.length() - i, b.length() - j);
    return rest != 0 ? rest : a.compareTo(b);
  }

  private static int digits(String text, int from) {
    int at = from;
    while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
      at++;
    }
    return at;
  }
}
