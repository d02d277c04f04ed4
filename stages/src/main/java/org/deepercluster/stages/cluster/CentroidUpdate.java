package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The second half of a Lloyd pass: every cluster's centroid becomes its members' mean, slice by
 * slice, and an empty cluster takes over half of a donor's members.
 *
 * <p>Splitting: the donor's mean, pushed apart by ±1e-7 with the sign alternating by dimension.
 * Donors come by decreasing count (the lowest index first among equals), within the same group;
 * where there are more empty clusters than donors, the halves are donors in a next round. A cluster
 * of one member is no donor; an empty cluster that finds none keeps its centroid.
 */
final class CentroidUpdate {
  /** Half the distance, per dimension, between the two halves of a split. */
  static final float EPSILON = 1e-7f;

  private CentroidUpdate() {}

  /**
   * What all slices of an update need.
   *
   * @param old the centroids that the pass was made with
   * @param partials of all units
   * @param sums files of the sums before the pass, one per slice; null before a level's first pass
   * @param move whether the centroids move; else only counts and objective are wanted
   * @param spherical whether they are brought to norm 1 then
   */
  record Input(
      Centroids old,
      ArrayList<Sums.Partial> partials,
      ArrayList<String> sums,
      boolean move,
      boolean spherical)
      implements Serializable {}

  /**
   * One slice after the pass.
   *
   * @param centroids file of the new ones; null where they do not move
   * @param sums file: {@code n} int64, the counts; {@code n × dim} int64, the sums
   * @param counts members of each cluster
   * @param distance how far each centroid moved, rounded up; null where they do not move
   * @param moved the largest distance that a non-empty cluster's centroid moved
   * @param objective Σ over the clusters of n·‖c‖² − 2·c·(sum of the members), c before the move
   */
  record Result(
      String centroids,
      String sums,
      long[] counts,
      float[] distance,
      double moved,
      double objective)
      implements Serializable {}

  /** Updates slice {@code s}. */
  static Result slice(Input input, int s, Scratch scratch) throws IOException {
    Centroids old = input.old();
    int dim = old.dim();
    int n = old.size(s);
    int first = s * old.width();
    long[] counts = new long[n];
    long[] sums = new long[n * dim];
    if (input.sums() != null) {
      try (RawFile file = RawFile.open(input.sums().get(s))) {
        counts = file.longs(0, n);
        sums = file.longs(8L * n, n * dim);
      }
    }
    for (Sums.Partial p : input.partials()) {
      add(p, s, first, dim, counts, sums);
    }
    float[] values = old.values(first, n);
    double objective = 0;
    double moved = 0;
    float[] distance = new float[n];
    for (int c = 0; c < n; c++) {
      if (counts[c] == 0) {
        continue;
      }
      double cc = 0;
      double cs = 0;
      double squares = 0;
      double count = counts[c] * Sums.UNIT;
      if (input.spherical()) {
        count = norm(sums, c * dim, dim, count);
      }
      for (int j = c * dim; j < (c + 1) * dim; j++) {
        double v = values[j];
        cc += v * v;
        cs += v * sums[j];
        float mean = (float) (sums[j] / count);
        double d = v - mean;
        squares += d * d;
        values[j] = mean;
      }
      objective += counts[c] * cc - 2 * cs / Sums.UNIT;
      moved = Math.max(moved, squares);
      distance[c] = up(squares);
    }
    if (!input.move()) {
      return new Result(null, null, counts, null, 0, objective);
    }
    return new Result(
        Centroids.write(scratch, values, dim, first),
        save(scratch, counts, sums),
        counts,
        distance,
        Math.sqrt(moved),
        objective);
  }

  /** Norm of the sum, so that the mean divided by its norm comes out; a zero mean stays zero. */
  private static double norm(long[] sums, int from, int dim, double count) {
    double squares = 0;
    for (int j = from; j < from + dim; j++) {
      squares += (double) sums[j] * sums[j];
    }
    return squares > 0 ? Math.sqrt(squares) : count;
  }

  private static float up(double squares) {
    return squares == 0 ? 0 : Math.nextUp((float) Math.sqrt(squares * (1 + 1e-9)));
  }

  private static void add(
      Sums.Partial partial, int slice, int first, int dim, long[] counts, long[] sums)
      throws IOException {
    RawFile file = null;
    try {
      for (Sums.Run run : partial.runs()) {
        if (run.slice() != slice) {
          continue;
        }
        file = file == null ? RawFile.open(partial.path()) : file;
        int entry = Sums.entryBytes(dim);
        int most = Math.max(1, (1 << 20) / entry);
        long[] values = new long[dim];
        for (int from = 0; from < run.entries(); from += most) {
          int some = Math.min(most, run.entries() - from);
          ByteBuffer b = RawFile.buffer(some * entry);
          file.read(run.at() + (long) from * entry, b);
          b.flip();
          for (int e = 0; e < some; e++) {
            int c = b.getInt() - first;
            counts[c] += b.getLong();
            b.asLongBuffer().get(values);
            b.position(b.position() + 8 * dim);
            for (int j = 0, t = c * dim; j < dim; j++, t++) {
              sums[t] = Sums.sum(sums[t], values[j]);
            }
          }
        }
      }
    } finally {
      if (file != null) {
        file.close();
      }
    }
  }

