package org.deepercluster.stages.augment;

import java.util.SplittableRandom;
import org.deepercluster.stages.config.Seeds;

/**
 * Draws an epoch uniformly over the classes, as the paper's training does. Counts are equal, not
 * only their expectations; that keeps one giant cluster from taking over.
 *
 * <p>Super-class s = c·R + r is the pair of super-cluster c and rotation r. {@link #balanced} gives
 * every super-class with images the same number of draws (±1), within it every sub-cluster with
 * images the same number (±1), and within that every image the same number (±1): no image is drawn
 * again before all of its sub-cluster were. What does not divide goes to super-classes and
 * sub-clusters chosen at random anew in each epoch. The rotations of a super-cluster continue one
 * random order of its sub-clusters, and one of the images in each, where the rotation before
 * stopped; so the images of a sub-cluster also differ by at most one over all rotations together,
 * where each rotation alone still takes a uniform random part.
 *
 * <p>By their assignment alone, other methods are special cases: {@code deepcluster} has m = 1 and
 * R = 1, {@code rotnet} {@link Assignment#single} and R = 4, {@code sela} one cluster (its labels
 * are about equal in number) and as many draws as images, so that each is drawn once, {@code
 * cartesian} m = 1 and R = 4, which gives each of the 4k pairs (rotation, cluster) the same number
 * (±1).
 *
 * <p>For several training workers the draws are dealt out in turn, super-class by super-class and
 * sub-cluster by sub-cluster, so that each share has 1/W of each (±1); then each share is shuffled.
 * Memory: about 4 bytes per draw and 4 per image. Time: linear.
 */
public final class Sampler {
  private Sampler() {}

  /**
   * An epoch with equal counts for all classes.
   *
   * @param assignment clusters of the images; at least one image must be usable
   * @param rotations R: 4 with rotation, 1 without
   * @param draws N, at least 1
   * @param shares W: training workers, at least 1
   * @param seed the stream of this epoch, as {@code Seeds.of(stageSeed, epoch)}
   * @throws IllegalArgumentException on any other value
   */
  public static Draws balanced(
      Assignment assignment, int rotations, int draws, int shares, long seed) {
    if (rotations != 1 && rotations != 4) {
      throw new IllegalArgumentException(rotations + " rotations: must be 4, or 1 for none");
    }
    if (draws < 1) {
      throw new IllegalArgumentException(draws + " draws: must be at least 1");
    }
    Cells cells = new Cells(assignment, rotations, shares);
    int m = assignment.superClusters();
    int subs = assignment.subClustersPer();

    int[] classes = new int[m * rotations];
    int count = 0;
    for (int c = 0; c < m; c++) {
      if (cells.size(c * subs, (c + 1) * subs) > 0) {
        for (int r = 0; r < rotations; r++) {
          classes[count++] = c * rotations + r;
        }
      }
    }
    boolean[] oneMore = new boolean[m * rotations];
    Seeds.shuffle(classes, 0, count, Seeds.random(Seeds.of(seed, "super-classes")));
    for (int i = 0; i < draws % count; i++) {
      oneMore[classes[i]] = true;
    }

    long subSeed = Seeds.of(seed, "sub-clusters");
    long imageSeed = Seeds.of(seed, "images");
    int[] codes = new int[draws];
    int[] order = new int[subs];
    int[] quota = new int[subs];
    int[] next = new int[subs];
    int at = 0;
    for (int c = 0; c < m; c++) {
      int filled = 0;
      for (int z = 0; z < subs; z++) {
        int cell = c * subs + z;
        next[z] = 0;
        if (cells.size(cell, cell + 1) > 0) {
          order[filled++] = z;
          cells.shuffle(cell, Seeds.random(Seeds.of(imageSeed, cell)));
        }
      }
      if (filled == 0) {
        continue;
      }
      Seeds.shuffle(order, 0, filled, Seeds.random(Seeds.of(subSeed, c)));
      int turn = 0;
      for (int r = 0; r < rotations; r++) {
        int n = draws / count + (oneMore[c * rotations + r] ? 1 : 0);
        for (int i = 0; i < filled; i++) {
          quota[order[i]] = n / filled;
        }
        for (int i = 0; i < n % filled; i++) {
          quota[order[turn]]++;
          turn = (turn + 1) % filled;
        }
        for (int z = 0; z < subs; z++) {
          int cell = c * subs + z;
          int size = cells.size(cell, cell + 1);
          for (int i = 0; size > 0 && i < quota[z]; i++) {
            codes[at++] = cells.image(cell, next[z]) * rotations + r;
            next[z] = next[z] + 1 == size ? 0 : next[z] + 1;
          }
        }
      }
    }
    return deal(assignment, rotations, codes, shares, seed);
  }

