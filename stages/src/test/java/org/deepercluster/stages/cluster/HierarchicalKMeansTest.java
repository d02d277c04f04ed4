package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.deepercluster.stages.cluster.Clusterings.Found;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HierarchicalKMeansTest {
  @TempDir static Path directory;
  private static LocalUnits units;

  @BeforeAll
  static void start() {
    units = new LocalUnits(2);
  }

  @AfterAll
  static void end() {
    units.close();
  }

  private static Found cluster(float[] x, int dim, int m, int k, int... sizes) throws Exception {
    return cluster(new HierarchicalKMeans(m, k, 10, 42), x, dim, sizes);
  }

  private static Found cluster(HierarchicalKMeans kmeans, float[] x, int dim, int... sizes)
      throws Exception {
    return Clusterings.run(Clusterings.scratch(directory), units, kmeans, x, dim, sizes);
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
    Scratch scratch = Clusterings.scratch(directory);
    Passes passes = new Passes(scratch, units, Clusterings.files(scratch, x, dim, 130, 200));
    List<Trace> traces = new ArrayList<>();
    Lloyd level =
        new HierarchicalKMeans(k, k, golden.number("iterations"), 0)
            .lloyd(
                passes,
                1,
                Centroids.of(scratch, 1, k, dim, Golden.rows(x, dim, golden.ints("start"))),
                traces::add);
    assertClose(level.centroids().values(0, k), golden.floats("centroids"));
    assertThat(level.trace().objective())
        .isCloseTo(golden.real("objective"), within(1e-6 * golden.real("objective")));
    int[] sizes = new int[k];
    Arrays.stream(golden.ints("labels")).forEach(c -> sizes[c]++);
    assertThat(level.counts()).containsExactly(Arrays.stream(sizes).asLongStream().toArray());
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
    int n = groups.length;
    Scratch scratch = Clusterings.scratch(directory);
    List<RowFile> files = Clusterings.files(scratch, x, dim, 130, 200);
    Passes passes = new Passes(scratch, units, files);
    // A level 1 that put each row where the golden file has it.
    ArrayList<String> states = new ArrayList<>();
    for (RowFile f : files) {
      String path = scratch.fresh("state");
      try (var out = RawFile.create(path)) {
        var b = RawFile.buffer(4 * f.rows());
        b.asIntBuffer().put(groups, (int) f.firstRow(), f.rows());
        RawFile.write(out, b);
      }
      states.add(path);
    }
    long ones = Arrays.stream(groups).filter(g -> g == 1).count();
    passes.descend(
        new Lloyd(
            1,
            1,
            Centroids.of(scratch, 1, 2, dim, new float[2 * dim]),
            states,
            new ArrayList<>(),
            null,
            new long[] {n - ones, ones},
            0,
            null));
    List<Trace> traces = new ArrayList<>();
    int iterations = golden.number("iterations");
    Lloyd level =
        new HierarchicalKMeans(2, 2 * perGroup, iterations, 0)
            .lloyd(
                passes,
                2,
                Centroids.of(
                    scratch, 2, perGroup, dim, Golden.rows(x, dim, golden.ints("groupStarts"))),
                traces::add);
    assertClose(level.centroids().values(0, 2 * perGroup), golden.floats("groupCentroids"));
    assertThat(level.trace().objective())
        .isCloseTo(golden.real("groupObjective"), within(1e-6 * golden.real("groupObjective")));
    int[] found = new int[n];
    Arrays.fill(found, -7);
    for (Chunk c : passes.layout().chunks()) {
      int at = 0;
      for (Chunk.Piece p : c.pieces()) {
        try (RawFile state = RawFile.open(level.states().get(c.index()));
            RawFile file = RawFile.open(p.file().path())) {
          int[] labels = state.ints(4L * at, p.rows());
          int[] places = file.ints(p.file().placesAt(p.from()), p.rows());
          for (int i = 0; i < places.length; i++) {
            found[(int) p.file().firstRow() + places[i]] = labels[i];
          }
        }
        at += p.rows();
      }
    }
    assertThat(found).isEqualTo(golden.ints("groupLabels"));
  }

  @Test
  void assignsEveryRowToItsNearestCentroidWithin() throws Exception {
    int dim = 9;
    float[] x = Golden.directions(2311, dim, 12, 5);
    Found found = cluster(x, dim, 3, 3 * 40, 700, 900);
    for (int r = 0; r < 2311; r++) {
      int c = found.superCluster()[r];
      assertThat(c).isBetween(0, 2);
      assertThat(found.subCluster()[r]).isBetween(0, 39);
      double best = Double.POSITIVE_INFINITY;
      for (int z = 0; z < 40; z++) {
        best = Math.min(best, distance(x, r, found.subs(), dim, c * 40 + z));
      }
      double own = distance(x, r, found.subs(), dim, c * 40 + found.subCluster()[r]);
      assertThat(own).isLessThanOrEqualTo(best + 1e-6);
      assertThat((double) found.distance()[r]).isCloseTo(own, within(1e-6));
      double nearest = Double.POSITIVE_INFINITY;
      for (int i = 0; i < 3; i++) {
        nearest = Math.min(nearest, distance(x, r, found.supers(), dim, i));
      }
      assertThat(distance(x, r, found.supers(), dim, c)).isLessThanOrEqualTo(nearest + 1e-6);
    }
    assertSizes(found, 3, 120);
    double objective = 0;
    for (float d : found.distance()) {
      objective += d;
    }
    assertThat(found.last().objective()).isCloseTo(objective, within(1e-6 * objective));
  }

  private static double distance(float[] x, int row, float[] centroids, int dim, int c) {
    return Kernel.distance(
        Arrays.copyOfRange(x, row * dim, (row + 1) * dim),
        Arrays.copyOfRange(centroids, c * dim, (c + 1) * dim),
        dim);
  }

  private static void assertSizes(Found found, int m, int k) {
    long[] supers = new long[m];
    long[] subs = new long[k];
    for (int r = 0; r < found.superCluster().length; r++) {
      if (found.superCluster()[r] >= 0) {
        supers[found.superCluster()[r]]++;
        subs[found.superCluster()[r] * (k / m) + found.subCluster()[r]]++;
      }
    }
    assertThat(found.model().level1().counts()).isEqualTo(supers);
    assertThat(found.model().level2().counts()).isEqualTo(subs);
    assertThat(Arrays.stream(subs).sum() + found.rejected().length)
        .isEqualTo(found.superCluster().length);
    for (float v : found.subs()) {
      assertThat(v).isFinite();
    }
  }

  @Test
  void objectiveNeverIncreasesWhereNothingIsSplit() throws Exception {
    float[] x = Golden.directions(3000, 16, 20, 77);
    List<Trace> traces = cluster(x, 16, 2, 32, 1000).traces();
    assertThat(traces).hasSize(22);
    for (int i = 1; i < traces.size(); i++) {
      if (traces.get(i).level() == traces.get(i - 1).level() && traces.get(i - 1).empties() == 0) {
        assertThat(traces.get(i).objective())
            .isLessThanOrEqualTo(traces.get(i - 1).objective() * (1 + 1e-7));
      }
    }
    assertThat(traces.get(0).moved()).isPositive();
    assertThat(traces.get(0).changed()).isEqualTo(3000);
    assertThat(traces.get(1).changed()).isBetween(1L, 2999L);
    assertThat(traces.get(21).iteration()).isEqualTo(10);
    assertThat(traces.get(21).level()).isEqualTo(2);
    assertThat(traces.get(21).imbalance()).isGreaterThanOrEqualTo(1);
  }

  /** A job per pass, as a cluster would run it: everything serialised, units in any order. */
  @Test
  void neitherThreadsNorTheOrderOfUnitsNorRetriesChangeABit() throws Exception {
    int dim = 12;
    float[] x = Golden.directions(2600, dim, 7, 4);
    x[17] = Float.NaN;
    int[] sizes = {500, 3, 0, 1024};
    HierarchicalKMeans kmeans = new HierarchicalKMeans(4, 256, 10, 42);
    Found expected = cluster(kmeans, x, dim, sizes);
    for (long seed = 0; seed < 3; seed++) {
      assertSame(
          Clusterings.run(
              Clusterings.scratch(directory), Clusterings.shuffled(seed), kmeans, x, dim, sizes),
          expected);
    }
    for (int threads : new int[] {1, 3}) {
      try (LocalUnits other = new LocalUnits(threads)) {
        assertSame(
            Clusterings.run(Clusterings.scratch(directory), other, kmeans, x, dim, sizes),
            expected);
      }
    }
  }

  private static void assertSame(Found actual, Found expected) {
    assertThat(actual.supers()).isEqualTo(expected.supers());
    assertThat(actual.subs()).isEqualTo(expected.subs());
    assertThat(actual.traces()).isEqualTo(expected.traces());
    assertThat(actual.superCluster()).isEqualTo(expected.superCluster());
    assertThat(actual.subCluster()).isEqualTo(expected.subCluster());
    assertThat(actual.distance()).isEqualTo(expected.distance());
    assertThat(actual.model().level1().rejected()).isEqualTo(expected.model().level1().rejected());
  }

  /** Sums and labels are exact, so other files change nothing but the rounding of the objective. */
  @Test
  void otherFilesGiveTheSameClusters() throws Exception {
    int dim = 24;
    float[] x = Golden.directions(5000, dim, 30, 8);
    Found one = cluster(x, dim, 3, 120);
    for (int[] sizes : new int[][] {{2500}, {1, 700, 13, 2000}, {4999}}) {
      Found other = cluster(x, dim, 3, 120, sizes);
      assertThat(other.superCluster()).isEqualTo(one.superCluster());
      assertThat(other.subCluster()).isEqualTo(one.subCluster());
      assertThat(other.distance()).isEqualTo(one.distance());
      assertThat(other.supers()).isEqualTo(one.supers());
      assertThat(other.subs()).isEqualTo(one.subs());
      for (int i = 0; i < one.traces().size(); i++) {
        double expected = one.traces().get(i).objective();
        assertThat(other.traces().get(i).objective()).isCloseTo(expected, within(1e-6 * expected));
      }
    }
  }

  /** A run that dies at any step and is started again does no finished pass a second time. */
  @Test
  void goesOnWhereItWasKilled() throws Exception {
    int dim = 10;
    float[] x = Golden.directions(1500, dim, 9, 3);
    HierarchicalKMeans kmeans = new HierarchicalKMeans(3, 30, 4, 11);
    Found expected = cluster(kmeans, x, dim, 400, 500);
    Scratch scratch = Clusterings.scratch(directory);
    List<RowFile> files = Clusterings.files(scratch, x, dim, 400, 500);
    TreeMap<String, Integer> finished = new TreeMap<>();
    Found found = null;
    for (int life = 0; found == null; life++) {
      assertThat(life).isLessThan(200);
      Units mortal = Clusterings.mortal(units, 3 + life % 4, finished);
      try {
        found = Clusterings.found(kmeans.run(new Passes(scratch, mortal, files), t -> {}), 1500);
      } catch (IllegalStateException e) {
        assertThat(e).hasMessage("killed");
      }
    }
    assertSame(found, expected);
    assertThat(finished.entrySet().stream().filter(e -> e.getKey().startsWith("level")))
        .hasSize(10)
        .allMatch(e -> e.getValue() == 1);
  }

  /** The bounds only spare work: with and without them every row gets the same cluster. */
  @Test
  void boundsChangeNoAssignment() throws Exception {
    int dim = 16;
    int k = 80;
    float[] x = Golden.directions(4000, dim, 60, 15);
    Scratch scratch = Clusterings.scratch(directory);
    Passes passes = new Passes(scratch, units, Clusterings.files(scratch, x, dim, 1500, 1500));
    Lloyd at = Lloyd.from(1, Centroids.of(scratch, 1, k, dim, Arrays.copyOf(x, k * dim)));
    long spared = 0;
    for (int i = 0; i < 12; i++) {
      float[] centroids = at.centroids().values(0, k);
      at = passes.pass(at, i < 11 ? Passes.Then.SPLIT : Passes.Then.STAY);
      spared += 4000 - at.trace().compared();
      // All rows compared with these centroids afresh.
      Scratch other = Clusterings.scratch(directory);
      Passes fresh = new Passes(other, units, Clusterings.files(other, x, dim, 1500, 1500));
      Lloyd once =
          fresh.pass(Lloyd.from(1, Centroids.of(other, 1, k, dim, centroids)), Passes.Then.MOVE);
      assertThat(once.trace().compared()).isEqualTo(4000);
      assertThat(at.counts()).isEqualTo(once.counts());
      assertThat(at.trace().objective()).isEqualTo(once.trace().objective());
      for (int s = 0; s < 3; s++) {
        assertThat(labels(at, s)).isEqualTo(labels(once, s));
      }
    }
    assertThat(spared).isGreaterThan(12 * 4000 / 4);
  }

  private static int[] labels(Lloyd lloyd, int chunk) throws Exception {
    try (RawFile state = RawFile.open(lloyd.states().get(chunk))) {
      return state.ints(0, chunk < 2 ? 1500 : 1000);
    }
  }

  /** Several slices, tiles read from files, and sums that do not fit at once. */
  @Test
  void manyLargeCentroidsAreReadTileByTile() throws Exception {
    int dim = 2048;
    int k = 2500;
    float[] x = new float[3000 * dim];
    for (int r = 0; r < 3000; r++) {
      // Row r is near row r mod 1500, apart from all others.
      int c = r % 1500;
      x[r * dim + c % dim] = 1;
      x[r * dim + (c * 7 + 1) % dim] += 0.5f;
      x[r * dim + 2047] += r < 1500 ? 0 : 0.25f;
    }
    HierarchicalKMeans kmeans = new HierarchicalKMeans(1, k, 2, 5);
    Scratch scratch = Clusterings.scratch(directory);
    Found found = Clusterings.run(scratch, units, kmeans, x, dim, 2000);
    assertThat(found.model().level2().centroids().slices()).isGreaterThan(2);
    assertSizes(found, 1, k);
    for (int r = 0; r < 3000; r += 37) {
      assertThat((double) found.distance()[r])
          .isCloseTo(distance(x, r, found.subs(), dim, found.subCluster()[r]), within(1e-6));
    }
    assertThat(found.last().objective()).isLessThan(found.traces().get(2).objective());
  }

  @Test
  void seedDecidesAndNothingElse() throws Exception {
    float[] x = Golden.directions(900, 8, 6, 21);
    HierarchicalKMeans one = new HierarchicalKMeans(2, 20, 5, 1);
    HierarchicalKMeans two = new HierarchicalKMeans(2, 20, 5, 2);
    Found a = cluster(one, x, 8, 300);
    Found b = cluster(one, x, 8, 300);
    Found c = cluster(two, x, 8, 300);
    assertThat(b.subCluster()).isEqualTo(a.subCluster());
    assertThat(c.subCluster()).isNotEqualTo(a.subCluster());
  }

  @Test
  void startRowsAreDistinctAndDoNotDependOnTheFiles() throws Exception {
    float[] x = Golden.directions(1000, 4, 6, 2);
    x[11 * 4] = Float.NaN;
    Scratch scratch = Clusterings.scratch(directory);
    long[] all = {Long.MAX_VALUE};
    List<Long> expected = draws(Clusterings.files(scratch, x, 4), 50, all);
    List<RowFile> parts = new ArrayList<>(Clusterings.files(scratch, x, 4, 333, 1, 5));
    assertThat(draws(parts, 50, all)).isEqualTo(expected).hasSize(50).doesNotHaveDuplicates();
    Collections.reverse(parts);
    assertThat(draws(parts, 50, all)).isEqualTo(expected).doesNotContain(11L);
    assertThat(draws(parts, 50, new long[] {Seeding.limit(50, 1000)})).isEqualTo(expected);
  }

  private static List<Long> draws(List<RowFile> files, int count, long[] limits) throws Exception {
    Seeding seeding = new Seeding(1, count);
    for (RowFile f : files) {
      Chunk c = new Chunk(0, new ArrayList<>(List.of(new Chunk.Piece(0, f, 0, f.rows()))));
      seeding.add(Seeding.of(c, 9, limits));
    }
    return Arrays.stream(seeding.rows(0)).map(Seeding.Draw::row).toList();
  }

  @Test
  void rowsWithNanOrInfinityAreRejectedByIndex() throws Exception {
    float[] x = Golden.directions(400, 5, 6, 31);
    x[7 * 5] = Float.NaN;
    x[250 * 5 + 4] = Float.POSITIVE_INFINITY;
    for (int m = 1; m <= 2; m++) {
      Found found = cluster(x, 5, m, 8, 100);
      assertThat(found.rejected()).containsExactly(7, 250);
      assertThat(found.superCluster()[7]).isEqualTo(-1);
      assertThat(found.subCluster()[250]).isEqualTo(-1);
      assertThat(found.distance()[250]).isNaN();
      assertThat(found.model().level1().rejected()).isEqualTo(2);
      assertSizes(found, m, 8);
    }
    float[] nothing = new float[20];
    Arrays.fill(nothing, Float.NaN);
    assertThatThrownBy(() -> cluster(nothing, 5, 1, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("k-means needs at least one row without NaN or infinity, got none");
  }

  @Test
  void fewerRowsThanSubClustersLeavesReportedEmpties() throws Exception {
    float[] x = Golden.directions(7, 4, 7, 12);
    Found found = cluster(x, 4, 2, 40);
    assertSizes(found, 2, 40);
    assertThat(found.last().empties()).isEqualTo(33);
    assertThat(found.last().objective()).isCloseTo(0, within(1e-9));
  }

  @Test
  void identicalRowsShareTheLowestCluster() throws Exception {
    float[] x = new float[600 * 3];
    for (int r = 0; r < 600; r++) {
      x[r * 3] = 0.6f;
      x[r * 3 + 1] = 0.8f;
    }
    Found found = cluster(x, 3, 2, 8, 250);
    assertSizes(found, 2, 8);
    assertThat(Arrays.stream(found.superCluster()).distinct().count()).isEqualTo(1);
    assertThat(Arrays.stream(found.subCluster()).distinct().count()).isEqualTo(1);
    for (float d : found.distance()) {
      assertThat((double) d).isCloseTo(0, within(1e-12));
    }
    Found zeros = cluster(new float[300], 3, 1, 4);
    assertSizes(zeros, 1, 4);
  }

  @Test
  void fewerDistinctPointsThanClusters() throws Exception {
    float[] x = new float[500 * 2];
    for (int r = 0; r < 500; r++) {
      x[r * 2 + r % 2] = r % 3 == 0 ? -1 : 1;
    }
    Found found = cluster(x, 2, 1, 10, 200);
    assertSizes(found, 1, 10);
    assertThat(found.last().empties()).isGreaterThanOrEqualTo(6);
    assertThat(found.last().objective()).isCloseTo(0, within(1e-6));
  }

  @Test
  void bitEqualCentroidsGoToTheLowestIndexWhereverTheySit() throws Exception {
    int dim = 6;
    float[] x = Golden.directions(50, dim, 50, 3);
    float[] values = new float[1500 * dim];
    for (int c = 0; c < 1500; c++) {
      System.arraycopy(x, c % 50 * dim, values, c * dim, dim);
    }
    Scratch scratch = Clusterings.scratch(directory);
    Passes passes = new Passes(scratch, units, Clusterings.files(scratch, x, dim));
    Lloyd found =
        passes.pass(Lloyd.from(1, Centroids.of(scratch, 1, 1500, dim, values)), Passes.Then.MOVE);
    try (RawFile state = RawFile.open(found.states().get(0))) {
      assertThat(state.ints(0, 50)).isEqualTo(IntStream.range(0, 50).toArray());
    }
    assertThat(found.trace().moved()).isZero();
    assertThat(found.trace().objective()).isCloseTo(0, within(1e-8));
  }

  private static float[] updated(float[] start, int groups, int dim, long[] counts, float[] means)
      throws Exception {
    Scratch scratch = Clusterings.scratch(directory);
    int k = counts.length;
    Centroids old = Centroids.of(scratch, groups, k / groups, dim, start);
    Centroids mean = Centroids.of(scratch, groups, k / groups, dim, means);
    List<CentroidUpdate.Result> results = new ArrayList<>();
    results.add(new CentroidUpdate.Result(mean.files().get(0), null, counts, new float[k], 0, 0));
    CentroidUpdate.apply(CentroidUpdate.splits(counts, groups), old, results, false, scratch);
    try (RawFile file = RawFile.open(results.get(0).centroids())) {
      return file.floats(0, k * dim);
    }
  }

  @Test
  void emptyClustersTakeOverFromTheLargestDonors() throws Exception {
    // Sizes 6, 2, 0, 0, 0: first round donors 0 and 1, then the halves of 3 by lowest index.
    long[] counts = {6, 2, 0, 0, 0};
    float up = 1 + CentroidUpdate.EPSILON;
    float twiceUp = up + CentroidUpdate.EPSILON;
    float backDown = up - CentroidUpdate.EPSILON;
    assertThat(updated(new float[] {1, -1, 5, 6, 7}, 1, 1, counts, new float[] {1, -1, 5, 6, 7}))
        .containsExactly(
            twiceUp,
            -1 + CentroidUpdate.EPSILON,
            1 - CentroidUpdate.EPSILON,
            -1 - CentroidUpdate.EPSILON,
            backDown);
    assertThat(CentroidUpdate.splits(counts, 1)).hasSize(5);
  }

  @Test
  void splitsStayWithinTheGroupAndClustersOfOneDoNotDonate() throws Exception {
    long[] counts = {1, 0, 2, 0};
    float[] start = {1, 0, 9, 9, 0, 1, 8, 8};
    float[] means = {1, 0, 9, 9, 0.25f, 0.75f, 8, 8};
    float e = CentroidUpdate.EPSILON;
    assertThat(updated(start, 2, 2, counts, means))
        .containsExactly(1, 0, 9, 9, 0.25f + e, 0.75f - e, 0.25f - e, 0.75f + e);
    assertThat(CentroidUpdate.splits(counts, 2).keySet()).containsExactly(2, 3);
  }

  @Test
  void oneClusterIsTheMean() throws Exception {
    float[] x = Golden.directions(100, 3, 4, 6);
    Found found = cluster(x, 3, 1, 1);
    assertThat(found.traces()).hasSize(4);
    double sum = 0;
    for (int r = 0; r < 100; r++) {
      sum += x[r * 3];
    }
    assertThat((double) found.supers()[0]).isCloseTo(sum / 100, within(1e-7));
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
        .hasMessageStartingWith("row 1 holds values beyond ±");
    Scratch scratch = Clusterings.scratch(directory);
    assertThatThrownBy(() -> Centroids.of(scratch, 1, 1, 2, new float[] {0, Float.NaN}))
        .hasMessage("centroid 0 is not finite: value NaN at 1");
    assertThatThrownBy(
            () ->
                new Passes(
                    scratch,
                    units,
                    List.of(new RowFile("a", 1, 1, 0, 1, 1), new RowFile("b", 1, 1, 5, 1, 1))))
        .hasMessage("rows of dimension 1 from 1 on expected, got dimension 1 from 5");
    float[] huge = new float[200];
    Arrays.fill(huge, 1 << 20);
    assertThatThrownBy(() -> cluster(huge, 1, 1, 1))
        .hasMessage("k-means sums exceed ±2^27: its input must be whitened rows of norm 1");
  }
}
