package org.deepercluster.stages.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Metrics of the same experiment under several seeds: mean and standard deviation of each, and of
 * the difference between the trained and the untrained network of the same seed.
 *
 * <p>Names are the stable ones: {@code eval/<protocol>/<metric>[/<layer>]} for the trained network,
 * the same under {@code random/} for the untrained one. Other metrics get mean and standard
 * deviation only.
 */
public final class SeedsSummary {
  private static final String TRAINED = "eval/";
  private static final String UNTRAINED = "random/eval/";

  private final int runs;
  private final List<Row> rows;
  private final Map<String, Stat> stats;

  /**
   * Mean and sample standard deviation (n − 1 in the denominator).
   *
   * @param n runs that have a finite value
   * @param mean NaN when there is none
   * @param sd NaN when there are fewer than two
   */
  public record Stat(int n, double mean, double sd) {
    static Stat of(double... values) {
      double[] finite = Arrays.stream(values).filter(Numbers::finite).toArray();
      double sum = 0;
      for (double v : finite) {
        sum += v;
      }
      double mean = finite.length == 0 ? Double.NaN : sum / finite.length;
      double squares = 0;
      for (double v : finite) {
        squares += (v - mean) * (v - mean);
      }
      double sd = finite.length < 2 ? Double.NaN : Math.sqrt(squares / (finite.length - 1));
      return new Stat(finite.length, mean, sd);
    }
  }

  private record Row(String name, String trained, String untrained, String difference, int n) {}

  private SeedsSummary(int runs, List<Row> rows, Map<String, Stat> stats) {
    this.runs = runs;
    this.rows = List.copyOf(rows);
    this.stats = stats;
  }

  /**
   * @param runs metrics of each run by name, one map per seed; a metric may be missing from some
   * @throws IllegalArgumentException when there is no run
   */
  public static SeedsSummary of(List<Map<String, Double>> runs) {
    if (runs.isEmpty()) {
      throw new IllegalArgumentException("a summary over seeds needs at least one run, got none");
    }
    Set<String> names = new TreeSet<>(Evaluation::natural);
    runs.forEach(run -> names.addAll(run.keySet()));
    Map<String, Stat> stats = new LinkedHashMap<>();
    for (String name : names) {
      stats.put(name, Stat.of(values(runs, name)));
    }
    Set<String> measures = new TreeSet<>(byMeasure());
    List<Row> others = new ArrayList<>();
    for (String name : names) {
      String measure = name.startsWith(UNTRAINED) ? name.substring("random/".length()) : name;
      String[] parts = measure.split("/");
      if (measure.startsWith(TRAINED) && parts.length >= 3) {
        if (!parts[2].endsWith("_sd")) {
          measures.add(measure);
        }
      } else {
        Stat stat = stats.get(name);
        others.add(
            new Row(
                name,
                Numbers.significant(stat.mean(), 4)
                    + (Numbers.finite(stat.sd()) ? " ± " + Numbers.significant(stat.sd(), 2) : ""),
                "",
                "",
                stat.n()));
      }
    }
    List<Row> rows = new ArrayList<>();
    for (String measure : measures) {
      rows.add(row(measure, values(runs, measure), values(runs, "random/" + measure)));
    }
    rows.addAll(others);
    return new SeedsSummary(runs.size(), rows, stats);
  }

  /** Number of runs. */
  public int runs() {
    return runs;
  }

  /** Mean and standard deviation of every metric, by its name. */
  public Map<String, Stat> stats() {
    return new LinkedHashMap<>(stats);
  }

