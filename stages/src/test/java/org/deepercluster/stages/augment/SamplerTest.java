package org.deepercluster.stages.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deepercluster.stages.config.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The counts that the method asks for: every class the same number, plus or minus one. */
class SamplerTest {
  /** One giant cluster, many tiny ones, some empty, some images unusable. */
  private static Assignment skewed(int images, int m, int subs, long seed) {
    SplittableRandom random = Seeds.random(seed);
    int[] c = new int[images];
    int[] z = new int[images];
    for (int n = 0; n < images; n++) {
      boolean giant = random.nextInt(10) < 8;
      c[n] = random.nextInt(20) == 0 ? -1 : giant ? 0 : random.nextInt(m);
      z[n] = giant ? 0 : random.nextInt(subs) % Math.max(1, subs - 1);
    }
    return new Assignment(m, subs, c, z);
  }

  /** SeLa: every usable image once, in one of the rotations, whatever its label. */
  @Test
  void mergedClustersAndAsManyDrawsAsImagesGiveEachImageOnce() {
    int[] c = new int[101];
    int[] z = new int[101];
    for (int n = 0; n < 101; n++) {
      c[n] = n % 10 == 3 ? -1 : 0;
      z[n] = n < 90 ? 0 : n % 7;
    }
    Assignment a = new Assignment(1, 7, c, z);
    for (int rotations : new int[] {1, 4}) {
      Draws draws = Sampler.balanced(a.merged(), rotations, a.usable(), 3, 5);
      assertThat(draws.size()).isEqualTo(91);
      int[] drawn = new int[101];
      int[] turned = new int[rotations];
      for (int p = 0; p < draws.size(); p++) {
        drawn[draws.image(p)]++;
        turned[draws.rotation(p)]++;
      }
      for (int n = 0; n < 101; n++) {
        assertThat(drawn[n]).isEqualTo(c[n] < 0 ? 0 : 1);
      }
      assertWithinOne(Arrays.stream(turned), "rotations");
    }
  }

  /** Draws per (super-class, sub-class) within one share, [s][z]. */
  private static int[][] counts(Assignment a, Draws draws, int share) {
    int[][] counts = new int[a.superClusters() * draws.rotations()][a.subClustersPer()];
    for (int p = draws.from(share); p < draws.from(share + 1); p++) {
      counts[draws.superClass(p)][draws.subCluster(p)]++;
    }
    return counts;
  }

  private static int[][] counts(Assignment a, Draws draws) {
    int[][] sum = new int[a.superClusters() * draws.rotations()][a.subClustersPer()];
    for (int w = 0; w < draws.shares(); w++) {
      int[][] share = counts(a, draws, w);
      for (int s = 0; s < sum.length; s++) {
        for (int z = 0; z < sum[s].length; z++) {
          sum[s][z] += share[s][z];
        }
      }
    }
    return sum;
  }

  private static int[][] members(Assignment a) {
    int[][] members = new int[a.superClusters()][a.subClustersPer()];
    for (int n = 0; n < a.images(); n++) {
      if (a.superClusterOf()[n] >= 0) {
        members[a.superClusterOf()[n]][a.subClusterOf()[n]]++;
      }
    }
    return members;
  }

  private static void assertWithinOne(IntStream values, String what) {
    var stats = values.summaryStatistics();
    if (stats.getCount() > 0) {
      assertThat(stats.getMax() - stats.getMin()).as(what).isLessThanOrEqualTo(1);
    }
  }

  /** All promises of the sampler at once. */
  private static void assertBalanced(Assignment a, Draws draws, int expected) {
    int rotations = draws.rotations();
    assertThat(draws.size()).isEqualTo(expected);
    int[][] counts = counts(a, draws);
    int[][] members = members(a);
    assertWithinOne(
        IntStream.range(0, counts.length)
            .filter(s -> Arrays.stream(members[s / rotations]).sum() > 0)
            .map(s -> Arrays.stream(counts[s]).sum()),
        "draws per super-class");
    int[][] perImage = new int[rotations][a.images()];
    for (int p = 0; p < draws.size(); p++) {
      perImage[draws.rotation(p)][draws.image(p)]++;
    }
    for (int s = 0; s < counts.length; s++) {
      int c = s / rotations;
      int r = s % rotations;
      int of = s;
      assertWithinOne(
          IntStream.range(0, counts[s].length)
              .filter(z -> members[c][z] > 0)
              .map(z -> counts[of][z]),
          "draws per sub-class of super-class " + s);
      for (int z = 0; z < counts[s].length; z++) {
        int sub = z;
        assertThat(members[c][z] > 0 || counts[s][z] == 0).as("empty sub-class %d", z).isTrue();
        assertWithinOne(
            IntStream.range(0, a.images())
                .filter(n -> a.superClusterOf()[n] == c && a.subClusterOf()[n] == sub)
                .map(n -> perImage[r][n]),
            "draws per image of sub-class " + z + " of super-class " + s);
        assertWithinOne(
            IntStream.range(0, a.images())
                .filter(n -> a.superClusterOf()[n] == c && a.subClusterOf()[n] == sub)
                .map(n -> IntStream.range(0, rotations).map(q -> perImage[q][n]).sum()),
            "draws per image over all rotations");
      }
    }
    assertThat(draws.from(0)).isZero();
    assertThat(draws.from(draws.shares())).isEqualTo(draws.size());
    assertWithinOne(
        IntStream.range(0, draws.shares()).map(w -> draws.from(w + 1) - draws.from(w)), "shares");
    for (int s = 0; s < counts.length; s++) {
      for (int z = 0; z < counts[s].length; z++) {
        int cs = s;
        int cz = z;
        assertWithinOne(
            IntStream.range(0, draws.shares()).map(w -> counts(a, draws, w)[cs][cz]),
            "draws per share of sub-class");
      }
      int cs = s;
      assertWithinOne(
          IntStream.range(0, draws.shares()).map(w -> Arrays.stream(counts(a, draws, w)[cs]).sum()),
          "draws per share of super-class");
    }
  }