  private static String save(Scratch scratch, long[] counts, long[] sums) throws IOException {
    String path = scratch.fresh("sums");
    try (WritableByteChannel out = RawFile.create(path)) {
      ByteBuffer b = RawFile.buffer(1 << 20);
      for (long[] values : List.of(counts, sums)) {
        for (int from = 0; from < values.length; from += b.capacity() / 8) {
          int n = Math.min(b.capacity() / 8, values.length - from);
          b.clear();
          b.asLongBuffer().put(values, from, n);
          RawFile.write(out, b.limit(8 * n));
        }
      }
    }
    return path;
  }

  /**
   * What splitting makes of a centroid: another cluster's mean, pushed in turn.
   *
   * @param origin the cluster whose mean it starts from
   * @param pushes number of pushes
   * @param signs bit i: the i-th push goes up in the even dimensions
   */
  record Split(int origin, int pushes, long signs) {
    Split push(boolean up) {
      return new Split(origin, pushes + 1, up ? signs | 1L << pushes : signs);
    }

    void apply(float[] mean) {
      for (int i = 0; i < pushes; i++) {
        float even = (signs >> i & 1) == 1 ? EPSILON : -EPSILON;
        for (int j = 0; j < mean.length; j++) {
          mean[j] += j % 2 == 0 ? even : -even;
        }
      }
    }
  }

  /**
   * Plans the splits.
   *
   * @param counts members of each cluster
   * @param groups sets of clusters, of equal size
   * @return every cluster whose centroid is not its mean, by index
   */
  static TreeMap<Integer, Split> splits(long[] counts, int groups) {
    TreeMap<Integer, Split> splits = new TreeMap<>();
    int perGroup = counts.length / groups;
    for (int g = 0; g < groups; g++) {
      split(splits, counts, g * perGroup, (g + 1) * perGroup);
    }
    return splits;
  }

  private static void split(TreeMap<Integer, Split> splits, long[] counts, int from, int to) {
    List<Integer> empties = new ArrayList<>();
    for (int c = from; c < to; c++) {
      if (counts[c] == 0) {
        empties.add(c);
      }
    }
    if (empties.isEmpty()) {
      return;
    }
    long[] sizes = Arrays.copyOfRange(counts, from, to);
    int done = 0;
    while (done < empties.size()) {
      List<Integer> donors = new ArrayList<>();
      for (int c = from; c < to; c++) {
        if (sizes[c - from] > 1) {
          donors.add(c);
        }
      }
      if (donors.isEmpty()) {
        break;
      }
      donors.sort(Comparator.<Integer>comparingLong(c -> -sizes[c - from]).thenComparing(c -> c));
      for (int i = 0; i < donors.size() && done < empties.size(); i++, done++) {
        int donor = donors.get(i);
        int empty = empties.get(done);
        Split before = splits.getOrDefault(donor, new Split(donor, 0, 0));
        splits.put(donor, before.push(true));
        splits.put(empty, before.push(false));
        sizes[empty - from] = sizes[donor - from] / 2;
        sizes[donor - from] -= sizes[empty - from];
      }
    }
  }

  /**
   * Applies splits to updated slices, whose other files stay as they are.
   *
   * @param results of all slices, in order; those with splits are replaced
   * @param spherical whether the halves are brought to norm 1
   */
  static void apply(
      TreeMap<Integer, Split> splits,
      Centroids old,
      List<Result> results,
      boolean spherical,
      Scratch scratch)
      throws IOException {
    if (splits.isEmpty()) {
      return;
    }
    int dim = old.dim();
    List<String> means = results.stream().map(r -> r.centroids()).toList();
    RawFile[] files = new RawFile[means.size()];
    try {
      for (int s = 0; s < files.length; s++) {
        int first = s * old.width();
        Map<Integer, Split> here = splits.subMap(first, first + old.size(s));
        if (here.isEmpty()) {
          continue;
        }
        float[] before = old.values(first, old.size(s));
        float[] values = read(files, means, s, 0, old.size(s) * dim);
        float[] distance = results.get(s).distance().clone();
        for (Map.Entry<Integer, Split> e : here.entrySet()) {
          int origin = e.getValue().origin();
          float[] row = read(files, means, origin / old.width(), origin % old.width() * dim, dim);
          e.getValue().apply(row);
          if (spherical) {
            normalise(row);
          }
          int c = e.getKey() - first;
          System.arraycopy(row, 0, values, c * dim, dim);
          distance[c] =
              up(Kernel.distance(row, Arrays.copyOfRange(before, c * dim, (c + 1) * dim), dim));
        }
        Result r = results.get(s);
        results.set(
            s,
            new Result(
                Centroids.write(scratch, values, dim, first),
                r.sums(),
                r.counts(),
                distance,
                r.moved(),
                r.objective()));
      }
    } finally {
      for (RawFile f : files) {
        if (f != null) {
          f.close();
        }
      }
    }
  }

  private static void normalise(float[] row) {
    double squares = 0;
    for (float v : row) {
      squares += (double) v * v;
    }
    double inverse = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (int j = 0; j < row.length; j++) {
      row[j] = (float) (row[j] * inverse);
    }
  }

  private static float[] read(RawFile[] files, List<String> paths, int s, int from, int n)
      throws IOException {
    if (files[s] == null) {
      files[s] = RawFile.open(paths.get(s));
    }
    return files[s].floats(4L * from, n);
  }
}
