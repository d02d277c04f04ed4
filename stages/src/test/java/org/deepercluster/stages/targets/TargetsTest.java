package org.deepercluster.stages.targets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetsTest {
  @ParameterizedTest
  @CsvSource({
    // method, m, k: R, S, K, V?, W?, V reset?
    "deepercluster, 4, 320000, 4, 16, 80000, true, true, true",
    "deepercluster, 2, 32, 4, 8, 16, true, true, true",
    "deepercluster, 1, 32, 4, 4, 32, true, true, false",
    "deepercluster, 8, 8, 4, 32, 1, true, false, true",
    "deepcluster, 1, 10000, 1, 1, 10000, false, true, false",
    "rotnet, 1, 1, 4, 4, 1, true, false, false",
    "cartesian, 1, 100, 4, 1, 400, false, true, false",
    "supervised, 1, 1000, 1, 1, 1000, false, true, false",
  })
  void methodsAreSpecialCases(
      String method,
      int m,
      int k,
      int rotations,
      int superClasses,
      int subClasses,
      boolean hasV,
      boolean hasW,
      boolean resetsV) {
    Targets targets = new Targets(Method.of(method), m, k);
    assertThat(targets.rotations()).isEqualTo(rotations);
    assertThat(targets.superClasses()).isEqualTo(superClasses);
    assertThat(targets.subClasses()).isEqualTo(subClasses);
    assertThat(targets.hasV()).isEqualTo(hasV);
    assertThat(targets.hasW()).isEqualTo(hasW);
    assertThat(targets.resetsV()).isEqualTo(resetsV);
  }

  @ParameterizedTest
  @CsvSource({
    "deepercluster, 3, 12",
    "deepercluster, 1, 5",
    "deepcluster, 1, 7",
    "rotnet, 1, 1",
    "cartesian, 1, 6",
    "supervised, 1, 4"
  })
  void everyPairOfClusterAndRotationHasATargetOfItsOwn(String method, int m, int k) {
    Targets targets = new Targets(Method.of(method), m, k);
    Set<Long> seen = new HashSet<>();
    for (int c = 0; c < m; c++) {
      for (int z = 0; z < targets.subClusters(); z++) {
        for (int r = 0; r < targets.rotations(); r++) {
          int s = targets.superClass(c, r);
          int sub = targets.subClass(z, r);
          seen.add((long) s * targets.subClasses() + sub);
          assertThat(targets.superCluster(s)).isEqualTo(c);
          assertThat(targets.subCluster(sub)).isEqualTo(z);
          assertThat(targets.rotation(s, sub)).isEqualTo(r);
        }
      }
    }
    assertThat(seen).hasSize(targets.superClasses() * targets.subClasses());
    assertThat(seen)
        .allMatch(t -> t >= 0 && t < (long) targets.superClasses() * targets.subClasses());
  }

  @Test
  void superClassesRunOverTheRotationsOfASuperCluster() {
    Targets targets = new Targets(Method.DEEPERCLUSTER, 2, 8);
    assertThat(targets.superClass(1, 3)).isEqualTo(7);
    assertThat(targets.superClass(0, 1)).isEqualTo(1);
    assertThat(new Targets(Method.CARTESIAN, 1, 8).subClass(5, 2)).isEqualTo(22);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "deepercluster; 4; 30; k = 30 is not divisible by m = 4",
        "deepercluster; 0; 30; m = 0 must be at least 1",
        "deepercluster; 1; 1; k = 1 is method rotnet",
        "deepcluster; 2; 8; m must be 1, got 2",
        "deepcluster; 1; 1; needs k of at least 2, got 1",
        "rotnet; 1; 8; k must be 1, got 8",
        "rotnet; 4; 4; m must be 1, got 4",
        "cartesian; 2; 8; m must be 1, got 2",
        "cartesian; 1; 1000000000; too large",
        "supervised; 1; 1; at least 2 classes",
        "sela; 2; 8; m must be 1, got 2",
        "sela; 1; 1; needs k of at least 2, got 1",
      })
  void refusesNumbersThatContradictTheMethod(String method, int m, int k, String message) {
    assertThatThrownBy(() -> new Targets(Method.of(method), m, k))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void selaHasManyHeadsAndRotationAsAnOption() {
    Targets plain = new Targets(Method.SELA, 1, 128, 10, 1);
    assertThat(plain.superClasses()).isEqualTo(1);
    assertThat(plain.subClasses()).isEqualTo(128);
    assertThat(plain.classifiers()).isEqualTo(10);
    assertThat(plain.hasV()).isFalse();
    assertThat(plain.sharesW() && plain.keepsHeads()).isTrue();
    Targets rotated = new Targets(Method.SELA, 1, 128, 10, 4);
    assertThat(rotated.superClasses()).isEqualTo(4);
    assertThat(rotated.superClass(0, 3)).isEqualTo(3);
    assertThat(rotated.subClass(127, 3)).isEqualTo(127);
    assertThat(rotated.classifiers()).isEqualTo(10);
    assertThat(rotated.hasV()).isTrue();
    assertThat(rotated.resetsV()).isFalse();
    Targets other = new Targets(Method.DEEPERCLUSTER, 2, 8);
    assertThat(other.classifiers()).isEqualTo(other.superClasses());
    assertThat(other.sharesW() || other.keepsHeads()).isFalse();
  }

  @Test
  void settingsSayAllThatDoesNotFollowFromTheMethod() {
    for (Targets targets :
        List.of(
            new Targets(Method.SELA, 1, 7, 3, 4),
            new Targets(Method.SELA, 1, 7),
            new Targets(Method.DEEPERCLUSTER, 2, 8),
            new Targets(Method.ROTNET, 1, 1))) {
      assertThat(Targets.of(targets.settings())).isEqualTo(targets);
    }
    assertThat(new Targets(Method.CARTESIAN, 1, 8).settings()).containsOnlyKeys("method", "m", "k");
  }

  @Test
  void refusesHeadsAndRotationsThatTheMethodDoesNotHave() {
    assertThatThrownBy(() -> new Targets(Method.DEEPCLUSTER, 1, 8, 2, 1))
        .hasMessage("method deepcluster has one head, got 2");
    assertThatThrownBy(() -> new Targets(Method.SELA, 1, 8, 0, 1))
        .hasMessage("method sela needs a head, got 0");
    assertThatThrownBy(() -> new Targets(Method.SELA, 1, 8, 2, 2))
        .hasMessage("method sela has 1 or 4 rotations, got 2");
    assertThatThrownBy(() -> new Targets(Method.DEEPERCLUSTER, 1, 8, 1, 1))
        .hasMessage("method deepercluster has 4 rotations, got 1");
  }

  @Test
  void refusesClustersOutOfRange() {
    Targets targets = new Targets(Method.DEEPCLUSTER, 1, 5);
    assertThatThrownBy(() -> targets.superClass(0, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> targets.subClass(5, 0)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void namesTheKnownMethods() {
    assertThatThrownBy(() -> Method.of("selah"))
        .hasMessage(
            "method 'selah' is none of deepercluster, deepcluster, rotnet, cartesian, sela,"
                + " supervised");
    for (Method method : Method.values()) {
      assertThat(Method.of(method.key())).isSameAs(method);
    }
    assertThat(Method.ROTNET.clusters() || Method.SUPERVISED.clusters()).isFalse();
  }
}