  @ParameterizedTest
  @CsvSource({
    // images, m, subs, R, draws, shares
    "1000, 4, 8, 4, 1000, 1",
    "1000, 4, 8, 4, 1000, 2",
    "1000, 4, 8, 4, 997, 3",
    "1000, 4, 8, 4, 4001, 4",
    "1000, 4, 8, 4, 333, 5",
    "500, 1, 20, 1, 500, 1", // deepcluster
    "500, 1, 20, 1, 500, 2",
    "500, 1, 20, 4, 501, 2", // cartesian
    "60, 7, 3, 4, 11, 2", // fewer draws than super-classes
    "60, 7, 3, 4, 1, 1",
    "30, 2, 40, 4, 300, 3", // more sub-clusters than images
    "3, 1, 1, 4, 50, 2", // each image many times
  })
  void countsAreEqual(int images, int m, int subs, int rotations, int draws, int shares) {
    for (long seed = 0; seed < 3; seed++) {
      Assignment a = skewed(images, m, subs, seed);
      assertBalanced(a, Sampler.balanced(a, rotations, draws, shares, seed), draws);
    }
  }

  @Test
  void rotnetTakesEveryImageOnceAndEachRotationAQuarter() {
    Assignment a = Assignment.single(1000);
    Draws draws = Sampler.balanced(a, 4, 1000, 1, 5);
    assertBalanced(a, draws, 1000);
    assertThat(IntStream.range(0, 1000).map(draws::image).distinct().count()).isEqualTo(1000);
    for (int r = 0; r < 4; r++) {
      int rotation = r;
      assertThat(IntStream.range(0, 1000).filter(p -> draws.superClass(p) == rotation).count())
          .isEqualTo(250);
    }
  }

  @Test
  void cartesianGivesEachPairOfRotationAndClusterTheSame() {
    Assignment a = skewed(2000, 1, 12, 3);
    for (int n : new int[] {2000, 1999, 2001, 48, 47}) {
      int[][] counts = counts(a, Sampler.balanced(a, 4, n, 1, 9));
      assertWithinOne(
          Arrays.stream(counts)
              .flatMapToInt(
                  of -> IntStream.range(0, 12).filter(z -> members(a)[0][z] > 0).map(z -> of[z])),
          "draws per pair, of " + n);
    }
  }

