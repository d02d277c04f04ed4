package org.deepercluster.stages.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableWriter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where k-means starts, how centroids move, and when it ends. */
class StartsTest {
  @TempDir static Path directory;
  private static LocalUnits units;

  @BeforeAll
  static void start() {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    units = new LocalUnits(2);
  }

  @AfterAll
  static void end() {
    units.close();
  }

  private static Passes passes(Units on, boolean spherical, float[] x, int dim, int... sizes)
      throws Exception {
    Scratch scratch = Clusterings.scratch(directory);
    return new Passes(scratch, on, Clusterings.files(scratch, x, dim, sizes), spherical);
  }

  private static float[] values(Centroids c) throws Exception {
    return c.values(0, c.count());
  }

  /** The same rows, in the same order, as NumPy draws by starts.py; however files are cut. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void drawsTheRowsThatNumPyDraws(boolean parallel) throws Exception {
    Golden golden = Golden.of("starts.json");
    float[] x = golden.floats("x");
    int dim = golden.number("dim");
    int k = golden.number("clusters");
    float[] expected = Golden.rows(x, dim, golden.ints(parallel ? "parallel" : "plusPlus"));
    for (int[] sizes : new int[][] {{}, {130, 200}, {1, 0, 599}}) {
      Passes passes = passes(units, false, x, dim, sizes);
      Centroids found = new DistanceSampling(passes, parallel).of(1, k, golden.number("seed"));
      assertThat(values(found)).isEqualTo(expected);
    }
  }

  /** NumPy's spherical k-means from the same start, by starts.py; float32 against float64. */
  @Test
  void sphericalCentroidsAreMeanDirections() throws Exception {
    Golden golden = Golden.of("starts.json");
    float[] x = golden.floats("x");
    int dim = golden.number("dim");
    int k = golden.number("clusters");
    Passes passes = passes(units, true, x, dim, 130, 200);
    Lloyd found =
        new HierarchicalKMeans(k, k, golden.number("iterations"), 0)
            .lloyd(
                passes,
                1,
                Centroids.of(
                    passes.scratch(), 1, k, dim, Golden.rows(x, dim, golden.ints("start"))),
                t -> {});
    float[] centroids = values(found.centroids());
    double[] expected = golden.doubles("centroids");
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) centroids[i]).isCloseTo(expected[i], within(1e-6));
    }
    long[] sizes = new long[k];
    Arrays.stream(golden.ints("labels")).forEach(c -> sizes[c]++);
    assertThat(found.counts()).isEqualTo(sizes);
    assertThat(found.trace().objective())
        .isCloseTo(golden.real("objective"), within(1e-6 * golden.real("objective")));
  }

  /** Halves of a split have norm 1 too; the mean of opposite rows has no direction and stays 0. */
  @Test
  void sphericalCentroidsHaveNormOneAlsoWhereClustersAreSplit() throws Exception {
    int dim = 7;
    float[] x = Golden.directions(300, dim, 4, 6);
    Passes passes = passes(units, true, x, dim, 100);
    Lloyd at =
        passes.pass(
            Lloyd.from(1, Centroids.of(passes.scratch(), 1, 5, dim, new float[5 * dim])),
            Passes.Then.SPLIT);
    float[] c = values(at.centroids());
    Set<Float> distinct = new HashSet<>();
    for (int i = 0; i < 5; i++) {
      double squares = 0;
      for (int j = 0; j < dim; j++) {
        squares += (double) c[i * dim + j] * c[i * dim + j];
      }
      distinct.add(c[i * dim]);
      assertThat(squares).isCloseTo(1, within(1e-6));
    }
    assertThat(distinct).hasSizeGreaterThan(1);

    float[] opposite = {1, 0, -1, 0};
    Passes two = passes(units, true, opposite, 2);
    Lloyd zero =
        two.pass(
            Lloyd.from(1, Centroids.of(two.scratch(), 1, 1, 2, new float[2])), Passes.Then.MOVE);
    assertThat(values(zero.centroids())).containsExactly(0, 0);
  }

  private static Clusterings.Found run(
      Units on, boolean parallel, double tolerance, float[] x, int dim, int... sizes)
      throws Exception {
    Passes passes = passes(on, false, x, dim, sizes);
    return Clusterings.found(
        new HierarchicalKMeans(4, 64, 6, tolerance, 42)
            .run(passes, new DistanceSampling(passes, parallel), t -> {}),
        x.length / dim);
  }

  /** On both levels: threads, the order of units and lost tries change no bit. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void neitherThreadsNorTheOrderOfUnitsNorRetriesChangeABit(boolean parallel) throws Exception {
    int dim = 12;
    float[] x = Golden.directions(2600, dim, 7, 4);
    x[17] = Float.NaN;
    int[] sizes = {500, 3, 0, 1024};
    Clusterings.Found expected = run(units, parallel, 0.001, x, dim, sizes);
    try (LocalUnits one = new LocalUnits(1)) {
      for (Units other : List.of(one, Clusterings.shuffled(1), Clusterings.shuffled(2))) {
        Clusterings.Found found = run(other, parallel, 0.001, x, dim, sizes);
        assertThat(found.traces()).isEqualTo(expected.traces());
        assertThat(found.supers()).isEqualTo(expected.supers());
        assertThat(found.subs()).isEqualTo(expected.subs());
        assertThat(found.subCluster()).isEqualTo(expected.subCluster());
        assertThat(found.distance()).isEqualTo(expected.distance());
      }
    }
    assertThat(expected.rejected()).containsExactly(1);
  }

  /** Both spread the start: the first pass has a lower objective than from random rows. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void startsCloserThanRandomRows(boolean parallel) throws Exception {
    int dim = 10;
    float[] x = Golden.directions(3000, dim, 40, 5);
    double random = 0;
    double spread = 0;
    for (long seed = 0; seed < 5; seed++) {
      Passes passes = passes(units, false, x, dim, 700);
      random += objective(passes, passes.start(1, 40, seed));
      Passes again = passes(units, false, x, dim, 700);
      spread += objective(again, new DistanceSampling(again, parallel).of(1, 40, seed));
    }
    assertThat(spread).isLessThan(random * 0.95);
  }

  private static double objective(Passes passes, Centroids start) throws Exception {
    return passes.pass(Lloyd.from(1, start), Passes.Then.STAY).trace().objective();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void takesRowsOverAndOverWhereFewerDifferThanAreWanted(boolean parallel) throws Exception {
    int dim = 4;
    float[] three = Golden.directions(3, dim, 3, 1);
    float[] x = Clusterings.concat(three, three, three, three);
    x[5 * dim] = Float.NaN;
    float[] c = values(new DistanceSampling(passes(units, false, x, dim, 5), parallel).of(1, 8, 3));
    Set<List<Float>> distinct = new HashSet<>();
    for (int i = 0; i < 8; i++) {
      List<Float> row = new ArrayList<>();
      for (int j = 0; j < dim; j++) {
        row.add(c[i * dim + j]);
      }
      distinct.add(row);
      assertThat(row).as("no rejected row").doesNotContain(Float.NaN);
    }
    assertThat(distinct).hasSize(3);

    float[] one =
        values(new DistanceSampling(passes(units, false, three, dim), parallel).of(1, 1, 3));
    assertThat(one).hasSize(dim);
    float[] none = {Float.NaN, 1};
    assertThatThrownBy(
            () -> new DistanceSampling(passes(units, false, none, 2), parallel).of(1, 2, 3))
        .hasMessage("k-means needs at least one row without NaN or infinity, got none");
  }

  /** A super-cluster with one row, and more sub-clusters than rows. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void levelTwoOfTinySuperClusters(boolean parallel) throws Exception {
    float[] x = {1, 0, 1, 0, 1, 0, 0, 1};
    Passes passes = passes(units, false, x, 2, 2);
    Clusterings.Found found =
        Clusterings.found(
            new HierarchicalKMeans(2, 8, 3, 1)
                .run(passes, new DistanceSampling(passes, parallel), t -> {}),
            4);
    assertThat(found.superCluster()[3]).isNotEqualTo(found.superCluster()[0]);
    assertThat(found.distance()).containsOnly(0);
  }

  @Test
  void weightedRowsAreDrawnByWeightAndDistance() {
    float[] x = {0, 0, 0, 0, 5, 5, 9, 9};
    assertThat(DistanceSampling.weighted(x, 2, new long[] {0, 3, 0, 1}, 4, 1))
        .as("no row without a weight, none twice")
        .containsExactlyInAnyOrder(1, 3);
    int heavy = 0;
    for (long seed = 0; seed < 200; seed++) {
      heavy += DistanceSampling.weighted(x, 2, new long[] {1, 0, 9, 0}, 1, seed)[0] == 2 ? 1 : 0;
    }
    assertThat(heavy).as("nine of ten").isBetween(165, 195);
    assertThat(DistanceSampling.weighted(x, 2, new long[4], 2, 1)).isEmpty();
  }

  @Test
  void toleranceEndsALevelEarlyAndChangesNothingElse() throws Exception {
    int dim = 8;
    float[] x = Golden.directions(2000, dim, 10, 9);
    Passes passes = passes(units, false, x, dim, 600);
    List<Trace> all = new ArrayList<>();
    HierarchicalKMeans full = new HierarchicalKMeans(10, 10, 60, 0, 5);
    Lloyd last = full.lloyd(passes, 1, passes.start(1, 10, 5), all::add);
    assertThat(all).as("0 never ends early").hasSize(61);

    Passes again = passes(units, false, x, dim, 600);
    List<Trace> some = new ArrayList<>();
    HierarchicalKMeans early = new HierarchicalKMeans(10, 10, 60, 1e-3, 5);
    Lloyd ended = early.lloyd(again, 1, again.start(1, 10, 5), some::add);
    int n = some.size();
    assertThat(n).isBetween(3, 60);
    for (int i = 0; i + 1 < n; i++) {
      assertThat(some.get(i)).isEqualTo(all.get(i));
      if (i > 0) {
        double decrease = 1 - some.get(i).objective() / some.get(i - 1).objective();
        assertThat(decrease < 1e-3).as("pass %d", i).isEqualTo(i + 2 == n);
      }
    }
    assertThat(some.get(n - 1).objective()).isEqualTo(all.get(n - 1).objective());
    assertThat(some.get(n - 1).moved()).as("the last one assigns").isZero();
    assertThat(ended.trace().objective()).isGreaterThanOrEqualTo(last.trace().objective());
  }

  /** All rows equal: an objective that cannot fall, but clusters that are empty. */
  @Test
  void toleranceDoesNotEndALevelWithEmptyClusters() throws Exception {
    float[] x = new float[40];
    Arrays.fill(x, 0.5f);
    Passes passes = passes(units, false, x, 4);
    List<Trace> traces = new ArrayList<>();
    new HierarchicalKMeans(3, 3, 5, 0.1, 1).lloyd(passes, 1, passes.start(1, 3, 1), traces::add);
    assertThat(traces).hasSize(6);
  }

  /** Files of assignments, in the rows' order. */
  private static ArrayList<ArrayList<Part>> assignments(int[] c, int[] z, int... sizes)
      throws Exception {
    ArrayList<ArrayList<Part>> shares = new ArrayList<>();
    int at = 0;
    for (int i = 0; i < sizes.length; i++) {
      int to = at + sizes[i];
      String[] ids = new String[sizes[i]];
      Arrays.fill(ids, "id");
      shares.add(
          new ArrayList<>(
              List.of(
                  TableWriter.write(
                      directory.toString(),
                      i,
                      Columns.of(ClusterTables.ASSIGNMENTS, sizes[i])
                          .set("image_id", ids)
                          .set("super_cluster", Arrays.copyOfRange(c, at, to))
                          .set("sub_cluster", Arrays.copyOfRange(z, at, to))
                          .set("distance", new float[sizes[i]])
                          .build()))));
      at = to;
    }
    return shares;
  }

  @Test
  void warmRestartStartsFromTheMeansOfTheLastMembers() throws Exception {
    int dim = 5;
    int n = 200;
    float[] x = Golden.directions(n, dim, 6, 8);
    x[3 * dim] = Float.NaN;
    // Super-cluster 2 of 3 had no member, sub-cluster (0, 1) neither; row 0 had no cluster.
    int[] c = IntStream.range(0, n).map(i -> i == 0 ? -1 : i % 2).toArray();
    int[] z = IntStream.range(0, n).map(i -> i == 0 ? -1 : i % 2 == 0 ? 0 : i % 4 / 2).toArray();
    for (Units on : List.of(units, Clusterings.shuffled(3))) {
      Passes passes = passes(on, false, x, dim, 70);
      WarmStart warm = new WarmStart(passes, assignments(c, z, 70, 130), 3, 2);
      float[] supers = values(warm.of(1));
      float[] subs = values(warm.of(2));
      float[] of1 = mean(x, dim, i -> c[i] == 1);
      assertRow(supers, dim, 1, of1, 1e-6f);
      assertRow(subs, dim, 2, mean(x, dim, i -> c[i] == 1 && z[i] == 0), 1e-6f);
      assertRow(subs, dim, 3, mean(x, dim, i -> c[i] == 1 && z[i] == 1), 1e-6f);
      // Both others have 99 usable members: the first one is the donor of super-cluster 2.
      float[] of0 = mean(x, dim, i -> c[i] == 0);
      assertRow(supers, dim, 0, of0, 1e-6f);
      assertRow(supers, dim, 2, of0, 1e-6f);
      assertThat(Arrays.copyOfRange(supers, 2 * dim, 3 * dim))
          .isNotEqualTo(Arrays.copyOfRange(supers, 0, dim));
      assertRow(subs, dim, 0, of0, 1e-6f);
      assertRow(subs, dim, 1, of0, 1e-6f);
      assertThat(Arrays.copyOfRange(subs, dim, 2 * dim))
          .isNotEqualTo(Arrays.copyOfRange(subs, 0, dim));
      assertThat(Arrays.copyOfRange(subs, 4 * dim, 6 * dim)).as("no donor").containsOnly(0);
    }
    assertThatThrownBy(
            () -> new WarmStart(passes(units, false, x, dim), assignments(c, z, 199), 3, 2).of(1))
        .hasMessageContaining("as many rows as images in the clustering before");
  }

  private static float[] mean(float[] x, int dim, java.util.function.IntPredicate member) {
    double[] sum = new double[dim];
    int n = 0;
    for (int i = 0; i < x.length / dim; i++) {
      if (member.test(i) && !Float.isNaN(x[i * dim])) {
        n++;
        for (int j = 0; j < dim; j++) {
          sum[j] += x[i * dim + j];
        }
      }
    }
    float[] mean = new float[dim];
    for (int j = 0; j < dim; j++) {
      mean[j] = (float) (sum[j] / n);
    }
    return mean;
  }

  private static void assertRow(float[] c, int dim, int row, float[] expected, float tolerance) {
    for (int j = 0; j < dim; j++) {
      assertThat(c[row * dim + j]).isCloseTo(expected[j], within(tolerance));
    }
  }

  /** Dies after every few units and is started again: finished rounds are not made twice. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void goesOnWhereItWasKilled(boolean parallel) throws Exception {
    int dim = 10;
    float[] x = Golden.directions(900, dim, 9, 3);
    Passes whole = passes(units, false, x, dim, 400, 300);
    float[] expected = values(new DistanceSampling(whole, parallel).of(1, 6, 4));
    Scratch scratch = Clusterings.scratch(directory);
    List<RowFile> files = Clusterings.files(scratch, x, dim, 400, 300);
    TreeMap<String, Integer> finished = new TreeMap<>();
    float[] found = null;
    for (int life = 0; found == null; life++) {
      assertThat(life).isLessThan(100);
      Units mortal = Clusterings.mortal(units, (parallel ? 13 : 7) + life % 3, finished);
      try {
        found =
            values(new DistanceSampling(new Passes(scratch, mortal, files), parallel).of(1, 6, 4));
      } catch (IllegalStateException e) {
        assertThat(e).hasMessage("killed");
      }
    }
    assertThat(found).isEqualTo(expected);
    assertThat(finished.keySet()).contains("sampled1-0001", "sampled1-0005");
    if (!parallel) {
      assertThat(finished.entrySet().stream().filter(e -> e.getKey().startsWith("sampled")))
          .hasSize(5)
          .allMatch(e -> e.getValue() == 1);
    }
  }

  @Test
  void waysToStartThatCannotBeAffordedAreRefused() {
    assertThatThrownBy(
            () ->
                Configs.of("algorithm", ClusterAlgorithm.KMEANS, "k", 20_000, "init", "k-means++"))
        .hasMessage(
            "init must be random or k-means|| where m or k/m is above 10000: k-means++ makes a pass"
                + " over the data for each of 20000 clusters");
    assertThatThrownBy(
            () ->
                Configs.of("algorithm", ClusterAlgorithm.KMEANS, "k", 20_000, "init", "k-means||"))
        .hasMessage(
            "init must be random here: k-means|| holds 200,001 candidates of 4096 values for 20,000"
                + " clusters in memory, 3.1 GiB, and at most 1 GiB is allowed");
    assertThatThrownBy(() -> Configs.of("algorithm", ClusterAlgorithm.KMEANS, "init", "kmeans++"))
        .hasMessageContaining("init must be one of random, k-means++, k-means||");
    assertThat(Configs.of("algorithm", ClusterAlgorithm.KMEANS).init()).isEqualTo("random");
    assertThat(Configs.of("algorithm", ClusterAlgorithm.KMEANS).spherical()).isFalse();
    assertThat(Configs.of("algorithm", ClusterAlgorithm.KMEANS).tolerance()).isZero();
  }
}
