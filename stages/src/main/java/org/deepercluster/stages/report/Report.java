package org.deepercluster.stages.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a run's report: {@code report.html}, one page with everything embedded, no script and no
 * address outside itself; the same pictures as PNG files; and the data as {@code report.json}.
 *
 * <p>A Java runtime without fonts cannot draw charts. The report is then written without them and
 * says so; galleries and filters are still there.
 */
public final class Report {
  private static final Logger LOG = LoggerFactory.getLogger(Report.class);

  private Report() {}

  /**
   * Writes all files of {@link #render} into a local directory, which is created if need be.
   *
   * @param data what to show
   * @param directory where to
   * @return path of {@code report.html}
   * @throws IOException when a file cannot be written
   */
  public static Path write(ReportData data, Path directory) throws IOException {
    Files.createDirectories(directory);
    for (Map.Entry<String, byte[]> file : render(data).entrySet()) {
      Files.write(directory.resolve(file.getKey()), file.getValue());
    }
    return directory.resolve("report.html");
  }

  /**
   * The files of the report by name, {@code report.html} first. The same data give the same bytes
   * on the same Java runtime with the same fonts.
   *
   * @param data what to show
   */
  public static Map<String, byte[]> render(ReportData data) {
    String fault = Pictures.textFault();
    if (fault != null) {
      LOG.warn(
          "Charts are left out of the report, because Java cannot draw text here ({}). Install"
              + " fonts, as with: apt-get install fontconfig fonts-dejavu-core",
          fault);
    }
    return render(data, fault);
  }

  /**
   * @param fontFault why no text can be drawn, or {@code null} when it can
   */
  static Map<String, byte[]> render(ReportData data, String fontFault) {
    List<Evaluation.Table> tables = Evaluation.tables(data.trained(), data.untrained());
    Map<String, Figure> figures = new LinkedHashMap<>();
    if (fontFault == null) {
      add(figures, Figure.evaluation(tables));
      add(figures, Figure.curves(data));
      add(figures, Figure.pace(data));
      add(figures, Figure.sizes(data));
      add(figures, Figure.nmi(data));
      add(figures, Figure.kmeans(data));
    }
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("report.html", new Page(data, tables, figures, fontFault).bytes());
    figures.forEach((name, figure) -> files.put(name, figure.png()));
    var filters = Pictures.filters(data.filters());
    if (filters != null) {
      files.put(
          "filters.png", Pictures.png(Pictures.beside(List.of(filters), Theme.LIGHT.background())));
    }
    for (ReportData.Group group : data.gallery()) {
      if (!group.clusters().isEmpty()) {
        files.put(
            Gallery.fileName(group.kind()),
            Pictures.png(
                Pictures.sheet(
                    Gallery.title(group.kind()),
                    group.clusters().stream().map(Gallery::line).toList(),
                    group,
                    fontFault == null)));
      }
    }
    files.put("report.json", data.toJson());
    return files;
  }

  private static void add(Map<String, Figure> figures, Figure figure) {
    if (figure != null) {
      figures.put(figure.file(), figure);
    }
  }
}
