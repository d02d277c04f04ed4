package org.deepercluster.stages.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import org.deepercluster.stages.report.ReportData.Epoch;
import org.deepercluster.stages.report.ReportData.KMeansPass;
import org.deepercluster.stages.report.ReportData.Reassignment;
import org.knowm.xchart.AnnotationLine;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Charts by XChart. Each method gives {@code null} when there is nothing to draw. */
final class Charts {
  /** Label of a tick that stays bare; XChart cannot lay out an empty one. */
  private static final String BLANK = " ";

  private static final int WIDTH = 560;
  private static final int HEIGHT = 340;
  private static final int SCALE = 2;
  private static final int MAX_MARKERS = 40;
  private static final int MAX_BARS = 64;
  private static final int MAX_LONG_LABELS = 8;
  private static final int MAX_POINTS = 1000;

  /** Largest cluster over median from which sizes are shown on a logarithmic scale. */
  private static final long LONG_TAIL = 20;

  private final Theme theme;

  Charts(Theme theme) {
    this.theme = theme;
  }

  Theme theme() {
    return theme;
  }

  BufferedImage loss(ReportData data) {
    XYChart chart = epochChart("Loss", "epoch", "loss per image");
    chart.getStyler().setyAxisTickLabelsFormattingFunction(Numbers::brief);
    boolean any = epochs(chart, "total", data.epochs(), Epoch::loss, theme.first());
    any |= epochs(chart, "super-class", data.epochs(), Epoch::superLoss, theme.second());
    any |= epochs(chart, "sub-class", data.epochs(), Epoch::subLoss, theme.third());
    return any ? withReassignments(chart, data) : null;
  }

  BufferedImage accuracy(ReportData data) {
    XYChart chart = epochChart("Accuracy on its own targets", "epoch", "accuracy");
    chart.getStyler().setyAxisTickLabelsFormattingFunction(v -> Numbers.brief(v) + " %");
    boolean any = epochs(chart, "super-class", data.epochs(), Epoch::superAccuracy, theme.second());
    any |= epochs(chart, "sub-class", data.epochs(), Epoch::subAccuracy, theme.third());
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setYAxisMax(100.0);
    return any ? withReassignments(chart, data) : null;
  }

  BufferedImage speed(ReportData data) {
    XYChart chart = epochChart("Training speed", "epoch", "images per second");
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setLegendVisible(false);
    countAxis(chart);
    return epochs(chart, "images/s", data.epochs(), Epoch::imagesPerSecond, theme.first())
        ? paint(chart)
        : null;
  }

  BufferedImage learningRate(ReportData data) {
    XYChart chart = epochChart("Learning rate", "epoch", "learning rate");
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setyAxisTickLabelsFormattingFunction(Numbers::brief);
    return epochs(chart, "learning rate", data.epochs(), Epoch::learningRate, theme.first())
        ? paint(chart)
        : null;
  }

  BufferedImage nmi(ReportData data) {
    XYChart chart = epochChart("Agreement between clusterings", "epoch of the clustering", "");
    List<Reassignment> list = data.reassignments();
    double[] x = list.stream().mapToDouble(Reassignment::epoch).toArray();
    boolean any =
        line(
            chart,
            "NMI with the previous clustering",
            x,
            list.stream().mapToDouble(Reassignment::nmiPrevious).toArray(),
            theme.first(),
            SeriesMarkers.CIRCLE);
    any |=
        line(
            chart,
            "NMI with the labels",
            x,
            list.stream().mapToDouble(Reassignment::nmiLabels).toArray(),
            theme.second(),
            SeriesMarkers.SQUARE);
    any |=
        line(
            chart,
            "ARI with the labels",
            x,
            list.stream().mapToDouble(Reassignment::ariLabels).toArray(),
            theme.third(),
            SeriesMarkers.DIAMOND);
    double lowest =
        list.stream()
            .flatMapToDouble(r -> DoubleStream.of(r.nmiPrevious(), r.nmiLabels(), r.ariLabels()))
            .filter(Numbers::finite)
            .min()
            .orElse(0);
    chart.getStyler().setYAxisMin(Math.min(0, lowest));
    chart.getStyler().setYAxisMax(1.0);
    chart.getStyler().setYAxisDecimalPattern("0.0");
    chart.getStyler().setLegendLayout(LegendLayout.Vertical);
    return any ? paint(chart) : null;
  }

