package org.deepercluster.stages.targets;

import java.io.Serializable;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a network is trained to tell: the numbering of super-classes and sub-classes. All methods
 * are values of this record, and nothing else in training knows them apart.
 *
 * <p>An image of super-cluster c ∈ [0, m) and of sub-cluster z ∈ [0, k/m) within it, shown in
 * rotation r ∈ [0, R) (quarter turns), is in super-class {@code s = c·R + r} with sub-class z. In
 * the Cartesian form there is one super-class, and the sub-class is {@code z·R + r}.
 *
 * <table>
 *   <caption>Special cases</caption>
 *   <tr><th>method</th><th>R</th><th>m</th><th>S</th><th>V</th><th>classes of each W_s</th></tr>
 *   <tr><td>deepercluster</td><td>4</td><td>m</td><td>4m</td><td>yes</td><td>k/m</td></tr>
 *   <tr><td>deepcluster</td><td>1</td><td>1</td><td>1</td><td>no</td><td>k</td></tr>
 *   <tr><td>rotnet</td><td>4</td><td>1</td><td>4</td><td>yes</td><td>1: no W</td></tr>
 *   <tr><td>cartesian</td><td>4</td><td>1</td><td>1</td><td>no</td><td>4k</td></tr>
 *   <tr><td>sela</td><td>1, 4</td><td>1</td><td>R</td><td>if R = 4</td><td>k, H of them</td></tr>
 *   <tr><td>supervised</td><td>1</td><td>1</td><td>1</td><td>no</td><td>number of classes</td></tr>
 * </table>
 *
 * <p>With SeLa an image has H labels, one for each of H classifiers W_h, which all see every image;
 * with the others it has one, and W_s sees the images of super-class s.
 *
 * @param method how targets are made
 * @param m number of super-clusters
 * @param k number of sub-clusters over all super-clusters; number of classes for {@link
 *     Method#SUPERVISED}
 * @param heads H, labels per image: 1 but for {@link Method#SELA}
 * @param rotations R, the number of rotations: 1 or 4
 */
public record Targets(Method method, int m, int k, int heads, int rotations)
    implements Serializable {
  /**
   * Checks that the numbers fit the method.
   *
   * @throws IllegalArgumentException as {@link Method#contradiction} says
   */
  public Targets {
    Objects.requireNonNull(method, "method");
    method
        .contradiction(m, k)
        .ifPresent(
            fault -> {
              throw new IllegalArgumentException(fault);
            });
    boolean sela = method == Method.SELA;
    if (heads < 1 || (heads > 1 && !sela)) {
      throw new IllegalArgumentException(
          "method " + method.key() + (sela ? " needs a head" : " has one head") + ", got " + heads);
    }
    if (rotations != method.rotations() && !(sela && rotations == 4)) {
      throw new IllegalArgumentException(
          "method "
              + method.key()
              + " has "
              + (sela ? "1 or 4" : method.rotations())
              + " rotations, got "
              + rotations);
    }
  }

  /**
   * Targets of a method with one label per image.
   *
   * @param m number of super-clusters
   * @param k number of sub-clusters
   */
  public Targets(Method method, int m, int k) {
    this(method, m, k, 1, method.rotations());
  }

  /** Reads what {@link #settings()} wrote. */
  public static Targets of(Map<String, String> settings) {
    Method method = Method.of(settings.get("method"));
    return new Targets(
        method,
        Integer.parseInt(settings.get("m")),
        Integer.parseInt(settings.get("k")),
        Integer.parseInt(settings.getOrDefault("heads", "1")),
        Integer.parseInt(settings.getOrDefault("rotations", String.valueOf(method.rotations()))));
  }

  /** These targets as text, by key; without what follows from the method. */
  public SortedMap<String, String> settings() {
    TreeMap<String, String> s = new TreeMap<>();
    s.put("method", method.key());
    s.put("m", String.valueOf(m));
    s.put("k", String.valueOf(k));
    if (method == Method.SELA) {
      s.put("heads", String.valueOf(heads));
      s.put("rotations", String.valueOf(rotations));
    }
    return s;
  }

  /** Number of sub-clusters within each super-cluster: k/m. */
  public int subClusters() {
    return k / m;
  }

  /** S, the number of super-classes: outputs of V. */
  public int superClasses() {
    return method == Method.CARTESIAN ? 1 : m * rotations;
  }

  /** Number of the W: one per super-class, or H for SeLa. */
  public int classifiers() {
    return method == Method.SELA ? heads : superClasses();
  }

  /** Whether every W sees every image, as SeLa's do, and not only those of its super-class. */
  public boolean sharesW() {
    return method == Method.SELA;
  }

  /** Whether labels keep their meaning when they are assigned anew, so that heads are kept. */
  public boolean keepsHeads() {
    return method == Method.SELA;
  }

  /** Number of sub-classes of each super-class: outputs of each W. */
  public int subClasses() {
    return method == Method.CARTESIAN ? k * rotations : subClusters();
  }

  /** Whether V exists: with one super-class there is nothing to tell. */
  public boolean hasV() {
    return superClasses() > 1;
  }

  /** Whether the W exist: with one sub-class there is nothing to tell. */
  public boolean hasW() {
    return subClasses() > 1;
  }

  /**
   * Whether V starts afresh at a reassignment: for m = 1 its classes are the rotations, and stay.
   */
  public boolean resetsV() {
    return m > 1;
  }

  /**
   * Super-class of an image of super-cluster {@code c} in rotation {@code r}.
   *
   * @param c in [0, m)
   * @param r quarter turns, in [0, R)
   */
  public int superClass(int c, int r) {
    Objects.checkIndex(c, m);
    Objects.checkIndex(r, rotations);
    return method == Method.CARTESIAN ? 0 : c * rotations + r;
  }

  /**
   * Sub-class, within its super-class, of an image of sub-cluster {@code z} in rotation {@code r}.
   *
   * @param z in [0, k/m); the label for {@link Method#SUPERVISED}
   * @param r quarter turns, in [0, R)
   */
  public int subClass(int z, int r) {
    Objects.checkIndex(z, subClusters());
    Objects.checkIndex(r, rotations);
    return method == Method.CARTESIAN ? z * rotations + r : z;
  }

  /** Super-cluster that super-class {@code s} belongs to. */
  public int superCluster(int s) {
    Objects.checkIndex(s, superClasses());
    return s / rotations;
  }

  /** Sub-cluster that {@code subClass} belongs to. */
  public int subCluster(int subClass) {
    Objects.checkIndex(subClass, subClasses());
    return method == Method.CARTESIAN ? subClass / rotations : subClass;
  }

  /** Rotation, in quarter turns, of the images of this super-class and sub-class. */
  public int rotation(int s, int subClass) {
    Objects.checkIndex(s, superClasses());
    Objects.checkIndex(subClass, subClasses());
    return (method == Method.CARTESIAN ? subClass : s) % rotations;
  }
}
