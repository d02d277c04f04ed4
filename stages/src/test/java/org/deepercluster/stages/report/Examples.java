package org.deepercluster.stages.report;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.deepercluster.stages.report.ReportData.Cluster;
import org.deepercluster.stages.report.ReportData.ClusterSizes;
import org.deepercluster.stages.report.ReportData.Data;
import org.deepercluster.stages.report.ReportData.Epoch;
import org.deepercluster.stages.report.ReportData.Group;
import org.deepercluster.stages.report.ReportData.KMeansPass;
import org.deepercluster.stages.report.ReportData.Kind;
import org.deepercluster.stages.report.ReportData.Reassignment;
import org.deepercluster.stages.report.ReportData.Run;
import org.deepercluster.stages.report.ReportData.Score;
import org.deepercluster.stages.report.ReportData.StageTime;

/** Data that the tests of this package report on. */
final class Examples {
  private Examples() {}

  /** Every part is there. */
  static ReportData complete() {
    SplittableRandom random = new SplittableRandom(5);
    List<Epoch> epochs = new ArrayList<>();
    for (int e = 0; e < 6; e++) {
      epochs.add(new Epoch(e, 5 - 0.4 * e, 2 - 0.2 * e, 10 * e, 3 - 0.2 * e, 8 * e, 0.05, 400 + e));
    }
    List<Reassignment> reassignments =
        List.of(
            new Reassignment(0, 0.9, 0.6, 1.9, 8, 30, 5, 0, Double.NaN, 0.4, 0.2),
            new Reassignment(3, 0.8, 0.5, 2.0, 8, 25, 6, 1, 0.55, 0.5, 0.25));
    List<KMeansPass> kmeans = new ArrayList<>();
    for (int pass = 0; pass <= 3; pass++) {
      kmeans.add(new KMeansPass(3, 1, pass, 0.9 - 0.03 * pass));
      kmeans.add(new KMeansPass(3, 2, pass, 0.6 - 0.04 * pass));
    }
    List<Group> gallery = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      gallery.add(
          new Group(
              kind,
              List.of(
                  new Cluster("0.1", 25, 0.8, "Sneaker", thumbnails(random, 10, 28, 28, 1)),
                  new Cluster("1.3", 6, 0.5, "Bag", thumbnails(random, 6, 28, 28, 1)))));
    }
    float[][][][] filters = new float[8][1][3][3];
    for (float[][][] filter : filters) {
      for (float[] row : filter[0]) {
        for (int i = 0; i < 3; i++) {
          row[i] = (float) (random.nextDouble() - 0.5);
        }
      }
    }
    Map<String, Long> rejected = new LinkedHashMap<>();
    rejected.put("not an image", 2L);
    return new ReportData(
        run("deepercluster"),
        new Data(98, rejected, 3, 1, false, true),
        List.of(new StageTime("ingest", 1, 2.5), new StageTime("train", 6, 97.5)),
        epochs,
        reassignments,
        kmeans,
        new ClusterSizes(List.of(60L, 38L), List.of(25L, 20L, 15L, 0L, 14L, 12L, 6L, 6L)),
        List.of(
            new Score("linear", "top1", "conv10", 86.7, Double.NaN),
            new Score("linear", "top1", "conv2", 80.0, Double.NaN),
            new Score("knn", "top1", null, 79.4, Double.NaN),
            new Score("lowshot10", "top1", "conv5", 60.0, 1.1),
            new Score("clusters", "nmi", null, 0.5, Double.NaN)),
        List.of(
            new Score("knn", "top1", null, 76.2, Double.NaN),
            new Score("lowshot10", "top1", "conv5", 62.5, 1.2),
            new Score("linear", "top1", "conv2", 84.4, Double.NaN),
            new Score("linear", "top1", "conv10", 80.0, Double.NaN),
            new Score("clusters", "nmi", null, 0.521, Double.NaN)),
        gallery,
        filters);
  }

  /** Nothing but the run's names. */
  static ReportData minimal(String method) {
    return new ReportData(
        new Run("tiny", "r1", method, null, 0, null, null, null, null, null, null, null),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null);
  }

  static Run run(String method) {
    return new Run(
        "fashion",
        "20260101-4f1c",
        method,
        "a vgg-small (width 16)",
        3,
        Instant.parse("2026-01-01T10:00:00Z"),
        Instant.parse("2026-01-01T10:04:13Z"),
        "workstation",
        "CPU with oneDNN",
        "8e39577",
        "experiment: fashion\nseed: 3\n",
        "http://127.0.0.1:5000/#/experiments/1");
  }

  static ReportData with(ReportData d, List<Epoch> epochs, ClusterSizes sizes) {
    return new ReportData(
        d.run(),
        d.data(),
        d.stages(),
        epochs,
        d.reassignments(),
        d.kmeans(),
        sizes,
        d.trained(),
        d.untrained(),
        d.gallery(),
        d.filters());
  }

  static ReportData with(ReportData d, List<Group> gallery, float[][][][] filters) {
    return new ReportData(
        d.run(),
        d.data(),
        d.stages(),
        d.epochs(),
        d.reassignments(),
        d.kmeans(),
        d.sizes(),
        d.trained(),
        d.untrained(),
        gallery,
        filters);
  }

  static ReportData withScores(ReportData d, List<Score> trained, List<Score> untrained) {
    return new ReportData(
        d.run(),
        d.data(),
        d.stages(),
        d.epochs(),
        d.reassignments(),
        d.kmeans(),
        d.sizes(),
        trained,
        untrained,
        d.gallery(),
        d.filters());
  }

  static List<Thumbnail> thumbnails(
      SplittableRandom random, int count, int width, int height, int channels) {
    List<Thumbnail> images = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] pixels = new byte[width * height * channels];
      random.nextBytes(pixels);
      images.add(new Thumbnail(width, height, channels, pixels));
    }
    return images;
  }
}
