package org.deepercluster.stages.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.deepercluster.stages.report.ReportData.Cluster;
import org.deepercluster.stages.report.ReportData.ClusterSizes;
import org.deepercluster.stages.report.ReportData.Data;
import org.deepercluster.stages.report.ReportData.Epoch;
import org.deepercluster.stages.report.ReportData.Group;
import org.deepercluster.stages.report.ReportData.KMeansPass;
import org.deepercluster.stages.report.ReportData.Kind;
import org.deepercluster.stages.report.ReportData.Run;
import org.deepercluster.stages.report.ReportData.Score;
import org.deepercluster.stages.report.ReportData.StageTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

class ReportTest {

  @Test
  void completeDataGiveEveryFile(@TempDir Path dir) throws Exception {
    Path page = Report.write(Examples.complete(), dir.resolve("new/report"));

    assertThat(page).isEqualTo(dir.resolve("new/report/report.html"));
    try (var files = Files.list(page.getParent())) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "report.html",
              "report.json",
              "curves.png",
              "pace.png",
              "clusters-sizes.png",
              "nmi.png",
              "kmeans.png",
              "evaluation.png",
              "filters.png",
              "gallery-largest.png",
              "gallery-smallest.png",
              "gallery-random.png",
              "gallery-purest.png");
    }
    Document html = parse(Files.readAllBytes(page));
    assertThat(texts(html, "h2"))
        .containsExactly(
            "In short",
            "Evaluation against the untrained network",
            "Training",
            "Clusters",
            "Gallery of clusters",
            "First-layer filters",
            "Training images",
            "The run");
  }

  @Test
  void picturesDecodeAndHaveContent() throws Exception {
    Map<String, byte[]> files = Report.render(Examples.complete());
    int pictures = 0;
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      if (file.getKey().endsWith(".png")) {
        assertHasContent(file.getKey(), file.getValue());
        pictures++;
      }
    }
    assertThat(pictures).isEqualTo(11);

    NodeList embedded = parse(files.get("report.html")).getElementsByTagName("img");
    assertThat(embedded.getLength()).isGreaterThan(15);
    for (int i = 0; i < embedded.getLength(); i++) {
      Element img = (Element) embedded.item(i);
      String src = img.getAttribute("src");
      assertThat(src).startsWith("data:image/png;base64,");
      assertThat(img.getAttribute("alt")).hasSizeGreaterThan(20);
      assertHasContent(
          img.getAttribute("alt"),
          Base64.getDecoder().decode(src.substring("data:image/png;base64,".length())));
    }
  }

  @Test
  void nothingIsLoadedFromOutside() throws Exception {
    String html = html(Examples.complete());
    assertThat(html).doesNotContain("<script", "<link", "<iframe", "@import", "url(", "onload");
    assertThat(html).contains("default-src 'none'");
    // the run's own address is the only one, and nothing but a link to follow
    assertThat(html.replace("xmlns=\"http://www.w3.org/1999/xhtml\"", "").split("http://"))
        .hasSize(3);
    assertThat(html).contains("<a href=\"http://127.0.0.1:5000/#/experiments/1\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"deepercluster", "rotnet", "random", "supervised", "other"})
  void minimalDataGiveAPageThatSaysWhatIsMissing(String method) throws Exception {
    Map<String, byte[]> files = Report.render(Examples.minimal(method));
    assertThat(files.keySet()).containsExactly("report.html", "report.json");
    Document html = parse(files.get("report.html"));
    assertThat(texts(html, "h2")).containsExactly("In short", "Training", "Clusters", "The run");
    String text = html.getDocumentElement().getTextContent();
    assertThat(text).contains("not evaluated on labelled images");
    assertThat(text)
        .contains(
            switch (method) {
              case "rotnet" -> "RotNet learns from the four rotations alone";
              case "random" -> "An untrained network has no targets";
              case "supervised" -> "Supervised training learns from the labels";
              default -> "No clustering was recorded";
            });
    assertThat(text).doesNotContain("null", "NaN");
  }

  @Test
  void summaryTellsWhatCameOut() throws Exception {
    String text = section(Examples.complete(), "summary");
    assertThat(text)
        .contains(
            "DeeperCluster trained a vgg-small (width 16) on 98 images, without labels, for 6"
                + " epochs.",
            "The whole run took 4\u00a0min 13\u00a0s on workstation (CPU with oneDNN).",
            "clustered the images 2 times, the last time into 8 clusters within 2 super-clusters;"
                + " they hold between 6 and 25 images, and 1 is empty.",
            "better than those of the untrained network with the same seed in 2 of 3 main measures",
            "k-NN: 79.4\u00a0%, against 76.2\u00a0% untrained (+3.2 points).",
            "Low-shot, 10 labels per class: 60.0\u00a0% at conv5, against 62.5\u00a0% untrained at"
                + " conv5 (−2.5 points).",
            "Linear classifier: 86.7\u00a0% at its best layer, conv10, against 84.4\u00a0%"
                + " untrained at its best layer, conv2 (+2.3 points); at conv10 alone the untrained"
                + " network has 80.0\u00a0%.");
  }

  @Test
  void evaluationTableMarksTheBestLayerAndShowsLosses() throws Exception {
    String table = section(Examples.complete(), "evaluation").replaceAll("\\s+", " ");
    assertThat(table)
        .containsSubsequence(
            "k-NN, top-1 accuracy",
            "Low-shot, 10 labels per class",
            "−2.5",
            "Linear classifier",
            "conv2",
            "−4.4",
            "conv10 best",
            "+6.7",
            "NMI",
            "−0.021");
    assertThat(table.split(" best(?=\\d)", -1)).hasSize(2);
    assertThat(table).contains("± 1.1");
  }

  @Test
  void aTrainedNetworkThatIsWorseIsCalledSo() throws Exception {
    ReportData data =
        Examples.withScores(
            Examples.complete(),
            List.of(new Score("knn", "top1", null, 70.0, Double.NaN)),
            List.of(new Score("knn", "top1", null, 75.0, Double.NaN)));
    assertThat(section(data, "summary"))
        .contains("Training did not help here")
        .contains("−5.0 points");
  }

  /** As {@code evaluate} measures: one network, by any protocol, with settings that were chosen. */
  @Test
  void oneNetworkAloneHasOneColumn() throws Exception {
    ReportData data =
        Examples.withScores(
            Examples.complete(),
            List.of(
                new Score("mine", "lr", "conv5", 0.00001, Double.NaN),
                new Score("mine", "lr", "conv6", 0.01, Double.NaN),
                new Score("mine", "top1", "conv5", 70.0, Double.NaN),
                new Score("mine", "top1", "conv6", 71.0, Double.NaN),
                new Score("voc07-lowshot", "map_k2", "conv6", 40.0, 1.0),
                new Score("voc07-lowshot", "map_k16", "conv6", 60.0, 2.0),
                new Score("voc07-linear", "map", "conv13", 72.0, Double.NaN)),
            List.of());
    String table = section(data, "evaluation").replaceAll("\\s+", " ");
    assertThat(table)
        .contains("MeasureResult")
        .doesNotContain("Untrained", "Difference", Numbers.ABSENT)
        .containsSubsequence(
            "mine, top-1 accuracy", "mine, learning rate, chosen", "0.00001", "0.01")
        .contains(
            "VOC07, low-shot SVM, mean average precision, 16 images per class, conv6",
            "DeeperCluster, VGG-16 pre-trained on YFCC100M",
            "73.0");
    assertThat(section(data, "summary"))
        .contains("VOC07, low-shot SVM, 16 images per class: 60.0")
        .contains("VOC07, linear classifier: 72.0")
        .doesNotContain("2 images per class", "not evaluated on labelled images");
  }

  @Test
  void hostileTextIsEscaped() throws Exception {
    String evil = "</title><script>alert('x')</script>\"&amp;\u0000\u202e\ud800]]>";
    Run run =
        new Run(
            evil, evil, evil, evil, 0, null, null, evil, evil, evil, evil, "javascript:alert(1)");
    Cluster cluster =
        new Cluster(evil, 3, 0.5, evil, Examples.thumbnails(new SplittableRandom(1), 3, 8, 8, 3));
    ReportData complete = Examples.complete();
    ReportData data =
        new ReportData(
            run,
            new Data(3, Map.of(evil, 2L), 0, 0, false, true),
            List.of(new StageTime(evil, 1, 1)),
            complete.epochs(),
            complete.reassignments(),
            complete.kmeans(),
            complete.sizes(),
            List.of(
                new Score(evil, evil, evil, 0.5, Double.NaN),
                new Score(evil, evil, "b" + evil, 0.5, Double.NaN),
                new Score("knn", "top1", evil, 0.5, Double.NaN),
                new Score("linear", "top1", evil, 0.5, Double.NaN)),
            List.of(),
            List.of(new Group(Kind.PUREST, List.of(cluster))),
            null);

    Map<String, byte[]> files = Report.render(data);
    String html = new String(files.get("report.html"), StandardCharsets.UTF_8);
    assertThat(html).doesNotContain("<script", "\u202e", "\u0000", "href=\"javascript");
    assertThat(html).contains("&lt;script&gt;alert(&#39;x&#39;)");
    assertThat(parse(files.get("report.html")).getElementsByTagName("title").item(0))
        .extracting(Node::getTextContent)
        .asString()
        .startsWith("</title><script>");
    assertThat(files).containsKey("gallery-purest.png");
  }

  @Test
  void sameDataGiveTheSameBytes() {
    Map<String, byte[]> first = Report.render(Examples.complete());
    Map<String, byte[]> second = Report.render(Examples.complete());
    assertThat(second.keySet()).containsExactlyElementsOf(first.keySet());
    first.forEach((name, bytes) -> assertThat(second.get(name)).as(name).isEqualTo(bytes));
  }

  @Test
  void withoutFontsThePageSaysSoAndKeepsThePixels() throws Exception {
    Map<String, byte[]> files = Report.render(Examples.complete(), "no <font> found");
    assertThat(files.keySet())
        .containsExactly(
            "report.html",
            "filters.png",
            "gallery-largest.png",
            "gallery-smallest.png",
            "gallery-random.png",
            "gallery-purest.png",
            "report.json");
    assertThat(parse(files.get("report.html")).getDocumentElement().getTextContent())
        .contains("The charts are left out", "no <font> found", "fonts-dejavu-core");
    assertHasContent("gallery", files.get("gallery-random.png"));
  }

  @Test
  void jvmWithoutFontsStillWritesTheReport(@TempDir Path dir) throws Exception {
    Path fonts = Files.writeString(dir.resolve("fonts.conf"), "<fontconfig></fontconfig>");
    Path data = Files.write(dir.resolve("data.json"), Examples.complete().toJson());
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Djava.awt.headless=true",
            "-Duser.home=" + dir,
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            WriteReport.class.getName(),
            data.toString(),
            dir.resolve("out").toString());
    builder.environment().put("FONTCONFIG_FILE", fonts.toString());
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).as(output).isZero();
    Document html = parse(Files.readAllBytes(dir.resolve("out/report.html")));
    assertThat(texts(html, "h2")).contains("Gallery of clusters");
    // Java runtimes that bring fonts of their own draw the charts all the same
    boolean drawn = Files.exists(dir.resolve("out/curves.png"));
    boolean explained =
        html.getDocumentElement().getTextContent().contains("The charts are left out");
    assertThat(drawn).isNotEqualTo(explained);
  }

  /** Entry point of the Java runtime without fonts. */
  static final class WriteReport {
    private WriteReport() {}

    public static void main(String[] args) throws IOException {
      Report.write(ReportData.fromJson(Files.readAllBytes(Path.of(args[0]))), Path.of(args[1]));
    }
  }

  @Test
  void emptyClustersAndGroupsHaveAPlace() throws Exception {
    List<Group> gallery =
        List.of(
            new Group(Kind.LARGEST, List.of(new Cluster("2.0", 0, Double.NaN, null, List.of()))),
            new Group(Kind.RANDOM, List.of()));
    Map<String, byte[]> files =
        Report.render(Examples.with(Examples.minimal("m"), gallery, new float[0][][][]));
    assertThat(files).containsKey("gallery-largest.png");
    assertThat(files).doesNotContainKeys("gallery-random.png", "filters.png");
    assertThat(section(Examples.with(Examples.complete(), gallery, null), "gallery"))
        .contains("Cluster 2.0", "0 images", "No image to show.")
        .doesNotContain("NaN", "picked at random");
  }

  @Test
  void curvesOfOneEpochGapsAndWildValues() throws Exception {
    double nan = Double.NaN;
    double inf = Double.POSITIVE_INFINITY;
    List<List<Epoch>> curves =
        List.of(
            List.of(new Epoch(0, 2.3, nan, nan, nan, nan, 0.1, nan)),
            List.of(new Epoch(0, 0, 0, 0, 0, 0, 0, 0)),
            List.of(
                new Epoch(0, 2.3, nan, 0.1, 1, nan, 0.1, 10),
                new Epoch(1, nan, nan, nan, nan, nan, nan, nan),
                new Epoch(2, inf, nan, 0.4, -1, nan, 1e-12, 1e9)),
            List.of(
                new Epoch(0, 1e300, 1e-300, 1, -5, 0, 0.1, 10),
                new Epoch(9, 1e300, 1e-300, 1, -5, 0, 0.1, 10)));
    for (List<Epoch> epochs : curves) {
      ReportData data = Examples.with(Examples.minimal("m"), epochs, null);
      Map<String, byte[]> files = Report.render(data);
      assertHasContent("curves.png of " + epochs, files.get("curves.png"));
      assertThat(section(data, "training")).doesNotContain("NaN", "Infinity");
    }
    ReportData none =
        Examples.with(
            Examples.minimal("m"), List.of(new Epoch(0, nan, nan, nan, nan, nan, nan, nan)), null);
    assertThat(Report.render(none)).doesNotContainKeys("curves.png", "pace.png");
  }

  @Test
  void sizesOfAnyShapeAreDrawn() throws Exception {
    List<Long> longTail = new ArrayList<>();
    for (int i = 1; i <= 5000; i++) {
      longTail.add(100_000L / i - 20);
    }
    longTail.replaceAll(n -> Math.max(0, n));
    List<List<Long>> shapes =
        List.of(
            List.of(1L),
            List.of(0L, 0L),
            new ArrayList<>(Collections.nCopies(100, 0L)),
            new ArrayList<>(Collections.nCopies(100, 7L)),
            longTail);
    for (List<Long> sizes : shapes) {
      ReportData data =
          Examples.with(
              Examples.minimal("m"), List.<Epoch>of(), new ClusterSizes(List.of(3L, 2L), sizes));
      assertHasContent(sizes.size() + " sizes", Report.render(data).get("clusters-sizes.png"));
    }
  }

  @Test
  void kmeansObjectiveOfZeroIsNoFault() {
    ReportData d = Examples.minimal("m");
    ReportData data =
        new ReportData(
            d.run(),
            d.data(),
            d.stages(),
            d.epochs(),
            d.reassignments(),
            List.of(new KMeansPass(0, 1, 0, 0), new KMeansPass(0, 1, 1, 0)),
            d.sizes(),
            d.trained(),
            d.untrained(),
            d.gallery(),
            d.filters());
    assertThat(Report.render(data)).doesNotContainKey("kmeans.png");
  }

  @Test
  void filtersOfEveryInput() throws Exception {
    float[][][][] colour = new float[40][3][5][5];
    float[][][][] sobel = new float[6][2][3][3];
    for (float[][][][] filters : List.of(colour, sobel)) {
      for (int f = 0; f < filters.length; f++) {
        filters[f][0][1][1] = f % 2 == 0 ? 1 : -1;
        filters[f][1][0][2] = Float.NaN;
      }
      ReportData data = Examples.with(Examples.minimal("m"), List.of(), filters);
      assertHasContent("filters", Report.render(data).get("filters.png"));
    }
  }

  private static String html(ReportData data) {
    return new String(Report.render(data).get("report.html"), StandardCharsets.UTF_8);
  }

  /** The text of one section of the page. */
  private static String section(ReportData data, String id) throws Exception {
    NodeList sections =
        parse(Report.render(data, "charts are not looked at here").get("report.html"))
            .getElementsByTagName("section");
    for (int i = 0; i < sections.getLength(); i++) {
      Element section = (Element) sections.item(i);
      if (section.getAttribute("id").equals(id)) {
        return section.getTextContent();
      }
    }
    throw new AssertionError("no section " + id);
  }

  private static Document parse(byte[] html) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(html));
  }

  private static List<String> texts(Document html, String tag) {
    List<String> texts = new ArrayList<>();
    NodeList nodes = html.getElementsByTagName(tag);
    for (int i = 0; i < nodes.getLength(); i++) {
      texts.add(nodes.item(i).getTextContent());
    }
    return texts;
  }

  private static void assertHasContent(String name, byte[] png) throws IOException {
    assertThat(png).as(name).isNotNull();
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
    assertThat(image).as(name).isNotNull();
    long colours =
        IntStream.range(0, image.getWidth() * image.getHeight())
            .map(i -> image.getRGB(i % image.getWidth(), i / image.getWidth()))
            .distinct()
            .limit(3)
            .count();
    assertThat(colours).as(name + ": colours").isGreaterThanOrEqualTo(2);
  }
}
