package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.deepercluster.stages.model.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Golden values: NumPy in extended precision, {@code sinkhorn.py}. */
class SinkhornTest {
  private static final double TOLERANCE = 1e-12;

  private static Golden golden(String name) throws IOException {
    return Golden.of("sinkhorn.json", name);
  }

  private static SinkhornBlock block(Golden g) {
    return new SinkhornBlock(g.number("heads"), g.number("labels"), g.real("lambda"));
  }

  private static Sinkhorn exact(SinkhornBlock block) {
    return new Sinkhorn(block, TOLERANCE, 200_000);
  }

  private static Sinkhorn.Model run(Sinkhorn sinkhorn, List<Block> logP) throws Exception {
    return sinkhorn.run(new SinkhornInMemory(sinkhorn.block(), logP), t -> {});
  }

  /** Labels of all rows of all blocks, [H][N]. */
  private static int[][] labels(SinkhornBlock block, List<Block> logP, Sinkhorn.Model model) {
    int[][] all = new int[block.heads()][];
    for (int h = 0; h < all.length; h++) {
      int head = h;
      all[h] =
          logP.stream()
              .flatMapToInt(b -> Arrays.stream(block.labels(b, model.logAlpha())[head]))
              .toArray();
    }
    return all;
  }

  /** Q of a head by its definition, from log P, α and the β that belongs to it: [K][N]. */
  private static double[][] q(
      SinkhornBlock block, float[] logP, int n, double[] logAlpha, int head) {
    int k = block.labels();
    double[][] q = new double[k][n];
    for (int i = 0; i < n; i++) {
      double[] t = new double[k];
      double max = Double.NEGATIVE_INFINITY;
      for (int y = 0; y < k; y++) {
        t[y] = block.lambda() * logP[(i * block.heads() + head) * k + y] + logAlpha[head * k + y];
        max = Math.max(max, t[y]);
      }
      double sum = 0;
      for (int y = 0; y < k; y++) {
        sum += Math.exp(t[y] - max);
      }
      for (int y = 0; y < k; y++) {
        q[y][i] = Math.exp(t[y] - max) / sum / n;
      }
    }
    return q;
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "sharp", "one", "smooth"})
  void labelsAlphaAndObjectiveAreThoseOfNumPy(String name) throws Exception {
    Golden g = golden(name);
    SinkhornBlock block = block(g);
    int k = block.labels();
    int n = g.number("rows");
    List<Block> logP = Golden.blocks(g.floats("logP"), block.heads() * k, 40, 7);
    Sinkhorn.Model model = run(exact(block), logP);

    assertThat(concat(labels(block, logP, model))).isEqualTo(g.ints("label"));
    double[] alpha = g.doubles("logAlpha");
    double[] objective = g.doubles("objective");
    for (int h = 0; h < block.heads(); h++) {
      double mean = Arrays.stream(model.logAlpha(), h * k, (h + 1) * k).average().getAsDouble();
      for (int y = h * k; y < (h + 1) * k; y++) {
        // The conditioning of α: a marginal off by 1e-12 moves ln α by far less than 1e-8.
        assertThat(model.logAlpha()[y] - mean).isCloseTo(alpha[y], within(1e-8));
        assertThat(model.marginal()[y]).isCloseTo(1, within(TOLERANCE));
      }
      assertThat(last(model, h).objective()).isCloseTo(objective[h], within(1e-9));

      double[][] q = q(block, g.floats("logP"), n, model.logAlpha(), h);
      for (double[] row : q) {
        assertThat(k * Arrays.stream(row).sum()).isCloseTo(1, within(10 * TOLERANCE));
      }
      for (int i = 0; i < n; i++) {
        int column = i;
        assertThat(n * Arrays.stream(q).mapToDouble(row -> row[column]).sum())
            .isCloseTo(1, within(1e-14));
      }
    }
  }

  /** In float32 the first label of every head has no P^λ left at all; its images are found. */
  @Test
  void findsImagesForALabelThatUnderflows() throws Exception {
    Golden g = golden("sharp");
    SinkhornBlock block = block(g);
    float[] logP = g.floats("logP");
    for (int h = 0; h < block.heads(); h++) {
      for (int i = 0; i < g.number("rows"); i++) {
        float p = (float) Math.exp(logP[(i * block.heads() + h) * block.labels()]);
        assertThat((float) Math.pow(p, block.lambda())).isZero();
      }
    }
    List<Block> blocks = Golden.blocks(logP, block.heads() * block.labels());
    int[][] found = labels(block, blocks, run(new Sinkhorn(block, 0.01, 1000), blocks));
    for (int[] label : found) {
      long first = Arrays.stream(label).filter(y -> y == 0).count();
      assertThat(first).isBetween(16L, 18L);
    }
  }

  /** Float32 products against float64: 1e-5 on values of up to 60. */
  @ParameterizedTest
  @ValueSource(strings = {"plain", "sharp", "one", "smooth"})
  void predictionsAreThoseOfNumPy(String name) throws Exception {
    Golden g = golden(name);
    try (Classifiers heads = classifiers(g)) {
      float[] expected = g.floats("logP");
      int at = 0;
      for (Block b : Golden.blocks(g.floats("features"), g.number("dim"), 33, 0)) {
        float[] found = heads.logProbabilities(b).data();
        for (float v : found) {
          assertThat((double) v).isCloseTo(expected[at++], within(1e-5));
        }
      }
      assertThat(at).isEqualTo(expected.length);
    }
  }

  private static Classifiers classifiers(Golden g) {
    int heads = g.number("heads");
    int k = g.number("labels");
    int d = g.number("dim");
    float[] w = g.floats("weights");
    float[] b = g.floats("bias");
    Map<String, Tensor> tensors = new HashMap<>();
    for (int h = 0; h < heads; h++) {
      tensors.put(
          "w." + h + ".weight",
          new Tensor(new int[] {k, d}, Arrays.copyOfRange(w, h * k * d, (h + 1) * k * d)));
      tensors.put("w." + h + ".bias", Tensor.vector(Arrays.copyOfRange(b, h * k, (h + 1) * k)));
    }
    return new Classifiers(tensors, heads, k);
  }

  @Test
  void refusesHeadsOfAnotherShape() {
    assertThatThrownBy(
            () ->
                new Classifiers(
                    Map.of(
                        "w.0.weight",
                        new Tensor(new int[] {2, 1}, new float[2]),
                        "w.0.bias",
                        Tensor.vector(0, 0)),
                    1,
                    3))
        .hasMessageContaining("head 0 must tell 3 labels");
    assertThatThrownBy(() -> new Classifiers(Map.of(), 1, 3)).hasMessageContaining("null");
  }

  /** Random log-probabilities of {@code heads} classifiers, [n, H·K]. */
  private static float[] random(int n, int heads, int k, double spread, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] logP = new float[n * heads * k];
    double[] z = new double[k];
    for (int at = 0; at < logP.length; at += k) {
      double sum = 0;
      for (int y = 0; y < k; y++) {
        z[y] = spread * (random.nextDouble() - 0.5) - y * spread / k;
        sum += Math.exp(z[y]);
      }
      for (int y = 0; y < k; y++) {
        logP[at + y] = (float) (z[y] - Math.log(sum));
      }
    }
    return logP;
  }

  @ParameterizedTest
  @CsvSource({"1000, 1, 10, 0.1", "1003, 3, 17, 1", "64, 2, 64, 3", "200, 1, 1, 5", "50, 1, 2, 40"})
  void marginalsHoldToTheTolerance(int n, int heads, int k, double spread) throws Exception {
    SinkhornBlock block = new SinkhornBlock(heads, k, 25);
    float[] logP = random(n, heads, k, spread, 7);
    for (double tolerance : new double[] {0.1, 1e-3, 1e-6}) {
      Sinkhorn.Model model =
          run(
              new Sinkhorn(block, tolerance, 1_000_000),
              Golden.blocks(logP, heads * k, n / 3, 0, n / 5));
      for (int h = 0; h < heads; h++) {
        assertThat(last(model, h).error()).isLessThanOrEqualTo(tolerance);
        for (double[] row : q(block, logP, n, model.logAlpha(), h)) {
          assertThat(k * Arrays.stream(row).sum()).isCloseTo(1, within(tolerance + 1e-9));
        }
      }
    }
  }

  private static SinkhornTrace last(Sinkhorn.Model model, int head) {
    return model.traces().stream().filter(t -> t.head() == head).reduce((a, b) -> b).orElseThrow();
  }

  /** The balanced assignment of least cost, where there is one by far: sharp P, large λ. */
  @Test
  void labelsSolveTheAssignmentProblemWhereItIsClear() throws Exception {
    // Three images prefer label 0; the one that loses least by it goes to label 1.
    float[] logP = {-0.1f, -2.4f, -0.1f, -2.3f, -0.2f, -1.7f, -3f, -0.05f};
    SinkhornBlock block = new SinkhornBlock(1, 2, 200);
    List<Block> blocks = Golden.blocks(logP, 2);
    int[][] label = labels(block, blocks, run(new Sinkhorn(block, 1e-6, 100_000), blocks));
    assertThat(label[0]).containsExactly(0, 0, 1, 1);
  }

  @Test
  void stopsAtTheLastIterationWithTheErrorOfItsAlpha() throws Exception {
    SinkhornBlock block = new SinkhornBlock(2, 8, 25);
    float[] logP = random(100, 2, 8, 2, 3);
    Sinkhorn.Model model = run(new Sinkhorn(block, 1e-12, 4), Golden.blocks(logP, 16));
    assertThat(model.traces()).hasSize(8);
    for (int h = 0; h < 2; h++) {
      double error = 0;
      for (double[] row : q(block, logP, 100, model.logAlpha(), h)) {
        error = Math.max(error, Math.abs(8 * Arrays.stream(row).sum() - 1));
      }
      assertThat(last(model, h).error()).isCloseTo(error, within(1e-9)).isGreaterThan(1e-12);
      assertThat(last(model, h).iteration()).isEqualTo(3);
    }
  }

  /** A head's labels do not depend on the others, though they share the passes. */
  @Test
  void headsAreIndependent() throws Exception {
    float[] both = random(90, 2, 6, 1.5, 5);
    SinkhornBlock two = new SinkhornBlock(2, 6, 25);
    List<Block> blocks = Golden.blocks(both, 12, 31);
    Sinkhorn.Model together = run(new Sinkhorn(two, 1e-4, 10_000), blocks);
    assertThat(last(together, 0).iteration()).isNotEqualTo(last(together, 1).iteration());
    SinkhornBlock one = new SinkhornBlock(1, 6, 25);
    for (int h = 0; h < 2; h++) {
      float[] own = new float[90 * 6];
      for (int i = 0; i < 90; i++) {
        System.arraycopy(both, i * 12 + h * 6, own, i * 6, 6);
      }
      List<Block> alone = Golden.blocks(own, 6, 31);
      Sinkhorn.Model model = run(new Sinkhorn(one, 1e-4, 10_000), alone);
      assertThat(Arrays.copyOfRange(together.logAlpha(), h * 6, h * 6 + 6))
          .isEqualTo(model.logAlpha());
      assertThat(labels(two, blocks, together)[h]).isEqualTo(labels(one, alone, model)[0]);
    }
  }

  @Test
  void equalRowsGetTheSameLabelAndTheLowestOnTies() throws Exception {
    SinkhornBlock block = new SinkhornBlock(1, 4, 25);
    float[] logP = new float[4 * 12];
    Arrays.fill(logP, (float) Math.log(0.25));
    List<Block> blocks = Golden.blocks(logP, 4, 5);
    Sinkhorn.Model model = run(exact(block), blocks);
    assertThat(model.traces()).hasSize(1);
    assertThat(labels(block, blocks, model)[0]).containsOnly(0).hasSize(12);

    for (int i = 0; i < 12; i++) {
      System.arraycopy(random(1, 1, 4, 3, 1), 0, logP, i * 4, 4);
    }
    assertThat(labels(block, blocks, run(exact(block), blocks))[0])
        .hasSize(12)
        .matches(l -> Arrays.stream(l).distinct().count() == 1);
  }

  @Test
  void rowsThatAreNotFiniteGetNoLabelAndDoNotCount() throws Exception {
    Golden g = golden("plain");
    int d = g.number("dim");
    float[] features = g.floats("features");
    float[] spoilt = new float[features.length + 3 * d];
    System.arraycopy(features, 0, spoilt, 2 * d, features.length);
    spoilt[1] = Float.NaN;
    spoilt[d + 2] = Float.NEGATIVE_INFINITY;
    spoilt[spoilt.length - 1] = Float.POSITIVE_INFINITY;
    SinkhornBlock block = block(g);
    try (Classifiers heads = classifiers(g)) {
      List<Block> clean = List.of(heads.logProbabilities(new Block(0, 0, 90, d, features)));
      List<Block> dirty = List.of(heads.logProbabilities(new Block(0, 0, 93, d, spoilt)));
      Sinkhorn.Model expected = run(exact(block), clean);
      Sinkhorn.Model model = run(exact(block), dirty);
      for (int h = 0; h < 2; h++) {
        int[] label = labels(block, dirty, model)[h];
        assertThat(new int[] {label[0], label[1], label[92]}).containsOnly(-1);
        assertThat(Arrays.copyOfRange(label, 2, 92)).isEqualTo(labels(block, clean, expected)[h]);
      }
    }
  }

  @Test
  void refusesFewerImagesThanLabels() {
    SinkhornBlock block = new SinkhornBlock(1, 5, 25);
    assertThatThrownBy(() -> run(exact(block), Golden.blocks(random(4, 1, 5, 1, 1), 5)))
        .hasMessage("k = 5 is more than the 4 images with usable features");
    float[] none = new float[10];
    Arrays.fill(none, Float.NaN);
    assertThatThrownBy(() -> run(exact(block), Golden.blocks(none, 5)))
        .hasMessage("no image has usable features");
    assertThatThrownBy(() -> run(exact(block), List.of()))
        .hasMessage("no image has usable features");
  }

  /**
   * As on a cluster: each block by whoever is free, in any order; what it found is serialised and
   * added in the blocks' order.
   */
  @Test
  void theSameBlocksGiveTheSameBitsInAnyOrderOfWork() throws Exception {
    int heads = 3;
    int k = 11;
    float[] logP = random(700, heads, k, 2, 9);
    Arrays.fill(logP, 50 * heads * k, 51 * heads * k, Float.NaN);
    List<Block> blocks = Golden.blocks(logP, heads * k, 256, 0, 1, 300);
    SinkhornBlock block = new SinkhornBlock(heads, k, 25);
    Sinkhorn sinkhorn = new Sinkhorn(block, 1e-6, 2000);
    Sinkhorn.Model expected = run(sinkhorn, blocks);
    assertThat(expected.traces().size()).isGreaterThan(20);
    for (int seed = 0; seed < 3; seed++) {
      Sinkhorn.Model model = sinkhorn.run(new Scattered(block, blocks, seed), t -> {});
      assertThat(model.logAlpha()).isEqualTo(expected.logAlpha());
      assertThat(model.marginal()).isEqualTo(expected.marginal());
      assertThat(model.traces()).isEqualTo(expected.traces());
    }
  }

  private record Scattered(SinkhornBlock block, List<Block> blocks, int seed)
      implements SinkhornPasses {
    private <T extends java.io.Serializable> List<T> each(
        java.util.function.Function<Block, T> work, Class<T> type) throws Exception {
      List<Integer> order = new ArrayList<>(IntStream.range(0, blocks.size()).boxed().toList());
      java.util.Collections.shuffle(order, new java.util.Random(seed));
      Map<Integer, byte[]> files = new java.util.concurrent.ConcurrentSkipListMap<>();
      order.parallelStream()
          .forEach(
              i -> {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                try {
                  Pass.write(bytes, work.apply(blocks.get(i)));
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
                files.put(i, bytes.toByteArray());
              });
      List<T> found = new ArrayList<>();
      for (byte[] bytes : new TreeMap<>(files).values()) {
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
          found.add(type.cast(in.readObject()));
        }
      }
      return found;
    }

    @Override
    public double[] largest() throws Exception {
      double[] all = new double[block.heads() * block.labels()];
      Arrays.fill(all, Double.NEGATIVE_INFINITY);
      for (double[] next : each(block::largest, double[].class)) {
        Sinkhorn.largest(all, next);
      }
      return all;
    }

    @Override
    public SinkhornSums sums(double[] logAlpha, boolean[] active) throws Exception {
      SinkhornSums all = new SinkhornSums(block.heads(), block.labels());
      for (SinkhornSums next : each(b -> block.sums(b, logAlpha, active), SinkhornSums.class)) {
        all.add(next);
      }
      return all;
    }
  }

  private static int[] concat(int[][] parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }
}
