package org.deepercluster.stages.config;

import java.util.SplittableRandom;

/**
 * Splits the experiment's one seed into independent streams, by stage and by element: never by
 * thread or arrival order, so that parallelism and retries do not change a draw.
 *
 * <p>The mixing is SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014) applied after each word
 * of the path.
 */
public final class Seeds {
  private Seeds() {}

  /** Seed of the stream that {@code stage} owns. */
  public static long of(long seed, String stage) {
    long h = mix(seed ^ 0x9E3779B97F4A7C15L);
    for (int i = 0; i < stage.length(); i++) {
      h = mix(h + stage.charAt(i));
    }
    return h;
  }

  /** Seed of element {@code id} (an epoch, an image, a position) within the stream {@code seed}. */
  public static long of(long seed, long id) {
    return mix(seed + 0x9E3779B97F4A7C15L * (id + 1));
  }

  /** Generator of the stream {@code seed}. */
  public static SplittableRandom random(long seed) {
    return new SplittableRandom(mix(seed));
  }

  /**
   * In-place Fisher-Yates shuffle of {@code values[from..to)}.
   *
   * @param values any ints
   * @param from first index
   * @param to one past the last index
   * @param random the stream
   */
  public static void shuffle(int[] values, int from, int to, SplittableRandom random) {
    for (int i = to - 1; i > from; i--) {
      int j = from + random.nextInt(i - from + 1);
      int t = values[i];
      values[i] = values[j];
      values[j] = t;
    }
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
