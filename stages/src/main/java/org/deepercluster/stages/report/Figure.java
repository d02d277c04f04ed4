package org.deepercluster.stages.report;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.deepercluster.stages.report.ReportData.Epoch;
import org.deepercluster.stages.report.ReportData.Reassignment;

/**
 * A figure of the report: one PNG on disk, one or more panels on the page.
 *
 * @param file name of the PNG
 * @param panels from left to right
 */
record Figure(String file, List<Panel> panels) {

  /**
   * One chart.
   *
   * @param alt what it shows, for readers who do not see it
   * @param light for light pages and paper
   * @param dark for dark pages
   */
  record Panel(String alt, BufferedImage light, BufferedImage dark) {}

  /** The PNG on disk: the light panels side by side. */
  byte[] png() {
    return Pictures.png(
        Pictures.beside(panels.stream().map(Panel::light).toList(), Theme.LIGHT.background()));
  }

  /** A figure of the charts that could be drawn, or {@code null} when none could. */
  private static Figure of(String file, Panel... panels) {
    List<Panel> drawn = new ArrayList<>();
    for (Panel panel : panels) {
      if (panel != null) {
        drawn.add(panel);
      }
    }
    return drawn.isEmpty() ? null : new Figure(file, List.copyOf(drawn));
  }

  private static Panel panel(String alt, Function<Charts, BufferedImage> draw) {
    BufferedImage light = draw.apply(new Charts(Theme.LIGHT));
    return light == null ? null : new Panel(alt, light, draw.apply(new Charts(Theme.DARK)));
  }

  static Figure curves(ReportData data) {
    return of(
        "curves.png",
        panel(
            "Line chart of the loss by epoch: "
                + course(data, "total", Epoch::loss, v -> Numbers.significant(v, 3))
                + course(data, "super-class", Epoch::superLoss, v -> Numbers.significant(v, 3))
                + course(data, "sub-class", Epoch::subLoss, v -> Numbers.significant(v, 3)),
            c -> c.loss(data)),
        panel(
            "Line chart of the accuracy on the training targets by epoch: "
                + course(data, "super-class", Epoch::superAccuracy, v -> Numbers.percent(v / 100))
                + course(data, "sub-class", Epoch::subAccuracy, v -> Numbers.percent(v / 100)),
            c -> c.accuracy(data)));
  }

  static Figure pace(ReportData data) {
    return of(
        "pace.png",
        panel(
            "Line chart of the learning rate by epoch: "
                + course(data, "", Epoch::learningRate, v -> Numbers.significant(v, 2)),
            c -> c.learningRate(data)),
        panel(
            "Line chart of the training speed in images per second by epoch: "
                + course(data, "", Epoch::imagesPerSecond, v -> Numbers.significant(v, 3)),
            c -> c.speed(data)));
  }

  static Figure nmi(ReportData data) {
    StringBuilder alt =
        new StringBuilder("Line chart of the agreement between clusterings, by epoch.");
    if (!data.reassignments().isEmpty()) {
      Reassignment last = data.reassignments().get(data.reassignments().size() - 1);
      alt.append(" Last clustering: NMI with the previous ")
          .append(Numbers.fixed(last.nmiPrevious(), 3))
          .append(", NMI with the labels ")
          .append(Numbers.fixed(last.nmiLabels(), 3))
          .append('.');
    }
    return of("nmi.png", panel(alt.toString(), c -> c.nmi(data)));
  }

  static Figure kmeans(ReportData data) {
    return of(
        "kmeans.png",
        panel(
            "Line chart of the k-means objective by pass in the last clustering, as a share of the"
                + " first pass.",
            c -> c.kmeans(data)));
  }

  static Figure sizes(ReportData data) {
    if (data.sizes() == null) {
      return null;
    }
    List<Long> upper = data.sizes().superSizes();
    List<Long> lower = data.sizes().subSizes();
    return of(
        "clusters-sizes.png",
        upper.size() < 2
            ? null
            : panel(
                sizesAlt("super-clusters", upper),
                c -> c.sizes("Super-clusters by size", upper, c.theme().second())),
        panel(
            sizesAlt("sub-clusters", lower),
            c -> c.sizes("Sub-clusters by size", lower, c.theme().third())));
  }

  private static String sizesAlt(String what, List<Long> sizes) {
    long largest = sizes.stream().mapToLong(Long::longValue).max().orElse(0);
    long smallest = sizes.stream().mapToLong(Long::longValue).min().orElse(0);
    return "Chart of the sizes of "
        + Numbers.count(sizes.size())
        + " "
        + what
        + ", largest first: from "
        + Numbers.count(largest)
        + " to "
        + Numbers.count(smallest)
        + " images.";
  }

  static Figure evaluation(List<Evaluation.Table> tables) {
    List<Panel> panels = new ArrayList<>();
    List<Evaluation.Table> single = new ArrayList<>();
    for (Evaluation.Table table : tables) {
      if (table.isLayered()) {
        panels.add(
            panel(
                "Line chart of "
                    + table.title()
                    + " by layer, trained against untrained; the same numbers are in the table.",
                c -> c.byLayer(table)));
      } else if (table.metric().equals("top1")) {
        single.add(table);
      }
    }
    // one bar beside another says no more than the table: drawn only where nothing else is
    if (single.size() > 1 || (panels.isEmpty() && !single.isEmpty())) {
      panels.add(
          0,
          panel(
              "Bar chart of top-1 accuracy, trained beside untrained; the same numbers are in the"
                  + " table.",
              c -> c.single(single)));
    }
    return of("evaluation.png", panels.toArray(new Panel[0]));
  }

  private static String course(
      ReportData data,
      String name,
      ToDoubleFunction<Epoch> value,
      Function<Double, String> format) {
    List<Epoch> known =
        data.epochs().stream().filter(e -> Numbers.finite(value.applyAsDouble(e))).toList();
    if (known.isEmpty()) {
      return "";
    }
    Epoch first = known.get(0);
    Epoch last = known.get(known.size() - 1);
    return name
        + (name.isEmpty() ? "" : " ")
        + "from "
        + format.apply(value.applyAsDouble(first))
        + " in epoch "
        + first.epoch()
        + " to "
        + format.apply(value.applyAsDouble(last))
        + " in epoch "
        + last.epoch()
        + ". ";
  }
}