  /** Objective of the last clustering's passes, as a share of the first pass. */
  BufferedImage kmeans(ReportData data) {
    if (data.kmeans().isEmpty()) {
      return null;
    }
    int last = data.kmeans().stream().mapToInt(KMeansPass::epoch).max().getAsInt();
    XYChart chart =
        epochChart("k-means, last clustering", "pass", "objective, share of first pass");
    percentAxis(chart);
    boolean any = false;
    for (int level = 1; level <= 2; level++) {
      TreeMap<Integer, Double> byPass = new TreeMap<>();
      for (KMeansPass pass : data.kmeans()) {
        if (pass.epoch() == last && pass.level() == level) {
          byPass.put(pass.pass(), pass.objective());
        }
      }
      if (byPass.isEmpty()) {
        continue;
      }
      double first = byPass.firstEntry().getValue();
      any |=
          line(
              chart,
              level == 1 ? "level 1 (super-clusters)" : "level 2 (sub-clusters)",
              byPass.keySet().stream().mapToDouble(Integer::doubleValue).toArray(),
              byPass.values().stream().mapToDouble(v -> v / first).toArray(),
              level == 1 ? theme.first() : theme.second(),
              level == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.SQUARE);
    }
    return any ? paint(chart) : null;
  }

  /** Cluster sizes by decreasing size: bars for few clusters, a curve for many. */
  BufferedImage sizes(String title, List<Long> sizes, Color colour) {
    if (sizes.isEmpty()) {
      return null;
    }
    List<Long> sorted = new ArrayList<>(sizes);
    sorted.sort(Collections.reverseOrder());
    double mean = sorted.stream().mapToLong(Long::longValue).average().orElse(0);
    if (sorted.size() <= MAX_BARS) {
      CategoryChart chart = new CategoryChart(WIDTH, HEIGHT);
      style(chart, title, "clusters, largest first", "images");
      List<String> ranks = new ArrayList<>();
      for (int i = 1; i <= sorted.size(); i++) {
        ranks.add(Integer.toString(i));
      }
      CategorySeries series = chart.addSeries("images", ranks, sorted);
      series.setFillColor(colour);
      chart.getStyler().setLegendVisible(false);
      chart.getStyler().setAvailableSpaceFill(sorted.size() < 8 ? 0.5 : 0.8);
      chart.getStyler().setXAxisMaxLabelCount(16);
      chart.getStyler().setYAxisMin(0.0);
      countAxis(chart);
      chart.addAnnotation(new AnnotationLine(mean, false, false));
      return paint(chart);
    }
    long median = Math.max(1, sorted.get(sorted.size() / 2));
    boolean logarithmic = sorted.get(0) > LONG_TAIL * median;
    if (logarithmic) {
      sorted.removeIf(n -> n < 1);
    }
    int points = Math.min(MAX_POINTS, sorted.size());
    double[] rank = new double[points];
    double[] size = new double[points];
    for (int i = 0; i < points; i++) {
      int at = points == 1 ? 0 : (int) ((long) i * (sorted.size() - 1) / (points - 1));
      rank[i] = at + 1;
      size[i] = sorted.get(at);
    }
    XYChart chart = new XYChart(WIDTH, HEIGHT);
    style(chart, title, "clusters, largest first", logarithmic ? "images (log scale)" : "images");
    chart.getStyler().setYAxisLogarithmic(logarithmic);
    XYSeries series = chart.addSeries("images", rank, size);
    series.setXYSeriesRenderStyle(XYSeriesRenderStyle.Area);
    series.setLineColor(colour);
    series.setMarker(SeriesMarkers.NONE);
    series.setFillColor(new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), 90));
    series.setLineWidth(2);
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setYAxisMin(logarithmic ? 1.0 : 0.0);
    chart.getStyler().setXAxisMin(1.0);
    chart.getStyler().setXAxisMax((double) sizes.size());
    chart.getStyler().setXAxisDecimalPattern("#,##0");
    // not by a formatting function: with one, XChart labels a logarithmic axis as a linear one
    chart.getStyler().setYAxisDecimalPattern("#,##0");
    chart.addAnnotation(new AnnotationLine(mean, false, false));
    return paint(chart);
  }

  /** One measure over the layers, trained against untrained. */
  BufferedImage byLayer(Evaluation.Table table) {
    CategoryChart chart = new CategoryChart(WIDTH, HEIGHT);
    List<String> layers = table.rows().stream().map(Evaluation.Row::layer).toList();
    String common = layers.size() > MAX_LONG_LABELS ? commonWord(layers) : "";
    layers = layers.stream().map(l -> l.substring(common.length())).toList();
    style(chart, table.title(), common.isEmpty() ? "layer" : "layer (" + common + "…)", "");
    chart.getStyler().setOverlapped(true);
    boolean any =
        layerSeries(
            chart, "trained", layers, table, Evaluation.Row::trainedValue, true, theme.first());
    any |=
        layerSeries(
            chart,
            "untrained",
            layers,
            table,
            Evaluation.Row::untrainedValue,
            false,
            theme.reference());
    if (table.isPercent()) {
      chart.getStyler().setyAxisTickLabelsFormattingFunction(v -> Numbers.brief(v) + " %");
    }
    roomAround(chart, table);
    return any ? paint(chart) : null;
  }

  /** The letters that all names begin with before a number, or nothing. */
  private static String commonWord(List<String> names) {
    String word = names.get(0).replaceFirst("\\d.*", "");
    for (String name : names) {
      boolean numbered =
          name.length() > word.length()
              && name.startsWith(word)
              && Character.isDigit(name.charAt(word.length()));
      if (!numbered) {
        return "";
      }
    }
    return word;
  }

  /** Keeps the points off the frame; the axis need not start at zero, since there are no bars. */
  private static void roomAround(CategoryChart chart, Evaluation.Table table) {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (Evaluation.Row row : table.rows()) {
      for (ReportData.Score score : new ReportData.Score[] {row.trained(), row.untrained()}) {
        if (score != null && Numbers.finite(score.value())) {
          double sd = Numbers.finite(score.sd()) ? score.sd() : 0;
          low = Math.min(low, score.value() - sd);
          high = Math.max(high, score.value() + sd);
        }
      }
    }
    if (low <= high) {
      double room = Math.max(0.1 * (high - low), table.isPercent() ? 0.5 : 0.005);
      chart.getStyler().setYAxisMin(low >= 0 ? Math.max(0, low - room) : low - room);
      chart.getStyler().setYAxisMax(high + room);
    }
  }

  private static boolean layerSeries(
      CategoryChart chart,
      String name,
      List<String> layers,
      Evaluation.Table table,
      ToDoubleFunction<Evaluation.Row> value,
      boolean trained,
      Color colour) {
    List<Double> values = new ArrayList<>();
    List<Double> spread = new ArrayList<>();
    boolean any = false;
    boolean spreads = false;
    for (Evaluation.Row row : table.rows()) {
      ReportData.Score score = trained ? row.trained() : row.untrained();
      double v = value.applyAsDouble(row);
      any |= Numbers.finite(v);
      values.add(Numbers.finite(v) ? (Double) v : null);
      boolean has = score != null && Numbers.finite(score.sd());
      spreads |= has;
      spread.add(has ? score.sd() : 0.0);
    }
    if (!any) {
      return false;
    }
    CategorySeries series =
        spreads
            ? chart.addSeries(name, layers, values, spread)
            : chart.addSeries(name, layers, values);
    series.setChartCategorySeriesRenderStyle(CategorySeriesRenderStyle.Line);
    series.setMarker(trained ? SeriesMarkers.CIRCLE : SeriesMarkers.SQUARE);
    series.setMarkerColor(colour);
    series.setLineColor(colour);
    series.setLineStyle(new BasicStroke(2.5f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    return true;
  }

  /** Measures that have one value each, as bars from zero, trained beside untrained. */
  BufferedImage single(List<Evaluation.Table> tables) {
    List<String> names = new ArrayList<>();
    List<Double> trained = new ArrayList<>();
    List<Double> untrained = new ArrayList<>();
    for (Evaluation.Table table : tables) {
      Evaluation.Row row = table.rows().get(0);
      names.add(shortName(table));
      trained.add(orNull(row.trainedValue()));
      untrained.add(orNull(row.untrainedValue()));
    }
    CategoryChart chart = new CategoryChart(WIDTH, HEIGHT);
    style(chart, "Top-1 accuracy", "", "");
    boolean any = false;
    if (trained.stream().anyMatch(v -> v != null)) {
      chart.addSeries("trained", names, trained).setFillColor(theme.first());
      any = true;
    }
    if (untrained.stream().anyMatch(v -> v != null)) {
      chart.addSeries("untrained", names, untrained).setFillColor(theme.reference());
      any = true;
    }
    chart.getStyler().setAvailableSpaceFill(0.5);
    chart.getStyler().setyAxisTickLabelsFormattingFunction(v -> Numbers.brief(v) + " %");
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setYAxisMax(100.0);
    return any ? paint(chart) : null;
  }

  private static String shortName(Evaluation.Table table) {
    String layer = table.rows().get(0).layer();
    return Evaluation.protocolName(table.protocol()).replaceFirst(",.*", "")
        + (layer.isEmpty() ? "" : " (" + layer + ")");
  }

  private static Double orNull(double value) {
    return Numbers.finite(value) ? (Double) value : null;
  }

  private XYChart epochChart(String title, String x, String y) {
    XYChart chart = new XYChart(WIDTH, HEIGHT);
    style(chart, title, x, y);
    chart
        .getStyler()
        .setxAxisTickLabelsFormattingFunction(
            v -> v >= 0 && v == Math.rint(v) ? Long.toString(Math.round(v)) : BLANK);
    return chart;
  }

  private boolean epochs(
      XYChart chart, String name, List<Epoch> epochs, ToDoubleFunction<Epoch> value, Color colour) {
    return line(
        chart,
        name,
        epochs.stream().mapToDouble(Epoch::epoch).toArray(),
        epochs.stream().mapToDouble(value).toArray(),
        colour,
        epochs.size() > 30 ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE);
  }

  /** Adds a line; what is not finite becomes a gap, and a line without any point is left out. */
  private static boolean line(
      XYChart chart, String name, double[] x, double[] y, Color colour, Marker marker) {
    int finite = 0;
    double[] shown = y.clone();
    for (int i = 0; i < y.length; i++) {
      if (Numbers.finite(y[i])) {
        finite++;
      } else {
        shown[i] = Double.NaN;
      }
    }
    if (finite == 0) {
      return false;
    }
    XYSeries series = chart.addSeries(name, x, shown);
    series.setLineColor(colour).setLineWidth(2.5f);
    series.setMarkerColor(colour).setMarker(finite == 1 ? SeriesMarkers.CIRCLE : marker);
    if (x.length == 1) {
      String label = Long.toString(Math.round(x[0]));
      chart.getStyler().setXAxisMin(x[0] - 1);
      chart.getStyler().setXAxisMax(x[0] + 1);
      chart
          .getStyler()
          .setxAxisTickLabelsFormattingFunction(
              // XChart drops ticks whose labels are equal, blank ones too
              v -> v == x[0] ? label : BLANK.repeat(v < x[0] ? 1 : 2));
    }
    if (finite == 1 && chart.getStyler().getYAxisMax() == null) {
      double value = Arrays.stream(shown).filter(Numbers::finite).findFirst().getAsDouble();
      chart.getStyler().setYAxisMin(Math.min(0, 1.2 * value));
      chart.getStyler().setYAxisMax(value > 0 ? 1.2 * value : value == 0 ? 1 : 0);
    }
    return true;
  }

  private BufferedImage withReassignments(XYChart chart, ReportData data) {
    List<Reassignment> list = data.reassignments();
    if (list.size() > 1 && list.size() <= MAX_MARKERS) {
      for (Reassignment reassignment : list.subList(1, list.size())) {
        chart.addAnnotation(new AnnotationLine(reassignment.epoch() - 0.5, true, false));
      }
    }
    return paint(chart);
  }

  private static void percentAxis(Chart<? extends AxesChartStyler, ?> chart) {
    chart
        .getStyler()
        .setyAxisTickLabelsFormattingFunction(
            v -> {
              double percent = 100 * v;
              boolean whole = Math.abs(percent - Math.rint(percent)) < 1e-6;
              return String.format(Locale.ROOT, whole ? "%.0f %%" : "%.1f %%", percent);
            });
  }

  private static void countAxis(Chart<? extends AxesChartStyler, ?> chart) {
    chart
        .getStyler()
        .setyAxisTickLabelsFormattingFunction(
            v -> v == Math.rint(v) ? Numbers.count(Math.round(v)) : BLANK);
  }

  private void style(Chart<? extends AxesChartStyler, ?> chart, String title, String x, String y) {
    AxesChartStyler styler = chart.getStyler();
    Font plain = new Font(Font.SANS_SERIF, Font.PLAIN, 14);
    chart.setTitle(title);
    chart.setXAxisTitle(x);
    chart.setYAxisTitle(y);
    styler.setLocale(Locale.ROOT);
    styler.setBaseFont(plain);
    styler.setChartTitleFont(plain.deriveFont(Font.BOLD, 16f));
    styler.setLegendFont(plain);
    styler.setAxisTickLabelsFont(plain.deriveFont(13f));
    styler.setAxisTitleFont(plain);
    styler.setXAxisTitleVisible(!x.isEmpty());
    styler.setYAxisTitleVisible(!y.isEmpty());
    styler.setChartBackgroundColor(theme.background());
    styler.setPlotBackgroundColor(theme.background());
    styler.setPlotBorderVisible(false);
    styler.setChartFontColor(theme.text());
    styler.setXAxisTitleColor(theme.text());
    styler.setYAxisTitleColor(theme.text());
    styler.setAxisTickLabelsColor(theme.text());
    styler.setAxisTickMarksColor(theme.faint());
    styler.setPlotGridLinesColor(theme.faint());
    styler.setPlotGridLinesStroke(new BasicStroke(1));
    styler.setPlotGridVerticalLinesVisible(false);
    styler.setLegendPosition(LegendPosition.OutsideS);
    styler.setLegendLayout(LegendLayout.Horizontal);
    styler.setLegendBackgroundColor(theme.background());
    styler.setLegendBorderColor(theme.background());
    styler.setAnnotationLineColor(theme.reference());
    styler.setAnnotationLineStroke(
        new BasicStroke(
            1.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, new float[] {4, 4}, 0));
    styler.setErrorBarsColorSeriesColor(true);
    styler.setLegendPadding(12);
    styler.setMarkerSize(8);
    styler.setChartPadding(12);
    styler.setToolTipsEnabled(false);
  }

  private BufferedImage paint(Chart<?, ?> chart) {
    BufferedImage out = Pictures.blank(WIDTH * SCALE, HEIGHT * SCALE, theme.background());
    Graphics2D g = out.createGraphics();
    g.scale(SCALE, SCALE);
    chart.paint(g, WIDTH, HEIGHT);
    g.dispose();
    return out;
  }
}
