package org.deepercluster.stages.report;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.deepercluster.stages.evaluate.Published;
import org.deepercluster.stages.report.Evaluation.Row;
import org.deepercluster.stages.report.Evaluation.Table;
import org.deepercluster.stages.report.ReportData.Cluster;
import org.deepercluster.stages.report.ReportData.Epoch;
import org.deepercluster.stages.report.ReportData.Group;
import org.deepercluster.stages.report.ReportData.Reassignment;
import org.deepercluster.stages.report.ReportData.Run;
import org.deepercluster.stages.report.ReportData.StageTime;

/** The page, as HTML that is also well-formed XML. */
final class Page {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("d MMMM uuuu, HH:mm:ss 'UTC'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  private final ReportData data;
  private final List<Table> tables;
  private final Map<String, Figure> figures;
  private final String fontFault;
  private final StringBuilder out = new StringBuilder(1 << 16);

  Page(ReportData data, List<Table> tables, Map<String, Figure> figures, String fontFault) {
    this.data = data;
    this.tables = tables;
    this.figures = figures;
    this.fontFault = fontFault;
  }

  byte[] bytes() {
    head();
    summary();
    evaluation();
    training();
    clusters();
    gallery();
    filters();
    images();
    run();
    line("</main>");
    line("</body>");
    line("</html>");
    return out.toString().getBytes(StandardCharsets.UTF_8);
  }

  private void head() {
    Run run = data.run();
    String title = Html.escape(run.experiment());
    line("<!DOCTYPE html>");
    line("<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">");
    line("<head>");
    line("<meta charset=\"utf-8\"/>");
    line("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>");
    line("<meta name=\"color-scheme\" content=\"light dark\"/>");
    line(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:;"
            + " style-src 'unsafe-inline'\"/>");
    line("<title>" + title + " – DeeperCluster report</title>");
    line("<style>");
    out.append(css());
    line("</style>");
    line("</head>");
    line("<body>");
    line("<main>");
    line("<header>");
    line("<p class=\"kicker\">DeeperCluster report</p>");
    line("<h1>" + title + "</h1>");
    StringBuilder facts = new StringBuilder();
    facts.append("run ").append(run.id()).append(" · ").append(run.method());
    facts.append(" · seed ").append(run.seed());
    if (run.finish() != null) {
      facts.append(" · ").append(TIME.format(run.finish()));
    }
    line("<p class=\"facts\">" + Html.escape(facts.toString()) + "</p>");
    line("</header>");
  }

  private void summary() {
    line("<section id=\"summary\">");
    line("<h2>In short</h2>");
    paragraph(Summary.what(data));
    List<Table> headlines = Summary.headlines(tables);
    if (tables.isEmpty()) {
      paragraph(
          "Its features were not evaluated on labelled images, so this report cannot say how good"
              + " they are.");
    } else if (!headlines.isEmpty()) {
      String verdict = Summary.verdict(headlines);
      if (!verdict.isEmpty()) {
        line("<p class=\"verdict\">" + Html.escape(verdict) + "</p>");
      }
      line("<div class=\"tiles\">");
      for (Table table : headlines) {
        tile(table);
      }
      line("</div>");
      line("<ul>");
      for (Table table : headlines) {
        line("<li>" + Html.escape(Summary.sentence(table)) + "</li>");
      }
      line("</ul>");
      if (!data.run().method().equals("pretrained")) {
        note(
            "Figures of one seed. How much another seed changes them is seen by running the"
                + " experiment with several: run --seeds 0,1,2.");
      }
    }
    if (fontFault != null) {
      line(
          "<p class=\"warning\">"
              + Html.escape(
                  "The charts are left out: the Java runtime that wrote this report could not draw"
                      + " text ("
                      + fontFault
                      + "). With fonts installed (on Debian: fontconfig and fonts-dejavu-core) they"
                      + " are drawn.")
              + "</p>");
    }
    line("</section>");
  }

  private void tile(Table table) {
    Row best = table.best();
    double gain = Summary.gain(table);
    line("<div class=\"tile\">");
    line("<p class=\"name\">" + Html.escape(table.name()) + "</p>");
    line(
        "<p class=\"value\">"
            + Html.escape(table.value(best == null ? Double.NaN : best.trainedValue()))
            + "</p>");
    String against =
        Numbers.finite(gain)
            ? "<span class=\""
                + tone(table, gain)
                + "\">"
                + Html.escape(table.difference(gain))
                + " points</span> against untrained"
            : "no comparison";
    line("<p class=\"against\">" + against + "</p>");
    line("</div>");
  }

  /** Class of a difference, by what it is after rounding. */
  private static String tone(Table table, double difference) {
    if (!table.isHigherBetter()) {
      return "same";
    }
    return switch (table.difference(difference).charAt(0)) {
      case '+' -> "up";
      case '−' -> "down";
      default -> "same";
    };
  }

  private void evaluation() {
    if (tables.isEmpty()) {
      return;
    }
    line("<section id=\"evaluation\">");
    boolean compared = !data.trained().isEmpty() && !data.untrained().isEmpty();
    line(
        compared || data.trained().isEmpty()
            ? "<h2>Evaluation against the untrained network</h2>"
            : "<h2>Evaluation</h2>");
    paragraph(
        data.run().method().equals("pretrained")
            ? "Measured on labelled test images; how, says the page of the protocol."
            : "Each measure freezes the network and asks how well simple classifiers do on its features,"
                + " on labelled test images that it has not seen. The untrained network has the"
                + " same architecture and the same initial weights. It is a strong reference on small"
                + " images, most of all in its first layers; what counts is the difference, in"
                + " percentage points.");
    line("<div class=\"pair\">");
    line("<div>");
    line("<div class=\"scroll\">");
    line("<table class=\"scores\">");
    String networks =
        compared
            ? "<th scope=\"col\">Untrained</th><th scope=\"col\">Trained</th>"
                + "<th scope=\"col\">Difference</th>"
            : "<th scope=\"col\">" + (data.trained().isEmpty() ? "Untrained" : "Result") + "</th>";
    line("<thead><tr><th scope=\"col\">Measure</th>" + networks + "</tr></thead>");
    boolean spreads = false;
    for (Table table : tables) {
      line("<tbody>");
      if (table.rows().size() == 1) {
        Row row = table.rows().get(0);
        String at = row.layer().isEmpty() ? "" : ", " + row.layer();
        spreads |= hasSpread(row);
        scoreRow(table, row, table.title() + at, "only", "", compared);
        line("</tbody>");
        continue;
      }
      line(
          "<tr class=\"group\"><th colspan=\""
              + (compared ? 4 : 2)
              + "\" scope=\"rowgroup\">"
              + Html.escape(table.title())
              + "</th></tr>");
      Row best = table.isLayered() ? table.best() : null;
      for (Row row : table.rows()) {
        spreads |= hasSpread(row);
        String layer = row.layer().isEmpty() ? "network" : row.layer();
        boolean first = row.equals(best);
        scoreRow(
            table,
            row,
            layer,
            first ? "layer best" : "layer",
            first ? " <span class=\"badge\">best</span>" : "",
            compared);
      }
      line("</tbody>");
    }
    line("</table>");
    line("</div>");
    published();
    List<String> notes = new ArrayList<>();
    if (tables.stream().anyMatch(Table::isLayered)) {
      notes.add("“Best” marks the layer where the trained network does best.");
    }
    if (spreads) {
      notes.add("± is the standard deviation over the draws of the labelled images.");
    }
    if (tables.stream().anyMatch(Table::isUnitless)) {
      notes.add("NMI, AMI and ARI have no unit: 1 is perfect agreement with the labels.");
    }
    if (!notes.isEmpty()) {
      note(String.join(" ", notes));
    }
    line("</div>");
    figure(
        "evaluation.png",
        "k-NN asks the nearest labelled images to vote. Low-shot learns a classifier from a few"
            + " labels per class. Linear classifiers are learned on every layer in turn: early"
            + " layers see edges and textures, late ones what the training made of them. The"
            + " vertical axis of the charts by layer does not begin at zero.");
    line("</div>");
    line("</section>");
  }

  /** Figures of papers for the same measurements. */
  private void published() {
    List<Published> all = new ArrayList<>();
    for (Table table : tables) {
      for (Row row : table.rows()) {
        all.addAll(Published.of(table.protocol(), table.metric(), row.layer()));
      }
    }
    if (all.isEmpty()) {
      return;
    }
    line("<div class=\"scroll\"><table>");
    line(columns("Published", "Measure", "Figure", "Source"));
    line("<tbody>");
    for (Published p : all) {
      line(
          cells(
              p.method(),
              Evaluation.protocolName(p.protocol())
                  + ", "
                  + Evaluation.metricName(p.metric())
                  + (p.layer().isEmpty() ? "" : ", " + p.layer()),
              Numbers.fixed(p.value(), 1),
              p.source()));
    }
    line("</tbody></table></div>");
  }

  private static boolean hasSpread(Row row) {
    return (row.trained() != null && Numbers.finite(row.trained().sd()))
        || (row.untrained() != null && Numbers.finite(row.untrained().sd()));
  }

  /** A row of both networks and their difference, or of the only one that was measured. */
  private void scoreRow(
      Table table, Row row, String name, String style, String badge, boolean compared) {
    String cells =
        compared
            ? cell(table, row.untrained())
                + "</td><td>"
                + cell(table, row.trained())
                + "</td><td class=\""
                + tone(table, row.difference())
                + "\">"
                + Html.escape(table.difference(row.difference()))
            : cell(table, row.trained() == null ? row.untrained() : row.trained());
    line(
        "<tr class=\""
            + style
            + "\"><th scope=\"row\">"
            + Html.escape(name)
            + badge
            + "</th><td>"
            + cells
            + "</td></tr>");
  }

  private static String cell(Table table, ReportData.Score score) {
    if (score == null) {
      return Numbers.ABSENT;
    }
    String spread = table.spread(score.sd());
    return Html.escape(table.value(score.value()))
        + (spread.isEmpty() ? "" : "<small>" + Html.escape(spread) + "</small>");
  }

  private void training() {
    line("<section id=\"training\">");
    line("<h2>Training</h2>");
    if (data.epochs().isEmpty()) {
      paragraph(
          data.run().method().matches("random|pretrained")
              ? "This method does not train, so there is no training curve."
              : "No epoch of training was recorded.");
      line("</section>");
      return;
    }
    boolean clustered = data.reassignments().size() > 1;
    figure(
        "curves.png",
        "The loss should fall and the accuracy rise. Both are measured on the run's own targets,"
            + " not on labels, so they say that training works, not how good the features are."
            + (clustered
                ? " Dashed lines mark a new clustering: the targets change and their classifiers"
                    + " start afresh, so a jump there is expected."
                : ""));
    figure("pace.png", "Learning rate at the end of each epoch, and speed of training.");
    line("<details>");
    line("<summary>All numbers by epoch</summary>");
    line("<div class=\"scroll\"><table>");
    line(
        columns(
            "Epoch",
            "Loss",
            "Super-class loss",
            "Super-class accuracy",
            "Sub-class loss",
            "Sub-class accuracy",
            "Learning rate",
            "Images/s"));
    line("<tbody>");
    for (Epoch e : data.epochs()) {
      line(
          cells(
              Integer.toString(e.epoch()),
              Numbers.fixed(e.loss(), 3),
              Numbers.fixed(e.superLoss(), 3),
              Numbers.percent(e.superAccuracy() / 100),
              Numbers.fixed(e.subLoss(), 3),
              Numbers.percent(e.subAccuracy() / 100),
              Numbers.significant(e.learningRate(), 3),
              Numbers.fixed(e.imagesPerSecond(), 0)));
    }
    line("</tbody></table></div>");
    line("</details>");
    line("</section>");
  }

  private void clusters() {
    line("<section id=\"clusters\">");
    line("<h2>Clusters</h2>");
    if (data.reassignments().isEmpty() && data.sizes() == null) {
      paragraph(
          switch (data.run().method()) {
            case "rotnet" ->
                "RotNet learns from the four rotations alone: there is nothing to cluster.";
            case "supervised" ->
                "Supervised training learns from the labels: there is nothing to cluster.";
            case "pretrained" -> "The clusters of an earlier run are in that run's report.";
            case "random" -> "An untrained network has no targets: there is nothing to cluster.";
            default -> "No clustering was recorded.";
          });
      line("</section>");
      return;
    }
    figure(
        "clusters-sizes.png",
        "Images in each cluster of the last clustering; the dashed line is their mean. Unequal"
            + " sizes are normal; one giant cluster beside nearly empty ones would be a collapse.");
    line("<div class=\"pair\">");
    figure(
        "nmi.png",
        "Normalised mutual information (NMI) measures how much two groupings of the same images"
            + " agree: 1 when they are the same but for the names of the groups, near 0 when"
            + " knowing one tells nothing about the other. With the previous clustering it should"
            + " rise as the features settle. Agreement with labels (NMI, and the adjusted Rand"
            + " index, ARI) is only looked at, never trained on. NMI grows with the number of"
            + " clusters, so compare it only between runs with the same number.");
    figure(
        "kmeans.png",
        "Squared distances of the features to their centroids, as a share of the first pass. A"
            + " flat end means that more passes would change little.");
    line("</div>");
    if (!data.reassignments().isEmpty()) {
      boolean sela = data.run().method().equals("sela");
      line("<details>");
      line("<summary>All clusterings</summary>");
      line("<div class=\"scroll\"><table>");
      line(
          columns(
              "Epoch",
              sela ? "Error of the shares" : "Objective, level 1",
              sela ? "Objective" : "Objective, level 2",
              "Entropy of sizes",
              "Largest",
              "Smallest",
              "Empty",
              "NMI with previous",
              "NMI with labels",
              "ARI with labels"));
      line("<tbody>");
      for (Reassignment r : data.reassignments()) {
        line(
            cells(
                Integer.toString(r.epoch()),
                Numbers.significant(r.superObjective(), 4),
                Numbers.significant(r.subObjective(), 4),
                evenness(r),
                Numbers.count(r.largest()),
                Numbers.count(r.smallest()),
                Numbers.count(r.empty()),
                Numbers.fixed(r.nmiPrevious(), 3),
                Numbers.fixed(r.nmiLabels(), 3),
                Numbers.fixed(r.ariLabels(), 3)));
      }
      line("</tbody></table></div>");
      note(
          "Entropy is in nats, and as a share of the highest possible, which equal sizes would"
              + " reach. "
              + (sela
                  ? "The labels are those of the first head. The objective is the mean of −log p"
                      + " over the balanced labels of all heads, in nats; the error is how far a"
                      + " label's share of them is from equal, at most."
                  : "The objective is the sum of squared distances that k-means makes small."));
      line("</details>");
    }
    line("</section>");
  }

  private static String evenness(Reassignment r) {
    if (!Numbers.finite(r.entropy()) || r.clusters() < 2) {
      return Numbers.fixed(r.entropy(), 2);
    }
    return Numbers.fixed(r.entropy(), 2)
        + " ("
        + Numbers.percent(r.entropy() / Math.log((double) r.clusters()))
        + ")";
  }

  private void gallery() {
    boolean any = data.gallery().stream().anyMatch(g -> !g.clusters().isEmpty());
    if (!any) {
      return;
    }
    line("<section id=\"gallery\">");
    line("<h2>Gallery of clusters</h2>");
    paragraph(
        "Each frame shows some images that the network put into one cluster. Look for what they"
            + " share (an object, a shape, a texture, a direction) and for the odd ones out: the"
            + " network learned to see the one and is blind to the other.");
    for (Group group : data.gallery()) {
      if (group.clusters().isEmpty()) {
        continue;
      }
      line("<h3>" + Html.escape(Gallery.title(group.kind())) + "</h3>");
      note(Gallery.explanation(group.kind()));
      line("<div class=\"gallery\">");
      for (Cluster cluster : group.clusters()) {
        cluster(cluster);
      }
      line("</div>");
    }
    line("</section>");
  }

  private void cluster(Cluster cluster) {
    line("<article class=\"cluster\">");
    line("<h4>Cluster " + Html.escape(Gallery.shorten(cluster.name())) + "</h4>");
    line("<p class=\"facts\">" + Html.escape(Gallery.facts(cluster)) + "</p>");
    if (cluster.images().isEmpty()) {
      line("<p class=\"facts\">No image to show.</p>");
    } else {
      BufferedImage strip = Pictures.strip(cluster.images(), Pictures.COLUMNS);
      boolean small = Pictures.cellOf(cluster.images()) <= Pictures.CELL / 2;
      int shown = cluster.images().size();
      image(
          Pictures.png(strip),
          Numbers.count(shown, "image")
              + " of cluster "
              + Gallery.shorten(cluster.name())
              + (cluster.majority() == null
                  ? ""
                  : ", mostly " + Gallery.shorten(cluster.majority())),
          strip.getWidth() * (small ? 2 : 1),
          strip.getHeight() * (small ? 2 : 1),
          small ? "pixels" : "photos");
    }
    line("</article>");
  }

  private void filters() {
    BufferedImage picture = Pictures.filters(data.filters());
    if (picture == null) {
      return;
    }
    int in = data.filters()[0].length;
    line("<section id=\"filters\">");
    line("<h2>First-layer filters</h2>");
    line("<figure>");
    image(
        Pictures.png(picture),
        "Weights of the "
            + Numbers.count(data.filters().length, "filter")
            + " of the first convolution",
        picture.getWidth(),
        picture.getHeight(),
        "pixels");
    line(
        "<figcaption>"
            + Html.escape(
                (in == 3
                        ? "Each square is one filter of the first convolution, its weights as red,"
                            + " green and blue."
                        : "Each square is one filter of the first convolution: bright is positive,"
                            + " dark negative, middle grey zero"
                            + (in == 1
                                ? "."
                                : "; the " + in + " input channels stand side by side."))
                    + " Clear edges, spots and stripes are what a trained network shows; pure noise"
                    + " looks like an untrained one.")
            + "</figcaption>");
    line("</figure>");
    line("</section>");
  }

  private void images() {
    if (data.data() == null) {
      return;
    }
    ReportData.Data d = data.data();
    long rejected = d.rejected().values().stream().mapToLong(Long::longValue).sum();
    line("<section id=\"data\">");
    line("<h2>Training images</h2>");
    paragraph(
        Numbers.count(d.images(), "image")
            + (d.images() == 1 ? " was used; " : " were used; ")
            + (rejected == 0
                ? "none was rejected."
                : Numbers.count(rejected, "file")
                    + (rejected == 1 ? " was" : " were")
                    + " rejected ("
                    + Numbers.percent((double) rejected / (rejected + d.images()))
                    + " of all).")
            + duplicates(d)
            + (d.labelled()
                ? data.run().method().equals("supervised")
                    ? " The collection has labels, and this method trains on them."
                    : " The collection has labels; pre-training does not read them."
                : " The collection has no labels."));
    if (rejected > 0) {
      line("<div class=\"scroll\"><table>");
      line(columns("Cause of rejection", "Files"));
      line("<tbody>");
      d.rejected().forEach((cause, files) -> line(cells(cause, Numbers.count(files))));
      line("</tbody></table></div>");
    }
    line("</section>");
  }

  private static String duplicates(ReportData.Data d) {
    long all = d.exact() + d.near();
    return all == 0
        ? " None repeats an earlier one."
        : " "
            + Numbers.count(all, "image")
            + (all == 1 ? " repeats" : " repeat")
            + " an earlier one ("
            + Numbers.count(d.exact())
            + " exactly, "
            + Numbers.count(d.near())
            + (d.dropped() ? " nearly); they were left out." : " nearly); they were kept.");
  }

  private void run() {
    Run run = data.run();
    line("<section id=\"run\">");
    line("<h2>The run</h2>");
    stageTimes();
    line("<dl>");
    entry("Experiment", run.experiment());
    entry("Run", run.id());
    entry("Method", run.method());
    entry("Network", run.network());
    entry("Seed", Long.toString(run.seed()));
    entry("Started", time(run.start()));
    entry("Finished", time(run.finish()));
    entry("Wall time", run.wall() == null ? null : Numbers.duration(run.wall()));
    entry("Host", run.host());
    entry("Backend", run.backend());
    entry("Code version", run.codeVersion());
    if (run.mlflow() != null) {
      line("<dt>MLflow</dt><dd>" + Html.link(run.mlflow()) + "</dd>");
    }
    line("</dl>");
    if (run.resolvedYaml() != null) {
      line("<details>");
      line("<summary>The experiment with every default filled in (YAML)</summary>");
      line("<pre><code>" + Html.escape(run.resolvedYaml()) + "</code></pre>");
      line("</details>");
    }
    line("</section>");
  }

  private void stageTimes() {
    if (data.stages().isEmpty()) {
      return;
    }
    double total =
        data.stages().stream().mapToDouble(StageTime::seconds).filter(Numbers::finite).sum();
    line("<div class=\"scroll\"><table class=\"stages\">");
    line(columns("Stage", "Times", "Wall time", "Share"));
    line("<tbody>");
    for (StageTime stage : data.stages()) {
      double share = total > 0 ? stage.seconds() / total : Double.NaN;
      line(
          "<tr><th scope=\"row\">"
              + Html.escape(stage.stage())
              + "</th><td>"
              + Numbers.count(stage.instances())
              + "</td><td>"
              + Numbers.duration(stage.seconds())
              + "</td><td><span class=\"share\">"
              + Numbers.percent(share)
              + "</span>"
              + (Numbers.finite(share)
                  ? "<span class=\"bar\" style=\"width:"
                      + String.format(Locale.ROOT, "%.2f", 6 * share)
                      + "em\"></span>"
                  : "")
              + "</td></tr>");
    }
    line("</tbody>");
    line(
        "<tfoot><tr><th scope=\"row\">all stages</th><td></td><td>"
            + Numbers.duration(total)
            + "</td><td></td></tr></tfoot>");
    line("</table></div>");
  }

  private static String time(Instant instant) {
    return instant == null ? null : TIME.format(instant);
  }

  private void entry(String name, String value) {
    if (value != null) {
      line("<dt>" + name + "</dt><dd>" + Html.escape(value) + "</dd>");
    }
  }

  private void figure(String file, String caption) {
    Figure figure = figures.get(file);
    if (figure == null) {
      return;
    }
    line("<figure>");
    line("<div class=\"panels\">");
    for (Figure.Panel panel : figure.panels()) {
      line(
          "<picture><source media=\"screen and (prefers-color-scheme: dark)\" srcset=\""
              + Html.dataUri(Pictures.png(panel.dark()))
              + "\"/>");
      image(
          Pictures.png(panel.light()),
          panel.alt(),
          panel.light().getWidth() / 2,
          panel.light().getHeight() / 2,
          "chart");
      line("</picture>");
    }
    line("</div>");
    line("<figcaption>" + Html.escape(caption) + "</figcaption>");
    line("</figure>");
  }

  private void image(byte[] png, String alt, int width, int height, String style) {
    line(
        "<img class=\""
            + style
            + "\" width=\""
            + width
            + "\" height=\""
            + height
            + "\" alt=\""
            + Html.escape(alt.strip())
            + "\" src=\""
            + Html.dataUri(png)
            + "\"/>");
  }

  private static String columns(String... names) {
    StringBuilder row = new StringBuilder("<thead><tr>");
    for (String name : names) {
      row.append("<th scope=\"col\">").append(Html.escape(name)).append("</th>");
    }
    return row.append("</tr></thead>").toString();
  }

  private static String cells(String first, String... rest) {
    StringBuilder row = new StringBuilder("<tr><th scope=\"row\">");
    row.append(Html.escape(first)).append("</th>");
    for (String value : rest) {
      row.append("<td>").append(Html.escape(value)).append("</td>");
    }
    return row.append("</tr>").toString();
  }

  private void paragraph(String text) {
    line("<p>" + Html.escape(text) + "</p>");
  }

  private void note(String text) {
    line("<p class=\"note\">" + Html.escape(text) + "</p>");
  }

  private void line(String html) {
    out.append(html).append('\n');
  }

  private static String css() {
    try (InputStream in = Page.class.getResourceAsStream("report.css")) {
      if (in == null) {
        throw new IllegalStateException("report.css is missing beside " + Page.class.getName());
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("report.css could not be read", e);
    }
  }
}
