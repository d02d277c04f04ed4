package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HierarchicalKMeansTest {
  private static Clustering cluster(float[] x, int dim, int m, int k, int... sizes) {
    return Clustering.of(
        Golden.blocks(x, dim, sizes), new HierarchicalKMeans(m, k, 10, 42), trace -> {});
  }

  private static void assertClose(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat((double) actual[i]).as("value %d", i).isCloseTo(expected[i], within(1e-6));
    }
  }

  /** Same start, same number of passes: scikit-learn (float64) and FAISS (float32) in golden.py. */
  @Test
  void agreesWithScikitLearnAndFaiss() throws Exception {
    Golden golden = Golden.of("kmeans.json");
    float[] x = golden.floats("x");
    int dim = golden.number("dim");
    int k = golden.number("clusters");
    InMemoryPasses passes = new InMemoryPasses(Golden.blocks(x, dim, 130, 200));
    List<Trace> traces = new ArrayList<>();
    HierarchicalKMeans.Level level =
        new HierarchicalKMeans(k, k, golden.number("iterations"), 0)
            .lloyd(
                passes,
                1,
                new Centroids(1, k, dim, Golden.rows(x, dim, golden.ints("start"))),
                traces::add);
    assertClose(level.centroids().values(), golden.floats("centroids"));
    assertThat(level.tally().objective())
        .isCloseTo(golden.real("objective"), within(1e-5 * golden.real("objective")));
    int[] sizes = new int[k];
    Arrays.stream(golden.ints("labels")).forEach(c -> sizes[c]++);
    assertThat(level.tally().counts())
        .containsExactly(Arrays.stream(sizes).asLongStream().toArray());
    double[] faiss = golden.doubles("faissObjectives");
    assertThat(traces).hasSameSizeAs(faiss);
    for (int i = 0; i < faiss.length; i++) {
      assertThat(traces.get(i).objective()).isCloseTo(faiss[i], within(1e-4 * faiss[i]));
    }
  }

  /** Level 2 in joint passes is an independent k-means inside each group: golden.py. */
  @Test
  void levelTwoIsAnIndependentKMeansInEachGroup() throws Exception {
    Golden golden = Golden.of("kmeans.json");
    float[] x = golden.floats("x");
    int dim = golden.number("dim");
    int perGroup = golden.number("perGroup");
    int[] groups = golden.ints("groups");
    Block block = Golden.blocks(x, dim).get(0);
    Centroids centroids =
        new Centroids(2, perGroup, dim, Golden.rows(x, dim, golden.ints("groupStarts")));
    for (int i = 0; i < golden.number("iterations"); i++) {
      try (KMeansPass pass = new KMeansPass(centroids)) {
        centroids = CentroidUpdate.of(centroids, pass.partial(block, groups), false).centroids();
      }
    }
    assertClose(centroids.values(), golden.floats("groupCentroids"));
    try (KMeansPass pass = new KMeansPass(centroids)) {
      BlockAssignment last = pass.assign(block, groups);
      assertThat(last.centroid()).isEqualTo(golden.ints("groupLabels"));
      assertThat(Tally.of(last, 2 * perGroup).objective())
          .isCloseTo(golden.real("groupObjective"), within(1e-4));
    }
  }

  @Test
  void assignsEveryRowToItsNearestCentroidWithin() {
    int dim = 9;
    float[] x = Golden.directions(2311, dim, 12, 5);
    Clustering found = cluster(x, dim, 3, 3 * 40, 700, 900);
    Centroids subs = found.model().subCentroids();
    for (int r = 0; r < 2311; r++) {
      int c = found.superCluster()[r];
      assertThat(c).isBetween(0, 2);
      assertThat(found.subCluster()[r]).isBetween(0, 39);
      double best = Double.POSITIVE_INFINITY;
      for (int z = 0; z < 40; z++) {
        best = Math.min(best, distance(x, r, subs, c * 40 + z));
      }
      double own = distance(x, r, subs, c * 40 + found.subCluster()[r]);
      assertThat(own).isLessThanOrEqualTo(best + 1e-6);
      assertThat((double) found.distance()[r]).isCloseTo(own, within(1e-6));
      Centroids supers = found.model().superCentroids();
      double nearest = Double.POSITIVE_INFINITY;
      for (int i = 0; i < 3; i++) {
        nearest = Math.min(nearest, distance(x, r, supers, i));
      }
      assertThat(distance(x, r, supers, c)).isLessThanOrEqualTo(nearest + 1e-6);
    }
    assertSizes(found, 3, 120);
  }

  private static double distance(float[] x, int row, Centroids centroids, int c) {
    double sum = 0;
    for (int j = 0; j < centroids.dim(); j++) {
      double d = (double) x[row * centroids.dim() + j] - centroids.row(c)[j];
      sum += d * d;
    }
    return sum;
  }

  private static void assertSizes(Clustering found, int m, int k) {
    long[] supers = new long[m];
    long[] subs = new long[k];
    for (int r = 0; r < found.superCluster().length; r++) {
      if (found.superCluster()[r] >= 0) {
        supers[found.superCluster()[r]]++;
        subs[found.superCluster()[r] * (k / m) + found.subCluster()[r]]++;
      }
    }
    assertThat(found.model().superSizes()).isEqualTo(supers);
    assertThat(found.model().subSizes()).isEqualTo(subs);
    assertThat(Arrays.stream(subs).sum() + found.rejected().length)
        .isEqualTo(found.superCluster().length);
    for (float v : found.model().subCentroids().values()) {
      assertThat(v).isFinite();
    }
  }

  @Test
  void objectiveNeverIncreasesWhereNothingIsSplit() {
    float[] x = Golden.directions(3000, 16, 20, 77);
    List<Trace> traces = cluster(x, 16, 2, 32, 1000).model().traces();
    assertThat(traces).hasSize(22);
    for (int i = 1; i < traces.size(); i++) {
      if (traces.get(i).level() == traces.get(i - 1).level() && traces.get(i - 1).empties() == 0) {
        assertThat(traces.get(i).objective())
            .isLessThanOrEqualTo(traces.get(i - 1).objective() * (1 + 1e-7));
      }
    }
    assertThat(traces.get(0).moved()).isPositive();
    assertThat(traces.get(21).iteration()).isEqualTo(10);
    assertThat(traces.get(21).level()).isEqualTo(2);
    assertThat(traces.get(21).imbalance()).isGreaterThanOrEqualTo(1);
  }

  /** One job per pass, as a cluster would run it: everything serialised, blocks in any order. */
  @Test
  void onePassPerJobGivesTheSameBitsInAnyBlockOrder() {
    int dim = 12;
    float[] x = Golden.directions(2600, dim, 7, 4);
    x[17] = Float.NaN;
    int[] sizes = {500, 3, 0, 1024};
    Clustering expected = cluster(x, dim, 4, 64, sizes);
    for (long seed = 0; seed < 3; seed++) {
      List<Block> shuffled = Golden.blocks(x, dim, sizes);
      Collections.shuffle(shuffled, new Random(seed));
      Clustering permuted =
          Clustering.of(shuffled, new HierarchicalKMeans(4, 64, 10, 42), trace -> {});
      assertSame(permuted.model(), expected.model());
      assertThat(permuted.superCluster()).isEqualTo(expected.superCluster());
      assertThat(permuted.subCluster()).isEqualTo(expected.subCluster());
      assertThat(permuted.distance()).isEqualTo(expected.distance());
      assertSame(
          new HierarchicalKMeans(4, 64, 10, 42).run(new Jobs(shuffled), trace -> {}),
          expected.model());
    }
  }

  private static void assertSame(
      HierarchicalKMeans.Model actual, HierarchicalKMeans.Model expected) {
    assertThat(actual.superCentroids()).isEqualTo(expected.superCentroids());
    assertThat(actual.subCentroids()).isEqualTo(expected.subCentroids());
    assertThat(actual.subSizes()).isEqualTo(expected.subSizes());
    assertThat(actual.traces()).isEqualTo(expected.traces());
    assertThat(actual.rejected()).isEqualTo(expected.rejected());
  }

  /** Each pass and each block for itself; partials are merged pairwise, as a tree. */
  private record Jobs(List<Block> blocks, Map<Integer, BlockAssignment> labels) implements Passes {
    Jobs(List<Block> blocks) {
      this(blocks, new HashMap<>());
    }

    @Override
    public int dim() {
      return blocks.get(0).dim();
    }

    private int[] groups(int level, Block block) {
      return level == 1 ? null : labels.get(block.id()).centroid();
    }

    @Override
    public Seeding seeds(int groups, int perGroup, long seed) {
      Seeding all = new Seeding(groups, perGroup);
      for (Block block : blocks) {
        all.add(
            copy(Seeding.of(block, groups(groups == 1 ? 1 : 2, block), groups, perGroup, seed)));
      }
      return all;
    }

    @Override
    public float[] rows(long[] rows) {
      return new InMemoryPasses(blocks).rows(rows);
    }

    @Override
    public Partial partial(int level, Centroids centroids) {
      List<Partial> parts = new ArrayList<>();
      for (Block block : blocks) {
        try (KMeansPass pass = new KMeansPass(copy(centroids))) {
          parts.add(copy(pass.partial(block, groups(level, block))));
        }
      }
      while (parts.size() > 1) {
        parts.add(parts.remove(0).add(parts.remove(0)));
      }
      return parts.get(0);
    }

    @Override
    public Tally assign(int level, Centroids centroids) {
      Tally all = new Tally(centroids.count());
      for (Block block : blocks) {
        try (KMeansPass pass = new KMeansPass(copy(centroids))) {
          BlockAssignment found = pass.assign(block, groups(level, block));
          all.add(copy(Tally.of(found, centroids.count())));
          if (level == 1) {
            labels.put(block.id(), found);
          }
        }
      }
      return all;
    }

    @SuppressWarnings("unchecked")
    private static <T> T copy(T value) {
      try {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
          out.writeObject(value);
        }
        try (ObjectInputStream in =
            new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
          return (T) in.readObject();
        }
      } catch (IOException | ClassNotFoundException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Test
  void seedDecidesAndNothingElse() {
    float[] x = Golden.directions(900, 8, 6, 21);
    HierarchicalKMeans one = new HierarchicalKMeans(2, 20, 5, 1);
    HierarchicalKMeans two = new HierarchicalKMeans(2, 20, 5, 2);
    Clustering a = Clustering.of(Golden.blocks(x, 8, 300), one, trace -> {});
    Clustering b = Clustering.of(Golden.blocks(x, 8, 300), one, trace -> {});
    Clustering c = Clustering.of(Golden.blocks(x, 8, 300), two, trace -> {});
    assertThat(b.subCluster()).isEqualTo(a.subCluster());
    assertThat(c.subCluster()).isNotEqualTo(a.subCluster());
  }

  @Test
  void startRowsAreDistinctAndDoNotDependOnTheBlocks() {
    float[] x = Golden.directions(1000, 4, 6, 2);
    int[] groups = IntStream.range(0, 1000).map(i -> i % 10 == 0 ? -1 : i % 3).toArray();
    Block whole = Golden.blocks(x, 4).get(0);
    Seeding expected = Seeding.of(whole, groups, 3, 50, 9);
    Seeding merged = new Seeding(3, 50);
    List<Block> parts = Golden.blocks(x, 4, 333, 1, 5);
    Collections.reverse(parts);
    for (Block block : parts) {
      int from = (int) block.firstRow();
      merged.add(
          Seeding.of(block, Arrays.copyOfRange(groups, from, from + block.rows()), 3, 50, 9));
    }
    for (int g = 0; g < 3; g++) {
      int group = g;
      assertThat(merged.rows(g)).isEqualTo(expected.rows(g)).hasSize(50).doesNotHaveDuplicates();
      assertThat(Arrays.stream(merged.rows(g))).allMatch(r -> groups[(int) (long) r] == group);
    }
  }

  @Test
  void rowsWithNanOrInfinityAreRejectedByIndex() {
    float[] x = Golden.directions(400, 5, 6, 31);
    x[7 * 5] = Float.NaN;
    x[250 * 5 + 4] = Float.POSITIVE_INFINITY;
    Clustering found = cluster(x, 5, 2, 8, 100);
    assertThat(found.rejected()).containsExactly(7, 250);
    assertThat(found.superCluster()[7]).isEqualTo(-1);
    assertThat(found.subCluster()[250]).isEqualTo(-1);
    assertThat(found.distance()[250]).isNaN();
    assertThat(found.model().rejected()).isEqualTo(2);
    assertSizes(found, 2, 8);
    float[] nothing = new float[20];
    Arrays.fill(nothing, Float.NaN);
    assertThatThrownBy(() -> cluster(nothing, 5, 1, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("k-means needs at least one row without NaN or infinity, got none");
  }

  @Test
  void fewerRowsThanSubClustersLeavesReportedEmpties() {
    float[] x = Golden.directions(7, 4, 7, 12);
    Clustering found = cluster(x, 4, 2, 40);
    assertSizes(found, 2, 40);
    Trace last = found.model().traces().get(found.model().traces().size() - 1);
    assertThat(last.empties()).isEqualTo(33);
    assertThat(last.objective()).isCloseTo(0, within(1e-9));
  }

  @Test
  void identicalRowsShareTheLowestCluster() {
    float[] x = new float[600 * 3];
    for (int r = 0; r < 600; r++) {
      x[r * 3] = 0.6f;
      x[r * 3 + 1] = 0.8f;
    }
    Clustering found = cluster(x, 3, 2, 8, 250);
    assertSizes(found, 2, 8);
    assertThat(Arrays.stream(found.superCluster()).distinct().count()).isEqualTo(1);
    assertThat(Arrays.stream(found.subCluster()).distinct().count()).isEqualTo(1);
    for (float d : found.distance()) {
      assertThat((double) d).isCloseTo(0, within(1e-12));
    }
    Clustering zeros = cluster(new float[300], 3, 1, 4);
    assertSizes(zeros, 1, 4);
  }

  @Test
  void fewerDistinctPointsThanClusters() {
    float[] x = new float[500 * 2];
    for (int r = 0; r < 500; r++) {
      x[r * 2 + r % 2] = r % 3 == 0 ? -1 : 1;
    }
    Clustering found = cluster(x, 2, 1, 10, 200);
    assertSizes(found, 1, 10);
    Trace last = found.model().traces().get(found.model().traces().size() - 1);
    assertThat(last.empties()).isGreaterThanOrEqualTo(6);
    assertThat(last.objective()).isCloseTo(0, within(1e-6));
  }

  @Test
  void bitEqualCentroidsGoToTheLowestIndexWhereverTheySit() {
    int dim = 6;
    float[] x = Golden.directions(50, dim, 50, 3);
    float[] values = new float[1500 * dim];
    for (int c = 0; c < 1500; c++) {
      System.arraycopy(x, c % 50 * dim, values, c * dim, dim);
    }
    try (KMeansPass pass = new KMeansPass(new Centroids(1, 1500, dim, values))) {
      BlockAssignment found = pass.assign(Golden.blocks(x, dim).get(0), null);
      assertThat(found.centroid()).isEqualTo(IntStream.range(0, 50).toArray());
      for (float d : found.distance()) {
        assertThat(d).isZero();
      }
    }
  }

  @Test
  void emptyClustersTakeOverFromTheLargestDonors() {
    // Sizes 6, 2, 0, 0, 0: first round donors 0 and 1, then the halves of 3 by lowest index.
    float[] x = {1, 1, 1, 1, 1, 1, -1, -1};
    Block block = new Block(0, 0, 8, 1, x);
    Centroids start = new Centroids(1, 5, 1, new float[] {1, -1, 5, 6, 7});
    int[] labels = {0, 0, 0, 0, 0, 0, 1, 1};
    Partial partial = Partial.of(block, new BlockAssignment(labels, new float[8]), 5);
    CentroidUpdate update = CentroidUpdate.of(start, partial, true);
    float up = 1 + CentroidUpdate.EPSILON;
    float twiceUp = up + CentroidUpdate.EPSILON;
    float backDown = up - CentroidUpdate.EPSILON;
    assertThat(update.splits()).isEqualTo(3);
    assertThat(update.centroids().values())
        .containsExactly(
            twiceUp,
            -1 + CentroidUpdate.EPSILON,
            1 - CentroidUpdate.EPSILON,
            -1 - CentroidUpdate.EPSILON,
            backDown);
    CentroidUpdate kept = CentroidUpdate.of(start, partial, false);
    assertThat(kept.centroids().values()).containsExactly(1, -1, 5, 6, 7);
    assertThat(kept.splits()).isZero();
  }

  @Test
  void splitsStayWithinTheGroupAndClustersOfOneDoNotDonate() {
    float[] x = {1, 0, 0, 1, 0.5f, 0.5f};
    Block block = new Block(0, 0, 3, 2, x);
    Centroids start = new Centroids(2, 2, 2, new float[] {1, 0, 9, 9, 0, 1, 8, 8});
    int[] labels = {0, 2, 2};
    Partial partial = Partial.of(block, new BlockAssignment(labels, new float[3]), 4);
    CentroidUpdate update = CentroidUpdate.of(start, partial, true);
    assertThat(update.splits()).isEqualTo(1);
    assertThat(update.centroids().row(1)).containsExactly(9, 9);
    float e = CentroidUpdate.EPSILON;
    assertThat(update.centroids().row(2)).containsExactly(0.25f + e, 0.75f - e);
    assertThat(update.centroids().row(3)).containsExactly(0.25f - e, 0.75f + e);
    assertThat(update.moved()).isCloseTo(Math.sqrt(2) / 4, within(1e-7));
  }

  @Test
  void oneClusterIsTheMean() {
    float[] x = Golden.directions(100, 3, 4, 6);
    Clustering found = cluster(x, 3, 1, 1);
    assertThat(found.model().traces()).hasSize(4);
    double sum = 0;
    for (int r = 0; r < 100; r++) {
      sum += x[r * 3];
    }
    assertThat((double) found.model().superCentroids().row(0)[0])
        .isCloseTo(sum / 100, within(1e-7));
  }

  @Test
  void featuresAreWhitenedThenClustered() {
    float[] x = Golden.directions(1200, 10, 6, 14);
    ClusterConfig config =
        new ClusterConfig(ClusterAlgorithm.KMEANS, 2, 12, 3, 5, null, 4, null, 256);
    Clustering.OfFeatures found =
        Clustering.ofFeatures(Golden.blocks(x, 10, 500), config, 3, trace -> {});
    assertThat(found.pca().pcaDim()).isEqualTo(5);
    assertThat(found.clustering().model().subCentroids().dim()).isEqualTo(5);
    assertThat(found.clustering().model().traces()).hasSize(10);
    assertSizes(found.clustering(), 2, 12);
    assertThatThrownBy(() -> Clustering.ofFeatures(List.of(), config, 3, trace -> {}))
        .hasMessage("clustering needs at least one feature row, got none");
  }

  @Test
  void wrongInputIsNamed() {
    assertThatThrownBy(() -> new HierarchicalKMeans(3, 10, 1, 0))
        .hasMessage("k must be a positive multiple of m, got k 10, m 3");
    assertThatThrownBy(() -> new HierarchicalKMeans(1, 1, 0, 0))
        .hasMessage("iterations must be at least 1, got 0");
    assertThatThrownBy(() -> new Block(3, 0, 2, 2, new float[3]))
        .hasMessage("block 3: 2 × 2 values expected, got 3");
    assertThatThrownBy(() -> cluster(new float[] {1, 2, 3e9f, 4}, 2, 1, 1))
        .hasMessageStartingWith("row 1 (block 0) holds values beyond ±");
    assertThatThrownBy(() -> new Centroids(1, 1, 2, new float[] {0, Float.NaN}))
        .hasMessage("centroid 0 is not finite: value NaN at 1");
    assertThatThrownBy(
            () ->
                new InMemoryPasses(
                    List.of(
                        new Block(0, 0, 1, 1, new float[1]), new Block(1, 5, 1, 1, new float[1]))))
        .hasMessage("block 1 must start at row 1, got 5");
    float[] huge = new float[200];
    Arrays.fill(huge, 1 << 20);
    assertThatThrownBy(() -> cluster(huge, 1, 1, 1))
        .hasMessage("k-means sums exceed ±2^27: its input must be whitened rows of norm 1");
  }
}
