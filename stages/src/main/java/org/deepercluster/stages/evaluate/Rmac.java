package org.deepercluster.stages.evaluate;

import java.util.ArrayList;
import java.util.List;

/**
 * Regional maximum activations of convolutions (Tolias, Sicre, Jégou, ICLR 2016): square regions of
 * an activation map at several scales, the largest activation of every channel in each.
 */
final class Rmac {
  /** Overlap of neighbouring regions that is aimed at. */
  private static final double OVERLAP = 0.4;

  /** Most regions along the longer side at the first scale. */
  private static final int MOST = 7;

  private Rmac() {}

  /**
   * A square region.
   *
   * @param x column of its left side
   * @param y row of its upper side
   * @param side in cells of the map
   */
  record Region(int x, int y, int side) {}

  /**
   * Regions of a map. At scale l of 1 to {@code levels} they have side ⌊2·min(W, H)/(l + 1)⌋; along
   * the shorter side there are l, along the longer one as many more as make the overlap at the
   * first scale closest to 40 %, all evenly spread. A map too small for a scale has none of it, and
   * at least the largest square.
   */
  static List<Region> regions(int width, int height, int levels) {
    int shorter = Math.min(width, height);
    int longer = Math.max(width, height);
    int extra = 0;
    if (longer > shorter) {
      double closest = Double.POSITIVE_INFINITY;
      for (int n = 2; n <= MOST; n++) {
        double step = (longer - shorter) / (n - 1.0);
        double miss = Math.abs((shorter - step) / shorter - OVERLAP);
        if (miss < closest) {
          closest = miss;
          extra = n - 1;
        }
      }
    }
    List<Region> regions = new ArrayList<>();
    for (int l = 1; l <= levels; l++) {
      int side = 2 * shorter / (l + 1);
      if (side == 0) {
        break;
      }
      int[] columns = starts(width, side, l + (width > height ? extra : 0));
      for (int y : starts(height, side, l + (height > width ? extra : 0))) {
        for (int x : columns) {
          regions.add(new Region(x, y, side));
        }
      }
    }
    return regions;
  }

  private static int[] starts(int length, int side, int n) {
    int half = Math.floorDiv(side, 2) - 1;
    double step = n > 1 ? (length - side) / (n - 1.0) : 0;
    int[] starts = new int[n];
    for (int i = 0; i < n; i++) {
      starts[i] = (int) Math.floor(half + i * step) - half;
    }
    return starts;
  }

  /**
   * The largest activation of every channel in each region, each region's vector of length 1.
   *
   * @param map channels × height × width, row-major
   * @return regions × channels, row-major
   */
  static float[] vectors(float[] map, int channels, int height, int width, int levels) {
    List<Region> regions = regions(width, height, levels);
    float[] vectors = new float[regions.size() * channels];
    for (int r = 0; r < regions.size(); r++) {
      Region region = regions.get(r);
      for (int c = 0; c < channels; c++) {
        float most = Float.NEGATIVE_INFINITY;
        for (int y = region.y(); y < region.y() + region.side(); y++) {
          int row = (c * height + y) * width;
          for (int x = region.x(); x < region.x() + region.side(); x++) {
            most = Math.max(most, map[row + x]);
          }
        }
        vectors[r * channels + c] = most;
      }
      unit(vectors, r * channels, channels);
    }
    return vectors;
  }

  /** Sum of an image's region vectors, of length 1; zero where they cancel out. */
  static float[] sum(float[] vectors, int channels) {
    float[] sum = new float[channels];
    for (int i = 0; i < vectors.length; i++) {
      sum[i % channels] += vectors[i];
    }
    unit(sum, 0, channels);
    return sum;
  }

  private static void unit(float[] v, int at, int n) {
    double squares = 0;
    for (int i = at; i < at + n; i++) {
      squares += (double) v[i] * v[i];
    }
    double scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (int i = at; i < at + n; i++) {
      v[i] = (float) (v[i] * scale);
    }
  }
}