  @Test
  void aGiantClusterIsDrawnNoMoreThanATinyOne() {
    int[] c = new int[1000];
    c[999] = 1; // a super-cluster of a single image
    Draws draws = Sampler.balanced(new Assignment(2, 1, c, new int[1000]), 4, 1000, 1, 1);
    assertThat(IntStream.range(0, 1000).filter(p -> draws.image(p) == 999).count()).isEqualTo(500);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5})
  void eachOnceIsAPermutationStratifiedByLabel(int shares) {
    int[] labels = IntStream.range(0, 103).map(n -> n % 7 == 0 ? -1 : n * n % 5).toArray();
    Assignment a = Assignment.labels(5, labels);
    Draws draws = Sampler.eachOnce(a, shares, 4);

    assertThat(IntStream.range(0, draws.size()).map(draws::image).sorted().toArray())
        .isEqualTo(IntStream.range(0, 103).filter(n -> labels[n] >= 0).toArray());
    for (int p = 0; p < draws.size(); p++) {
      assertThat(draws.rotation(p)).isZero();
      assertThat(draws.subCluster(p)).isEqualTo(labels[draws.image(p)]);
    }
    for (int z = 0; z < 5; z++) {
      int label = z;
      assertWithinOne(
          IntStream.range(0, shares).map(w -> counts(a, draws, w)[0][label]), "label per share");
    }
  }

  @Test
  void theSeedDecidesAllAndNothingElseDoes() {
    Assignment a = skewed(300, 3, 4, 1);
    int[] first = codes(Sampler.balanced(a, 4, 300, 2, 7));
    assertThat(codes(Sampler.balanced(a, 4, 300, 2, 7))).isEqualTo(first);
    assertThat(codes(Sampler.balanced(a, 4, 300, 2, 8))).isNotEqualTo(first);
    assertThat(codes(Sampler.eachOnce(a, 2, 7))).isEqualTo(codes(Sampler.eachOnce(a, 2, 7)));
    assertThat(codes(Sampler.eachOnce(a, 2, 7))).isNotEqualTo(codes(Sampler.eachOnce(a, 2, 8)));
  }

  @Test
  void theNumberOfSharesOnlyDealsTheSameDraws() {
    Assignment a = skewed(300, 3, 4, 1);
    int[] one = codes(Sampler.balanced(a, 4, 301, 1, 7));
    int[] three = codes(Sampler.balanced(a, 4, 301, 3, 7));
    assertThat(three).isNotEqualTo(one);
    Arrays.sort(one);
    Arrays.sort(three);
    assertThat(three).isEqualTo(one);
  }

  /** Every (image, rotation) is equally likely: over many epochs its counts are near their mean. */
  @Test
  void isUniformOverImagesAndRotations() {
    Assignment a = Assignment.single(10);
    int[][] counts = new int[4][10];
    int epochs = 4000;
    for (int e = 0; e < epochs; e++) {
      Draws draws = Sampler.balanced(a, 4, 10, 1, Seeds.of(3L, e));
      for (int p = 0; p < 10; p++) {
        counts[draws.rotation(p)][draws.image(p)]++;
      }
    }
    // 4000 epochs, each takes a given pair with probability 1/4: mean 1000, sd 27; 5 sd
    assertThat(Arrays.stream(counts).flatMapToInt(Arrays::stream))
        .allMatch(n -> n > 860 && n < 1140);
  }

  @Test
  void theOrderIsShuffled() {
    Assignment a = skewed(2000, 4, 4, 1);
    Draws draws = Sampler.balanced(a, 4, 2000, 2, 7);
    for (int w = 0; w < 2; w++) {
      int from = draws.from(w);
      int[] seen = new int[16];
      IntStream.range(from, from + 500).forEach(p -> seen[draws.superClass(p)]++);
      // half of a share holds about half of each of its 63 or so draws per super-class
      assertThat(IntStream.of(seen)).as("share %d", w).allMatch(n -> n > 12 && n < 52);
    }
  }

  @Test
  void drawsMillionsOfImages() {
    int images = 3_000_000;
    int[] c = new int[images];
    int[] z = new int[images];
    for (int n = 0; n < images; n++) {
      c[n] = n % 4;
      z[n] = n / 4 % 20_000;
    }
    Assignment a = new Assignment(4, 20_000, c, z);
    Draws draws = Sampler.balanced(a, 4, images, 4, 1);
    int[] perSuperClass = new int[16];
    IntStream.range(0, draws.size()).forEach(p -> perSuperClass[draws.superClass(p)]++);
    assertThat(perSuperClass).containsOnly(images / 16);
  }

  @Test
  void saysWhatIsWrong() {
    Assignment a = Assignment.single(3);
    assertThatThrownBy(() -> Sampler.balanced(a, 2, 3, 1, 0))
        .hasMessage("2 rotations: must be 4, or 1 for none");
    assertThatThrownBy(() -> Sampler.balanced(a, 4, 0, 1, 0))
        .hasMessage("0 draws: must be at least 1");
    assertThatThrownBy(() -> Sampler.balanced(a, 4, 3, 0, 0))
        .hasMessage("0 shares: must be at least 1");
    Assignment none = new Assignment(1, 1, new int[] {-1, -1}, new int[2]);
    assertThatThrownBy(() -> Sampler.balanced(none, 4, 3, 1, 0))
        .hasMessage("none of the 2 images is in a cluster: at least one must be");
    assertThatThrownBy(() -> Sampler.eachOnce(none, 1, 0)).hasMessageContaining("none of the 2");
    assertThatThrownBy(() -> new Assignment(2, 1, new int[] {2}, new int[1]))
        .hasMessage("image 0 is in super-cluster 2: must be -1..1");
    assertThatThrownBy(() -> new Assignment(2, 3, new int[] {1}, new int[] {3}))
        .hasMessage("image 0 is in sub-cluster 3: must be 0..2");
    assertThatThrownBy(() -> new Assignment(2, 3, new int[2], new int[1]))
        .hasMessage("2 super-cluster ids but 1 sub-cluster ids: one of each per image");
    assertThatThrownBy(() -> new Assignment(0, 3, new int[2], new int[2]))
        .hasMessageContaining("must be at least 1");
  }

  private static int[] codes(Draws draws) {
    return IntStream.range(0, draws.size())
        .map(p -> draws.image(p) * draws.rotations() + draws.rotation(p))
        .toArray();
  }
}
