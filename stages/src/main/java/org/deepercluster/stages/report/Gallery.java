package org.deepercluster.stages.report;

import java.util.Locale;
import org.deepercluster.stages.report.ReportData.Cluster;
import org.deepercluster.stages.report.ReportData.Kind;

/** Words of the gallery. */
final class Gallery {
  private static final int MAX_NAME = 60;

  private Gallery() {}

  static String fileName(Kind kind) {
    return "gallery-" + kind.name().toLowerCase(Locale.ROOT) + ".png";
  }

  static String title(Kind kind) {
    return switch (kind) {
      case LARGEST -> "Largest clusters";
      case SMALLEST -> "Smallest clusters";
      case RANDOM -> "Clusters picked at random";
      case PUREST -> "Purest clusters";
    };
  }

  static String explanation(Kind kind) {
    return switch (kind) {
      case LARGEST ->
          "A large cluster of unlike images is where the network could not tell things apart yet.";
      case SMALLEST ->
          "Small clusters often hold near-duplicates or rare, unusual images: useful to find both.";
      case RANDOM -> "Neither the best nor the worst: these show what a typical cluster is like.";
      case PUREST ->
          "The clusters in which most images carry the same label. The labels were not used to make"
              + " the clusters, only to pick these for show.";
    };
  }

  /** Size and majority label, as {@code 412 images · 83.0 % Sneaker}. */
  static String facts(Cluster cluster) {
    StringBuilder text = new StringBuilder(Numbers.count(cluster.size(), "image"));
    if (Numbers.finite(cluster.purity())) {
      text.append(" · ").append(Numbers.percent(cluster.purity())).append(' ');
      text.append(cluster.majority() == null ? "one label" : shorten(cluster.majority()));
    } else if (cluster.majority() != null) {
      text.append(" · mostly ").append(shorten(cluster.majority()));
    }
    return text.toString();
  }

  /** Name and facts on one line. */
  static String line(Cluster cluster) {
    return "Cluster " + shorten(cluster.name()) + " · " + facts(cluster);
  }

  static String shorten(String text) {
    return text.codePointCount(0, text.length()) <= MAX_NAME
        ? text
        : text.substring(0, text.offsetByCodePoints(0, MAX_NAME - 1)) + "…";
  }
}
