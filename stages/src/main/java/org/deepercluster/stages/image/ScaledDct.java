package org.deepercluster.stages.image;

/**
 * Inverse DCT of an 8×8 block to fewer samples: of the lowest w×h coefficients to w×h samples, as
 * if the block had been averaged (ITU-T T.81, A.3.3, with w and h for 8).
 *
 * <p>f(x, y) = ¼ Σ<sub>u&lt;w</sub> Σ<sub>v&lt;h</sub> C(u) C(v) F(u, v) cos((2x+1)uπ/2w)
 * cos((2y+1)vπ/2h), C(0) = 1/√2, else 1; plus 128, rounded and clamped to 0…255. In fixed point.
 */
final class ScaledDct {
  private static final int BITS = 12;

  /** Bits of fraction between rows and columns. */
  private static final int KEPT = 3;

  /** 128, and the half that rounds, where columns are summed. */
  private static final int CENTRE = (128 << (BITS + KEPT)) + (1 << (BITS + KEPT - 1));

  /** By log2 of the number of samples: ½ C(u) cos((2x+1)uπ/2n) · 2^12 at [u · n + x]. */
  private static final int[][] COSINE = new int[4][];

  static {
    for (int log = 0; log < COSINE.length; log++) {
      int n = 1 << log;
      COSINE[log] = new int[n * n];
      for (int u = 0; u < n; u++) {
        for (int x = 0; x < n; x++) {
          double c = u == 0 ? StrictMath.sqrt(0.5) : 1;
          COSINE[log][u * n + x] =
              (int)
                  StrictMath.rint(
                      0.5 * c * StrictMath.cos((2 * x + 1) * u * Math.PI / (2 * n)) * (1 << BITS));
        }
      }
    }
  }

  private static final int COS_1 = COSINE[2][4];
  private static final int COS_2 = COSINE[2][0];
  private static final int COS_3 = COSINE[2][5];

  private final int logWidth;
  private final int logHeight;
  private final int[] rows = new int[64];

  /**
   * A transform.
   *
   * @param width samples across: 1, 2, 4 or 8
   * @param height samples down: 1, 2, 4 or 8
   */
  ScaledDct(int width, int height) {
    logWidth = Integer.numberOfTrailingZeros(width);
    logHeight = Integer.numberOfTrailingZeros(height);
  }

  /**
   * Transforms.
   *
   * @param f coefficients, dequantized, F(u, v) at [8 · v + u]
   * @param into receives the samples
   * @param at where the first row begins
   * @param stride from row to row
   */
  void inverse(int[] f, byte[] into, int at, int stride) {
    if (logWidth <= 1 && logHeight <= 1) {
      inverse2(f, into, at, stride);
      return;
    }
    if (logWidth == 2 && logHeight == 2) {
      inverse4(f, into, at, stride);
      return;
    }
    int w = 1 << logWidth;
    int h = 1 << logHeight;
    int[] cosine = COSINE[logWidth];
    for (int v = 0; v < h; v++) {
      for (int x = 0; x < w; x++) {
        int sum = 1 << (BITS - KEPT - 1);
        for (int u = 0; u < w; u++) {
          sum += f[8 * v + u] * cosine[u * w + x];
        }
        rows[v * 8 + x] = sum >> (BITS - KEPT);
      }
    }
    cosine = COSINE[logHeight];
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        int sum = CENTRE;
        for (int v = 0; v < h; v++) {
          sum += rows[v * 8 + x] * cosine[v * h + y];
        }
        into[at + y * stride + x] = clamped(sum >> (BITS + KEPT));
      }
    }
  }

  private void inverse4(int[] f, byte[] into, int at, int stride) {
    for (int v = 0; v < 4; v++) {
      int half = 1 << (BITS - KEPT - 1);
      int sum = (f[8 * v] + f[8 * v + 2]) * COS_2 + half;
      int difference = (f[8 * v] - f[8 * v + 2]) * COS_2 + half;
      int odd = f[8 * v + 1] * COS_1 + f[8 * v + 3] * COS_3;
      int odd2 = f[8 * v + 1] * COS_3 - f[8 * v + 3] * COS_1;
      rows[4 * v] = (sum + odd) >> (BITS - KEPT);
      rows[4 * v + 1] = (difference + odd2) >> (BITS - KEPT);
      rows[4 * v + 2] = (difference - odd2) >> (BITS - KEPT);
      rows[4 * v + 3] = (sum - odd) >> (BITS - KEPT);
    }
    for (int x = 0; x < 4; x++) {
      int sum = (rows[x] + rows[8 + x]) * COS_2 + CENTRE;
      int difference = (rows[x] - rows[8 + x]) * COS_2 + CENTRE;
      int odd = rows[4 + x] * COS_1 + rows[12 + x] * COS_3;
      int odd2 = rows[4 + x] * COS_3 - rows[12 + x] * COS_1;
      into[at + x] = clamped((sum + odd) >> (BITS + KEPT));
      into[at + stride + x] = clamped((difference + odd2) >> (BITS + KEPT));
      into[at + 2 * stride + x] = clamped((difference - odd2) >> (BITS + KEPT));
      into[at + 3 * stride + x] = clamped((sum - odd) >> (BITS + KEPT));
    }
  }

  /** Transforms a block whose coefficients, but the first, are 0. */
  void inverse(int dc, byte[] into, int at, int stride) {
    byte value = clamped((dc + 128 * 8 + 4) >> 3);
    int w = 1 << logWidth;
    for (int y = 0; y < 1 << logHeight; y++) {
      for (int x = 0; x < w; x++) {
        into[at + y * stride + x] = value;
      }
    }
  }

  /** Of at most 2×2 all factors are ±1/8. */
  private void inverse2(int[] f, byte[] into, int at, int stride) {
    int dc = f[0] + 128 * 8 + 4;
    int x = logWidth == 0 ? 0 : f[1];
    int y = logHeight == 0 ? 0 : f[8];
    int xy = (logWidth & logHeight) == 0 ? 0 : f[9];
    into[at] = clamped((dc + x + y + xy) >> 3);
    if (logWidth > 0) {
      into[at + 1] = clamped((dc - x + y - xy) >> 3);
    }
    if (logHeight > 0) {
      into[at + stride] = clamped((dc + x - y - xy) >> 3);
      if (logWidth > 0) {
        into[at + stride + 1] = clamped((dc - x - y + xy) >> 3);
      }
    }
  }

  /** The nearest of 0 to 255, as an unsigned byte. */
  static byte clamped(int value) {
    return (byte) Math.max(0, Math.min(255, value));
  }
}
