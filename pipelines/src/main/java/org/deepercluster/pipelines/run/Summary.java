package org.deepercluster.pipelines.run;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.stages.config.Setting;
import org.deepercluster.stages.evaluate.Published;
import org.deepercluster.stages.report.ReportData;

/** What a person wants to know of a finished run. */
final class Summary {
  private Summary() {}

  /** Several lines: the table, where there are results, and where everything is. */
  static String text(Experiment e, ExperimentRunner.Outcome o) {
    StringBuilder out = new StringBuilder();
    out.append(String.format(Locale.ROOT, "Done in %.0f s.%n", o.wallSeconds()));
    SortedMap<String, Double> m = o.metrics();
    if (!m.isEmpty() && e.evaluation().protocols() != null) {
      out.append('\n').append(table(m)).append('\n');
    } else if (!m.isEmpty()) {
      out.append(
          String.format(Locale.ROOT, "%n%-28s %9s %10s %8s%n", "", "trained", "untrained", "gain"));
      String low = "lowshot" + e.evaluation().lowShot().perClass() + "/top1/";
      row(out, m, "k-NN", "knn/top1");
      String best = best(m, "eval/linear/top1/");
      String bestRandom = best(m, "random/eval/linear/top1/");
      if (best != null && bestRandom != null) {
        String layer = best.substring(best.lastIndexOf('/') + 1);
        print(out, "linear, best layer (" + layer + ")", m.get(best), m.get(bestRandom));
        String conv = "conv5";
        row(out, m, "low-shot, " + conv, low + conv);
      }
      if (m.containsKey("eval/clusters/nmi")) {
        out.append(
            String.format(
                Locale.ROOT,
                "%-28s %9.3f%n",
                "clusters: NMI with labels",
                m.get("eval/clusters/nmi")));
      }
      out.append('\n');
    }
    if (o.report() != null) {
      out.append("Report:  ").append(o.report()).append('\n');
    }
    out.append("Model:   ");
    out.append(e.weights() == null ? o.directory() + "/model/model.safetensors" : e.weights());
    o.url().ifPresent(u -> out.append("\nMLflow:  ").append(u));
    return out.toString();
  }

  /** Every result, with the untrained network's and a paper's beside it where there are any. */
  private static String table(SortedMap<String, Double> m) {
    List<ReportData.Score> trained = ReportData.Score.fromMetrics(m, "eval/");
    Map<String, ReportData.Score> untrained = new LinkedHashMap<>();
    for (ReportData.Score s : ReportData.Score.fromMetrics(m, "random/eval/")) {
      untrained.put(name(s), s);
    }
    // the untrained network alone is the experiment's own and stands under both names
    boolean both = trained.stream().anyMatch(s -> !s.equals(untrained.get(name(s))));
    StringBuilder out = new StringBuilder();
    out.append(String.format("%-40s %16s", "", "result"));
    out.append(both && !untrained.isEmpty() ? String.format(" %16s", "untrained") : "");
    boolean published = false;
    StringBuilder rows = new StringBuilder();
    List<ReportData.Score> sorted = new ArrayList<>(trained);
    sorted.sort(Comparator.comparing(Summary::name, ReportData::naturalOrder));
    for (ReportData.Score s : sorted) {
      rows.append(String.format("%-40s %16s", name(s), value(s)));
      if (both && !untrained.isEmpty()) {
        ReportData.Score u = untrained.get(name(s));
        rows.append(String.format(" %16s", u == null ? "" : value(u)));
      }
      String layer = s.layer() == null ? "" : s.layer();
      for (Published p : Published.of(s.protocol(), s.metric(), layer)) {
        published = true;
        rows.append(String.format(Locale.ROOT, "   %.1f %s", p.value(), p.method()));
      }
      rows.append('\n');
    }
    out.append(published ? "   published" : "").append('\n');
    return out.append(rows).toString();
  }

  private static String name(ReportData.Score s) {
    return s.protocol() + " " + s.metric() + (s.layer() == null ? "" : " " + s.layer());
  }

  private static String value(ReportData.Score s) {
    double v = s.value();
    // learning rates and weight decays are small; a rate of 0.00001 is not 0.000
    String text =
        Math.abs(v) < 1
            ? Setting.text(new BigDecimal(v).round(new MathContext(3)).doubleValue())
            : String.format(Locale.ROOT, "%.2f", v);
    return text + (Double.isNaN(s.sd()) ? "" : String.format(Locale.ROOT, " ± %.2f", s.sd()));
  }

  private static String best(SortedMap<String, Double> m, String prefix) {
    String best = null;
    for (String k : m.keySet()) {
      if (k.startsWith(prefix) && (best == null || m.get(k) > m.get(best))) {
        best = k;
      }
    }
    return best;
  }

  private static void row(
      StringBuilder out, SortedMap<String, Double> m, String label, String metric) {
    Double trained = m.get("eval/" + metric);
    Double untrained = m.get("random/eval/" + metric);
    if (trained != null && untrained != null) {
      print(out, label, trained, untrained);
    }
  }

  private static void print(StringBuilder out, String label, double trained, double untrained) {
    out.append(
        String.format(
            Locale.ROOT,
            "%-28s %7.1f %% %8.1f %% %+8.1f%n",
            label,
            trained,
            untrained,
            trained - untrained));
  }
}
