package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.augment.AugmentConfig;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.image.Image;
import org.deepercluster.stages.image.Pixels;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableWriter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ViewTrainingTest {
  private static final AugmentConfig VIEWS = new AugmentConfig(0.8, 1, 4.0 / 3, true);
  private static final int CLASSES = 3;

  @TempDir Path folder;
  private List<Part> images;
  private List<Part> labels;

  private static int threads;

  @BeforeAll
  static void useOneThread() {
    threads = NativeRuntime.threads();
    NativeRuntime.setThreads(1);
  }

  @AfterAll
  static void useThreadsAsBefore() {
    NativeRuntime.setThreads(threads);
  }

  /** 21 grey images of 20 to 24 pixels in two blocks; the class is the brightest third. */
  @BeforeEach
  void writeImages() throws IOException {
    images = new ArrayList<>();
    List<String> ids = new ArrayList<>();
    for (int block = 0; block < 2; block++) {
      int n = block == 0 ? 16 : 5;
      Columns.Builder c = Columns.of(IngestTables.IMAGES, n);
      String[] id = new String[n];
      int[] width = new int[n];
      int[] height = new int[n];
      int[] one = new int[n];
      byte[][] bytes = new byte[n][];
      String[] raw = new String[n];
      for (int i = 0; i < n; i++) {
        int number = block * 16 + i;
        id[i] = "image" + number;
        ids.add(id[i]);
        width[i] = 20 + number % 5;
        height[i] = 24;
        one[i] = 1;
        raw[i] = "raw";
        bytes[i] = pixels(number, width[i], height[i]);
      }
      images.add(
          TableWriter.write(
              folder.toString(),
              block,
              c.set("image_id", id)
                  .set("uri", id)
                  .set("width", width)
                  .set("height", height)
                  .set("channels", one)
                  .set("encoding", raw)
                  .set("bytes", bytes)
                  .build()));
    }
    int n = ids.size();
    int[] label = new int[n];
    String[] name = new String[n];
    for (int i = 0; i < n; i++) {
      label[i] = i % CLASSES;
      name[i] = "class" + label[i];
    }
    labels =
        List.of(
            TableWriter.write(
                folder.toString(),
                0,
                Columns.of(IngestTables.LABELS, n)
                    .set("image_id", ids.toArray(String[]::new))
                    .set("label", label)
                    .set("class_name", name)
                    .set("difficult", new int[n])
                    .build()));
  }

  private static byte[] pixels(int number, int width, int height) {
    var random = Seeds.random(Seeds.of(9, number));
    byte[] bytes = new byte[width * height];
    for (int i = 0; i < bytes.length; i++) {
      int third = 3 * (i / width) / height;
      bytes[i] = (byte) (random.nextInt(60) + (third == number % CLASSES ? 180 : 0));
    }
    return bytes;
  }

  private LabelledImages open() throws Exception {
    return LabelledImages.single(images, labels, CLASSES, null, "the test", 1 << 20);
  }

  private static FineTuner tuner(LabelledImages images) {
    return new FineTuner(
        Trunk.create(new ModelConfig("vgg-small", 16, "gray", 2, 0.5), 3),
        images.labels(),
        new FineTuner.Settings(
            false, false, true, 0.1, LearningRates.steps(0.05, 0.5, 40), 0.9, false, 1e-4, 10),
        5);
  }

  private static ViewTraining training(long steps, int threads) {
    return new ViewTraining(steps, 4, VIEWS, 3, threads, 11);
  }

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  @Test
  void goesOnAfterKillsWithTheSameBits() throws Exception {
    LinkedHashMap<String, Tensor> expected;
    List<ViewTraining.Point> course;
    try (LabelledImages set = open();
        FineTuner tuner = tuner(set)) {
      course =
          training(13, 0)
              .run(tuner, set, new ViewTraining.Keep(folder + "/whole", "a"), (d, n, l) -> {});
      expected = tuner.state();
    }
    assertThat(course).hasSize(13);
    assertThat(course.get(12).step()).isEqualTo(13);
    String unfinished = folder + "/unfinished";
    // dies in its first epoch, in its second, and right before its end
    for (int killedAfter : new int[] {2, 8, 12, -1}) {
      try (LabelledImages set = open();
          FineTuner tuner = tuner(set)) {
        ViewTraining.Watcher watcher =
            (done, total, losses) -> {
              assertThat(losses).containsOnlyKeys("loss");
              if (done == killedAfter) {
                throw new Killed();
              }
            };
        var keep = new ViewTraining.Keep(unfinished, "a");
        if (killedAfter > 0) {
          assertThatThrownBy(() -> training(13, 1).run(tuner, set, keep, watcher))
              .isInstanceOf(Killed.class);
        } else {
          List<ViewTraining.Point> resumed = training(13, 1).run(tuner, set, keep, watcher);
          assertThat(tuner.state()).isEqualTo(expected);
          assertThat(resumed).hasSize(13);
          for (int i = 0; i < 13; i++) {
            assertThat(resumed.get(i).losses()).isEqualTo(course.get(i).losses());
          }
        }
      }
    }
    // one state and its record
    assertThat(Files.list(unfinished)).hasSize(2);
    // who comes after the end finds it and makes no step
    try (LabelledImages set = open();
        FineTuner tuner = tuner(set)) {
      training(13, 0)
          .run(
              tuner,
              set,
              new ViewTraining.Keep(unfinished, "a"),
              (d, n, l) -> {
                throw new Killed();
              });
      assertThat(tuner.state()).isEqualTo(expected);
    }
  }

  private static final int LONG = 400;

  /** What is killed: a long training, in the folder that is its argument. */
  public static final class Victim {
    private Victim() {}

    public static void main(String[] args) throws Exception {
      var test = new ViewTrainingTest();
      test.folder = Path.of(args[0]);
      useOneThread();
      test.writeImages();
      test.trainLong();
    }
  }

  private LinkedHashMap<String, Tensor> trainLong() throws Exception {
    try (LabelledImages set = open();
        FineTuner tuner = tuner(set)) {
      var training = new ViewTraining(LONG, 4, VIEWS, 5, 1, 11);
      training.run(tuner, set, new ViewTraining.Keep(folder + "/kept", "a"), (d, n, l) -> {});
      return tuner.state();
    }
  }

  @Test
  void aKilledProcessLosesNothingThatWasKept() throws Exception {
    Path own = folder;
    LinkedHashMap<String, Tensor> expected = trainLong();
    folder = own.resolve("killed");
    Path record = folder.resolve("kept/a.json");
    long reached = 0;
    for (int kill = 0; kill < 2; kill++) {
      Process victim = victim();
      long before = reached;
      try {
        while (reached <= before && victim.isAlive()) {
          victim.waitFor(2, TimeUnit.MILLISECONDS);
          if (java.nio.file.Files.exists(record)) {
            reached = new ObjectMapper().readTree(record.toFile()).get("step").longValue();
          }
        }
      } finally {
        victim.destroyForcibly().waitFor();
      }
      assertThat(victim.exitValue())
          .as(java.nio.file.Files.readString(own.resolve("log")))
          .isEqualTo(137);
      assertThat(reached).isBetween(before + 1, LONG - 1L);
    }
    assertThat(trainLong()).isEqualTo(expected);
  }

  private Process victim() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-Dorg.eclipse.deeplearning4j.helpers.disable=false",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Victim.class.getName(),
            folder.toString())
        .redirectErrorStream(true)
        .redirectOutput(folder.getParent().resolve("log").toFile())
        .start();
  }

  @Test
  void learnsAndScores() throws Exception {
    try (LabelledImages set = open();
        FineTuner tuner = tuner(set)) {
      List<ViewTraining.Point> course =
          training(150, 1)
              .run(tuner, set, new ViewTraining.Keep(folder + "/k", "a"), (d, n, l) -> {});
      assertThat(course).hasSize(150);
      assertThat(course.get(149).losses()[0]).isLessThan(0.5 * course.get(0).losses()[0]);
      for (ViewScores.Views views :
          List.of(ViewScores.centre(), ViewScores.ten(), ViewScores.random(10, VIEWS, 3))) {
        double[] scores = scores(tuner, set, views, 0);
        int right = 0;
        for (int i = 0; i < set.count(); i++) {
          int best = 0;
          for (int k = 1; k < CLASSES; k++) {
            best = scores[i * CLASSES + k] > scores[i * CLASSES + best] ? k : best;
          }
          right += best == i % CLASSES ? 1 : 0;
        }
        assertThat(right).isGreaterThan(18);
      }
    }
  }

  private static double[] scores(
      FineTuner tuner, LabelledImages set, ViewScores.Views views, int threads) throws IOException {
    double[] all = new double[set.count() * CLASSES];
    ViewScores.each(
        tuner,
        tuner::logits,
        set,
        views,
        threads,
        (d, n, l) -> assertThat(d).isBetween(1L, n),
        (image, scores) -> System.arraycopy(scores, 0, all, image * CLASSES, CLASSES));
    return all;
  }

  /** The sum over ten views is the sum of ten scores of one view each. */
  @Test
  void scoresAddTheViewsUp() throws Exception {
    try (LabelledImages set = open();
        FineTuner tuner = tuner(set)) {
      ViewScores.Views ten = ViewScores.ten();
      double[] all = scores(tuner, set, ten, 1);
      double[] sum = new double[all.length];
      for (int v = 0; v < 10; v++) {
        int view = v;
        ViewScores.Views one =
            new ViewScores.Views(
                1, (p, i, w, s, c, out, at) -> ten.view().write(p, i, view, s, c, out, at));
        double[] scores = scores(tuner, set, one, 0);
        for (int i = 0; i < sum.length; i++) {
          sum[i] += scores[i];
        }
      }
      for (int i = 0; i < sum.length; i++) {
        // a batch's size changes the last bits of a product
        assertThat(all[i]).isCloseTo(sum[i], org.assertj.core.api.Assertions.within(1e-5));
      }
    }
  }

  @Test
  void multiLabelsReadDifficultAsIgnored() throws Exception {
    List<Part> several =
        List.of(
            TableWriter.write(
                folder + "/several",
                0,
                Columns.of(IngestTables.LABELS, 4)
                    .set("image_id", new String[] {"image0", "image0", "image17", "elsewhere"})
                    .set("label", new int[] {0, 2, 1, 1})
                    .set("class_name", new String[] {"a", "c", "b", "b"})
                    .set("difficult", new int[] {0, 1, 0, 0})
                    .build()));
    try (LabelledImages set = LabelledImages.multi(images, several, CLASSES, null, 1 << 20)) {
      assertThat(set.count()).isEqualTo(21);
      var state = ((TransferLabels.Multi) set.labels()).state();
      assertThat(state[0]).isEqualTo((byte) 1);
      assertThat(state[1]).isEqualTo((byte) -1);
      assertThat(state[2]).isEqualTo((byte) 0);
      assertThat(state[17 * 3]).isEqualTo((byte) -1);
      assertThat(state[17 * 3 + 1]).isEqualTo((byte) 1);
      assertThat(set.get(17).bytes()).isEqualTo(pixels(17, 22, 24));
    }
  }

  @Test
  void tenViewsAreCornersCentreAndTheirMirrors() {
    int size = 64;
    int w = 100;
    int h = 73; // short side exactly 64 · 256 / 224, so that nothing is resampled
    byte[] bytes = new byte[w * h];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Seeds.of(1, i);
    }
    Image image = new Image(w, h, 1, bytes);
    int[][] corners = {{0, 0}, {36, 0}, {0, 9}, {36, 9}, {18, 4}};
    for (int v = 0; v < 5; v++) {
      float[] upright = new float[size * size];
      float[] mirrored = new float[size * size];
      Pixels.tenView(image, v, size, 1, upright, 0);
      Pixels.tenView(image, v + 5, size, 1, mirrored, 0);
      for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
          int value = image.at(corners[v][0] + x, corners[v][1] + y, 0);
          assertThat(upright[y * size + x]).isEqualTo((value / 255f - 0.449f) / 0.226f);
          assertThat(mirrored[y * size + size - 1 - x]).isEqualTo(upright[y * size + x]);
        }
      }
    }
    assertThatThrownBy(() -> Pixels.tenView(image, 10, size, 1, new float[size * size], 0))
        .hasMessage("view 10 of ten: must be 0 to 9");
  }

  @Test
  void refusesToTrainOnNothing() throws Exception {
    try (LabelledImages none =
            LabelledImages.single(
                images, labels, CLASSES, java.util.Set.of(), "the test", 1 << 20);
        FineTuner tuner = tuner(none)) {
      assertThatThrownBy(
              () ->
                  training(1, 0).run(tuner, none, new ViewTraining.Keep(folder + "/k", "a"), null))
          .hasMessageContaining("at least one labelled image");
      assertThat(scores(tuner, none, ViewScores.centre(), 0)).isEmpty();
    }
  }

  @Test
  void stopsWhenTheLossIsNotFinite() throws Exception {
    try (LabelledImages set = open();
        FineTuner tuner = tuner(set)) {
      Map<String, Tensor> broken = new LinkedHashMap<>(tuner.state());
      broken.put("output.bias", Tensor.vector(Float.NaN, 0, 0));
      tuner.restore(broken);
      assertThatThrownBy(
              () -> training(5, 0).run(tuner, set, new ViewTraining.Keep(folder + "/k", "a"), null))
          .isInstanceOf(ArithmeticException.class)
          .hasMessageContaining("at step 0 with lr 0.05");
    }
  }
}
