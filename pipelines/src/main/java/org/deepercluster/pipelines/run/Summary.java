package org.deepercluster.pipelines.run;

import java.util.Locale;
import java.util.SortedMap;
import org.deepercluster.pipelines.experiment.Experiment;

/** What a person wants to know of a finished run. */
final class Summary {
  private Summary() {}

  /** Several lines: the table, where there are results, and where everything is. */
  static String text(Experiment e, ExperimentRunner.Outcome o) {
    StringBuilder out = new StringBuilder();
    out.append(String.format(Locale.ROOT, "Done in %.0f s.%n", o.wallSeconds()));
    SortedMap<String, Double> m = o.metrics();
    if (!m.isEmpty()) {
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
    out.append("Model:   ").append(o.directory()).append("/model/model.safetensors");
    o.url().ifPresent(u -> out.append("\nMLflow:  ").append(u));
    return out.toString();
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