  /**
   * An epoch in which every usable image stands once, upright: for {@code method: supervised}.
   *
   * @param assignment see {@link Assignment#labels}; at least one image must be usable
   * @param shares W: training workers, at least 1; each share has 1/W of each class (±1)
   * @param seed the stream of this epoch
   */
  public static Draws eachOnce(Assignment assignment, int shares, long seed) {
    Cells cells = new Cells(assignment, 1, shares);
    int count = assignment.superClusters() * assignment.subClustersPer();
    int[] codes = new int[cells.size(0, count)];
    long imageSeed = Seeds.of(seed, "images");
    int at = 0;
    for (int cell = 0; cell < count; cell++) {
      int size = cells.size(cell, cell + 1);
      cells.shuffle(cell, Seeds.random(Seeds.of(imageSeed, cell)));
      for (int i = 0; i < size; i++) {
        codes[at++] = cells.image(cell, i);
      }
    }
    return deal(assignment, 1, codes, shares, seed);
  }

  /** Draw i goes to share i mod W; then each share is shuffled by a stream of its own. */
  private static Draws deal(
      Assignment assignment, int rotations, int[] codes, int shares, long seed) {
    int[] from = new int[shares + 1];
    int[] dealt = shares == 1 ? codes : new int[codes.length];
    long shareSeed = Seeds.of(seed, "shares");
    int at = 0;
    for (int w = 0; w < shares; w++) {
      for (int i = w; shares > 1 && i < codes.length; i += shares) {
        dealt[at++] = codes[i];
      }
      from[w + 1] = shares == 1 ? codes.length : at;
      Seeds.shuffle(dealt, from[w], from[w + 1], Seeds.random(Seeds.of(shareSeed, w)));
    }
    return new Draws(assignment, rotations, dealt, from);
  }

  /** The images of each (super-cluster, sub-cluster), by counting sort: cell = c·k/m + z. */
  private static final class Cells {
    private final int[] start;
    private final int[] members;

    Cells(Assignment a, int rotations, int shares) {
      if (shares < 1) {
        throw new IllegalArgumentException(shares + " shares: must be at least 1");
      }
      if ((long) a.images() * rotations > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            a.images() + " images in " + rotations + " rotations: the product must be below 2³¹");
      }
      int cells = a.superClusters() * a.subClustersPer();
      int[] end = new int[cells + 1];
      for (int n = 0; n < a.images(); n++) {
        if (a.superClusterOf()[n] >= 0) {
          end[cell(a, n)]++;
        }
      }
      int sum = 0;
      for (int i = 0; i < cells; i++) {
        sum += end[i];
        end[i] = sum;
      }
      end[cells] = sum;
      if (sum == 0) {
        throw new IllegalArgumentException(
            "none of the " + a.images() + " images is in a cluster: at least one must be");
      }
      members = new int[sum];
      for (int n = a.images() - 1; n >= 0; n--) {
        if (a.superClusterOf()[n] >= 0) {
          members[--end[cell(a, n)]] = n;
        }
      }
      start = end;
    }

    private static int cell(Assignment a, int n) {
      return a.superClusterOf()[n] * a.subClustersPer() + a.subClusterOf()[n];
    }

    int size(int firstCell, int endCell) {
      return start[endCell] - start[firstCell];
    }

    int image(int cell, int i) {
      return members[start[cell] + i];
    }

    void shuffle(int cell, SplittableRandom random) {
      Seeds.shuffle(members, start[cell], start[cell + 1], random);
    }
  }
}