  /** Table for the terminal: aligned columns, no colour. */
  public String text() {
    String[][] cells = cells();
    int[] width = new int[cells[0].length];
    for (String[] row : cells) {
      for (int c = 0; c < row.length; c++) {
        width[c] = Math.max(width[c], row[c].codePointCount(0, row[c].length()));
      }
    }
    StringBuilder out = new StringBuilder();
    for (String[] row : cells) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < row.length; c++) {
        String pad = " ".repeat(width[c] - row[c].codePointCount(0, row[c].length()));
        line.append(c == 0 ? row[c] + pad : "   " + pad + row[c]);
      }
      out.append(line.toString().stripTrailing()).append('\n');
    }
    return out.append(footnote()).append('\n').toString();
  }

  /** The same table in Markdown. */
  public String markdown() {
    StringBuilder out = new StringBuilder();
    String[][] cells = cells();
    for (int r = 0; r < cells.length; r++) {
      out.append('|');
      for (String cell : cells[r]) {
        out.append(' ').append(cell.replace("\\", "\\\\").replace("|", "\\|")).append(" |");
      }
      out.append('\n');
      if (r == 0) {
        out.append("|---|").append("--:|".repeat(cells[0].length - 1)).append('\n');
      }
    }
    return out.append('\n').append(footnote()).append('\n').toString();
  }

  /** The same table as a fragment of HTML, without styles of its own. */
  public String html() {
    StringBuilder out = new StringBuilder("<table>\n");
    String[][] cells = cells();
    for (int r = 0; r < cells.length; r++) {
      out.append(r == 0 ? "<thead><tr>" : r == 1 ? "<tbody>\n<tr>" : "<tr>");
      for (int c = 0; c < cells[r].length; c++) {
        String text = Html.escape(cells[r][c]);
        if (r == 0) {
          out.append("<th scope=\"col\">").append(text).append("</th>");
        } else if (c == 0) {
          out.append("<th scope=\"row\">").append(text).append("</th>");
        } else {
          out.append("<td>").append(text).append("</td>");
        }
      }
      out.append(r == 0 ? "</tr></thead>\n" : "</tr>\n");
    }
    return out.append(cells.length > 1 ? "</tbody>\n" : "")
        .append("</table>\n<p>")
        .append(Html.escape(footnote()))
        .append("</p>\n")
        .toString();
  }

  private String footnote() {
    return runs == 1
        ? "One run: no standard deviation."
        : "Mean ± standard deviation over "
            + runs
            + " runs; differences are taken within each seed, accuracies' in percentage points.";
  }

  private String[][] cells() {
    boolean gaps = rows.stream().anyMatch(r -> r.n() < runs);
    List<String[]> cells = new ArrayList<>();
    cells.add(line(gaps, "Measure", "Trained", "Untrained", "Difference", "Runs"));
    for (Row row : rows) {
      cells.add(
          line(
              gaps,
              row.name(),
              row.trained(),
              row.untrained(),
              row.difference(),
              Integer.toString(row.n())));
    }
    return cells.toArray(new String[0][]);
  }

  private static String[] line(boolean gaps, String... cells) {
    return gaps ? cells : Arrays.copyOf(cells, cells.length - 1);
  }

  private static Row row(String measure, double[] trained, double[] untrained) {
    String[] parts = measure.split("/", 4);
    Evaluation.Table table = new Evaluation.Table(parts[1], parts[2], List.of());
    double[] differences = new double[trained.length];
    for (int i = 0; i < differences.length; i++) {
      differences[i] = trained[i] - untrained[i];
    }
    Stat t = Stat.of(trained);
    Stat u = Stat.of(untrained);
    Stat d = Stat.of(differences);
    int n = t.n() == 0 ? u.n() : u.n() == 0 ? t.n() : Math.min(t.n(), u.n());
    return new Row(
        table.title() + (parts.length > 3 ? ", " + parts[3] : ""),
        table.value(t.mean()) + table.spread(t.sd()),
        table.value(u.mean()) + table.spread(u.sd()),
        table.difference(d.mean()) + table.spread(d.sd()),
        n);
  }

  private static double[] values(List<Map<String, Double>> runs, String name) {
    return runs.stream()
        .mapToDouble(
            run -> {
              Double value = run.get(name);
              return value == null ? Double.NaN : value;
            })
        .toArray();
  }

  /** Order of the report's table: by protocol, then metric, then layer. */
  private static Comparator<String> byMeasure() {
    return Comparator.comparingInt((String m) -> Evaluation.rank(m.split("/", 3)[1]))
        .thenComparing(Evaluation::natural);
  }
}
