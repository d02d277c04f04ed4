package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;

/** Clusterings of rows made up for tests. */
final class Clusterings {
  private Clusterings() {}

  /**
   * What a clustering found, in memory.
   *
   * @param supers values of level 1's centroids
   * @param subs values of level 2's
   */
  record Found(
      HierarchicalKMeans.Model model,
      int[] superCluster,
      int[] subCluster,
      float[] distance,
      float[] supers,
      float[] subs) {
    long[] rejected() {
      return IntStream.range(0, superCluster.length)
          .filter(r -> superCluster[r] < 0)
          .asLongStream()
          .toArray();
    }

    List<Trace> traces() {
      return model.traces();
    }

    Trace last() {
      return model.traces().get(model.traces().size() - 1);
    }
  }

  static Scratch scratch(Path directory) {
    return new Scratch(directory.resolve(UUID.randomUUID().toString()).toString());
  }

  /** Writes rows as files of the given sizes; the last one takes the rest. */
  static List<RowFile> files(Scratch scratch, float[] x, int dim, int... sizes) throws Exception {
    List<RowFile> files = new ArrayList<>();
    for (Block b : Golden.blocks(x, dim, sizes)) {
      try (RowFile.Writer w = new RowFile.Writer(scratch.fresh("rows"), dim, b.firstRow())) {
        w.append(0, b.data());
        files.add(w.finish());
      }
    }
    return files;
  }

  static Found run(
      Scratch scratch, Units units, HierarchicalKMeans kmeans, float[] x, int dim, int... sizes)
      throws Exception {
    Passes passes = new Passes(scratch, units, files(scratch, x, dim, sizes));
    HierarchicalKMeans.Model model = kmeans.run(passes, trace -> {});
    return found(model, x.length / dim);
  }

  static Found found(HierarchicalKMeans.Model model, int rows) throws Exception {
    int[] superCluster = new int[rows];
    int[] subCluster = new int[rows];
    float[] distance = new float[rows];
    int perGroup = model.level2().centroids().perGroup();
    for (Passes.Share s : model.shares()) {
      int[] c = s.superClusters();
      int[] z = new int[s.rows()];
      float[] d = new float[s.rows()];
      s.read(z, d);
      for (int i = 0; i < z.length; i++) {
        int at = (int) s.firstRow() + i;
        superCluster[at] = c[i];
        subCluster[at] = z[i] < 0 ? -1 : z[i] % perGroup;
        distance[at] = d[i];
      }
    }
    Centroids first = model.level1().centroids();
    Centroids second = model.level2().centroids();
    return new Found(
        model,
        superCluster,
        subCluster,
        distance,
        first.values(0, first.count()),
        second.values(0, second.count()));
  }

  /** Units one after the other, in another order with each seed; everything is serialised. */
  static Units shuffled(long seed) {
    Random random = new Random(seed);
    return new Units() {
      @Override
      public int parallelism() {
        return 1 + (int) seed;
      }

      @Override
      public <U extends java.io.Serializable, R extends java.io.Serializable> List<R> run(
          String job, List<U> units, Step<U, R> step) throws Exception {
        List<Integer> order = new ArrayList<>(IntStream.range(0, units.size()).boxed().toList());
        java.util.Collections.shuffle(order, random);
        List<R> results = new ArrayList<>(java.util.Collections.nCopies(units.size(), null));
        Step<U, R> sent = copy(step);
        for (int i : order) {
          try (Workspace w = new Workspace()) {
            sent.apply(copy(units.get(i)), w); // a lost try of the same unit
            results.set(i, copy(sent.apply(copy(units.get(i)), w)));
          }
        }
        return results;
      }
    };
  }

  /**
   * Units that end as a killed process does, in the middle of a job.
   *
   * @param units what works
   * @param lives how many units are worked on before that
   * @param finished gets how often each job came to its end
   */
  static Units mortal(Units units, int lives, Map<String, Integer> finished) {
    int[] left = {lives};
    return new Units() {
      @Override
      public int parallelism() {
        return 2;
      }

      @Override
      public <U extends Serializable, R extends Serializable> List<R> run(
          String job, List<U> all, Step<U, R> step) throws Exception {
        List<R> results = new ArrayList<>();
        for (U u : all) {
          if (left[0]-- == 0) {
            throw new IllegalStateException("killed");
          }
          results.addAll(units.run(job, List.of(u), step));
        }
        finished.merge(job, 1, Integer::sum);
        return results;
      }
    };
  }

  @SuppressWarnings("unchecked")
  static <T> T copy(T value) throws Exception {
    java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
    try (java.io.ObjectOutputStream out = new java.io.ObjectOutputStream(bytes)) {
      out.writeObject(value);
    }
    try (java.io.ObjectInputStream in =
        new java.io.ObjectInputStream(new java.io.ByteArrayInputStream(bytes.toByteArray()))) {
      return (T) in.readObject();
    }
  }

  /** {@code x} with its rows joined as given. */
  static float[] concat(float[]... x) {
    int n = Arrays.stream(x).mapToInt(v -> v.length).sum();
    float[] all = new float[n];
    int at = 0;
    for (float[] v : x) {
      System.arraycopy(v, 0, all, at, v.length);
      at += v.length;
    }
    return all;
  }
}
