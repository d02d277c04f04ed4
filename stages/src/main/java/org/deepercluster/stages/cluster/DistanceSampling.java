package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.deepercluster.stages.cluster.Seeding.Draw;
import org.deepercluster.stages.config.Seeds;

/**
 * Starting centroids that are far from each other, in every group by itself.
 *
 * <p>Rows are drawn in rounds, without replacement, each with a probability in proportion to d²,
 * its squared distance to the nearest row drawn before: a row's key is −ln(u)/d², u in (0, 1] being
 * a hash of seed, round and the row's index, and those with the smallest keys are drawn
 * (Efraimidis, Spirakis, Information Processing Letters 2006). So a draw depends neither on the
 * order nor on the place in which rows are worked on. The first row is a uniform draw.
 *
 * <ul>
 *   <li>k-means++ (Arthur, Vassilvitskii, SODA 2007): k rounds of one row. A pass over the data for
 *       each centroid.
 *   <li>k-means|| (Bahmani et al., VLDB 2012): {@link #ROUNDS} rounds of {@link #OVERSAMPLING}·k
 *       rows, exactly so many as in the paper's section 5.3; each of these candidates is weighted
 *       with the rows nearest to it, and weighted k-means++ picks k of them.
 * </ul>
 *
 * <p>Where fewer rows differ than are wanted, all that differ are taken over and over again.
 *
 * @param passes over the data
 * @param parallel whether it is k-means||
 */
record DistanceSampling(Passes passes, boolean parallel) implements HierarchicalKMeans.Starts {
  /** Rounds of k-means||. */
  static final int ROUNDS = 5;

  /** Rows that k-means|| draws in a round, in units of k. */
  static final int OVERSAMPLING = 2;

  /** Candidates of k-means|| for {@code k} centroids. */
  static long candidates(int k) {
    return 1 + (long) ROUNDS * OVERSAMPLING * k;
  }

  /**
   * A round.
   *
   * @param states per chunk, a file of float32: d² of each row, NaN for one without a group
   * @param drawn in each group
   * @param next the rows drawn; a group that has none any more repeats its first one
   */
  private record Round(ArrayList<String> states, Draw[][] drawn, Centroids next)
      implements Serializable {}

  @Override
  public Centroids of(int level, int perGroup, long seed) throws Exception {
    return passes
        .scratch()
        .once("sampled" + level, Centroids.class, () -> sample(level, perGroup, seed));
  }

  private Centroids sample(int level, int perGroup, long seed) throws Exception {
    int groups = passes.layout().groups();
    int wanted = parallel ? OVERSAMPLING * perGroup : 1;
    int rounds = perGroup == 1 ? 0 : parallel ? ROUNDS : perGroup - 1;
    List<List<Draw>> all = new ArrayList<>();
    Draw[][] first = passes.drawn(level, 1, seed);
    for (Draw[] d : first) {
      all.add(new ArrayList<>(List.of(d)));
    }
    Round before = new Round(new ArrayList<>(), first, passes.rows(level, 1, first));
    for (int r = 1; r <= rounds; r++) {
      long roundSeed = Seeds.of(seed, r);
      Round last = before;
      String name = String.format("sampled%d-%04d", level, r);
      Round round =
          passes
              .scratch()
              .once(name, Round.class, () -> round(name, level, last, first, wanted, roundSeed));
      delete(before);
      before = round;
      boolean none = true;
      for (int g = 0; g < groups; g++) {
        all.get(g).addAll(List.of(round.drawn()[g]));
        none &= round.drawn()[g].length == 0;
      }
      if (none) {
        break;
      }
    }
    delete(before);
    Draw[][] drawn = all.stream().map(d -> d.toArray(new Draw[0])).toArray(Draw[][]::new);
    return passes.rows(level, perGroup, parallel ? reduced(level, drawn, perGroup, seed) : drawn);
  }

  private static void delete(Round spent) throws IOException {
    List<String> files = new ArrayList<>(spent.states());
    files.addAll(spent.next().files());
    Scratch.delete(files);
  }

  /** What the chunks need to bring d² up to date. */
  private record Input(
      String layout, Centroids added, ArrayList<String> states, int wanted, long seed)
      implements Serializable {}

  /** Of a chunk: its new state, Σ d² of each of its groups, and the smallest key of each. */
  private record Distances(String state, int[] groups, double[] squares, Draw[] smallest)
      implements Serializable {}

  private Round round(String name, int level, Round before, Draw[][] first, int wanted, long seed)
      throws Exception {
    Scratch scratch = passes.scratch();
    Units units = passes.units();
    String input =
        scratch.share(
            "sampling",
            new Input(passes.layoutFile(), before.next(), before.states(), wanted, seed));
    List<Distances> found =
        units.run(
            name, passes.chunks(), (i, w) -> distances(w.load(input, Input.class), i, scratch, w));
    ArrayList<String> states = new ArrayList<>(found.stream().map(Distances::state).toList());
    int groups = passes.layout().groups();
    double[] squares = new double[groups];
    Seeding smallest = new Seeding(groups, wanted);
    for (Distances d : found) {
      for (int i = 0; i < d.groups().length; i++) {
        squares[d.groups()[i]] += d.squares()[i];
        if (wanted == 1 && d.smallest()[i] != null) {
          smallest.add(new Seeding.Found(new int[] {d.groups()[i]}, new Draw[] {d.smallest()[i]}));
        }
      }
    }
    if (wanted > 1) {
      double[] limits = new double[groups];
      for (int g = 0; g < groups; g++) {
        limits[g] = (wanted + 8 * Math.sqrt(wanted) + 64) / squares[g];
      }
      smallest = smallest(name, input, states, limits, wanted);
      boolean few = false;
      for (int g = 0; g < groups; g++) {
        few |= squares[g] > 0 && smallest.rows(g).length < wanted;
      }
      if (few) {
        Arrays.fill(limits, Double.POSITIVE_INFINITY);
        smallest = smallest(name, input, states, limits, wanted);
      }
    }
    Scratch.delete(List.of(input));
    Draw[][] drawn = new Draw[groups][];
    Draw[][] next = new Draw[groups][];
    for (int g = 0; g < groups; g++) {
      drawn[g] = smallest.rows(g);
      next[g] = drawn[g].length == 0 ? first[g] : drawn[g];
    }
    return new Round(states, drawn, passes.rows(level, wanted, next));
  }

  private static Distances distances(Input in, int index, Scratch scratch, Workspace w)
      throws IOException {
    Chunk.Layout layout = w.load(in.layout(), Chunk.Layout.class);
    Chunk chunk = layout.chunks().get(index);
    Centroids added = in.added();
    int dim = added.dim();
    int perGroup = added.perGroup();
    float[] state = new float[chunk.rows()];
    if (in.states().isEmpty()) {
      Arrays.fill(state, Float.POSITIVE_INFINITY);
    } else {
      try (RawFile file = RawFile.open(in.states().get(index))) {
        state = file.floats(0, state.length);
      }
    }
    int[] groups = chunk.pieces().stream().mapToInt(Chunk.Piece::group).distinct().toArray();
    double[] squares = new double[groups.length];
    Draw[] smallest = new Draw[groups.length];
    int first = groups.length == 0 ? 0 : groups[0] * perGroup;
    int span = groups.length == 0 ? 0 : (groups[groups.length - 1] + 1) * perGroup - first;
    Kernel kernel = new Kernel(w.products(0, dim), layout.largest());
    w.rows.ensure((long) Kernel.ROWS * dim);
    try (CentroidReader reader = new CentroidReader(added, first, span, w)) {
      int at = 0;
      for (Chunk.Piece p : chunk.pieces()) {
        int g = Arrays.binarySearch(groups, p.group());
        try (RawFile file = RawFile.open(p.file().path());
            RawFile codes = RawFile.open(p.file().codes())) {
          update(p, file, codes, kernel, reader, w, perGroup, dim, state, at);
          int[] places = file.ints(p.file().placesAt(p.from()), p.rows());
          for (int i = 0; i < p.rows(); i++) {
            float d = state[at + i];
            if (d > 0) {
              squares[g] += d;
              long row = p.file().firstRow() + places[i];
              if (in.wanted() == 1) {
                Draw draw = new Draw(key(in.seed(), row, d), row, p.file(), p.from() + i);
                smallest[g] =
                    smallest[g] == null || draw.compareTo(smallest[g]) < 0 ? draw : smallest[g];
              }
            }
          }
        }
        at += p.rows();
      }
    }
    String path = scratch.fresh("distances");
    ByteBuffer b = RawFile.buffer(Math.multiplyExact(state.length, 4));
    b.asFloatBuffer().put(state);
    try (WritableByteChannel out = RawFile.create(path)) {
      RawFile.write(out, b);
    }
    return new Distances(path, groups, squares, smallest);
  }

  /** Lowers d² of a piece's rows where an added row is nearer. */
  private static void update(
      Chunk.Piece p,
      RawFile file,
      RawFile codes,
      Kernel kernel,
      CentroidReader reader,
      Workspace w,
      int perGroup,
      int dim,
      float[] state,
      int at)
      throws IOException {
    float[] norms = file.floats(p.file().normsAt(p.from()), p.rows());
    float[] scales = codes.floats(p.file().scalesAt(p.from()), p.rows());
    float[] errors = codes.floats(p.file().errorsAt(p.from()), p.rows());
    float[] x = new float[dim];
    float[] c = new float[dim];
    for (int from = 0; from < p.rows(); from += Kernel.ROWS) {
      int n = Math.min(Kernel.ROWS, p.rows() - from);
      file.read(p.file().at(p.from() + from), w.rows.bytes(0, n * dim));
      if (perGroup > 1) {
        codes.read(p.file().codesAt(p.from() + from), kernel.codes(0, n));
        System.arraycopy(scales, from, kernel.scale, 0, n);
        System.arraycopy(errors, from, kernel.error, 0, n);
        System.arraycopy(norms, from, kernel.norm, 0, n);
        kernel.nearest(
            n,
            reader,
            p.group() * perGroup,
            perGroup,
            i -> {
              w.rows.get(i * dim, x, dim);
              return x;
            });
      }
      for (int i = 0; i < n; i++) {
        int row = at + from + i;
        if (Float.isNaN(norms[from + i])) {
          state[row] = Float.NaN;
        } else if (state[row] > 0) {
          w.rows.get(i * dim, x, dim);
          reader.row(perGroup > 1 ? kernel.index[i] : p.group(), c);
          state[row] = Math.min(state[row], (float) Kernel.distance(x, c, dim));
        }
      }
    }
  }

  /** −ln(u)/d² as the bits of a double, which are in the order of the numbers. */
  private static long key(long seed, long row, double squares) {
    double u = ((Seeds.of(seed, row) >>> 11) + 1) * 0x1p-53;
    return Double.doubleToLongBits(0.0 - StrictMath.log(u) / squares);
  }

  private Seeding smallest(
      String name, String input, ArrayList<String> states, double[] limits, int wanted)
      throws Exception {
    Seeding all = new Seeding(limits.length, wanted);
    passes
        .units()
        .run(
            name + "-draw",
            passes.chunks(),
            (i, w) -> below(w.load(input, Input.class), states.get(i), i, limits, w))
        .forEach(all::add);
    return all;
  }

  /** Rows of a chunk whose keys are below their group's limit. */
  private static Seeding.Found below(
      Input in, String states, int index, double[] limits, Workspace w) throws IOException {
    Chunk chunk = w.load(in.layout(), Chunk.Layout.class).chunks().get(index);
    List<Draw> draws = new ArrayList<>();
    List<Integer> groups = new ArrayList<>();
    try (RawFile state = RawFile.open(states)) {
      int at = 0;
      for (Chunk.Piece p : chunk.pieces()) {
        long limit = Double.doubleToLongBits(limits[p.group()]);
        float[] d = state.floats(4L * at, p.rows());
        try (RawFile file = RawFile.open(p.file().path())) {
          int[] places = file.ints(p.file().placesAt(p.from()), p.rows());
          for (int i = 0; i < d.length; i++) {
            long row = p.file().firstRow() + places[i];
            if (d[i] > 0) {
              long key = key(in.seed(), row, d[i]);
              if (key <= limit) {
                draws.add(new Draw(key, row, p.file(), p.from() + i));
                groups.add(p.group());
              }
            }
          }
        }
        at += p.rows();
      }
    }
    return new Seeding.Found(
        groups.stream().mapToInt(Integer::intValue).toArray(), draws.toArray(new Draw[0]));
  }

  /** Weighted k-means++ on the candidates, a unit per group. */
  private Draw[][] reduced(int level, Draw[][] drawn, int perGroup, long seed) throws Exception {
    int most = Arrays.stream(drawn).mapToInt(d -> d.length).max().orElse(0);
    if (most <= 1) {
      return drawn;
    }
    Centroids candidates = passes.rows(level, most, drawn);
    long[] weights = passes.weigh("weigh" + level, level, candidates);
    String shared = passes.scratch().share("candidates", new Candidates(candidates, weights));
    List<int[]> picked =
        passes
            .units()
            .run(
                "reduce" + level,
                IntStream.range(0, drawn.length).boxed().toList(),
                (g, w) -> {
                  Candidates c = w.load(shared, Candidates.class);
                  float[] x = c.rows().values(g * most, most);
                  long[] weight = Arrays.copyOfRange(c.weights(), g * most, (g + 1) * most);
                  return weighted(x, c.rows().dim(), weight, perGroup, Seeds.of(seed, -1L - g));
                });
    List<String> spent = new ArrayList<>(candidates.files());
    spent.add(shared);
    Scratch.delete(spent);
    Draw[][] rows = new Draw[drawn.length][];
    for (int g = 0; g < drawn.length; g++) {
      Draw[] of = drawn[g];
      rows[g] = Arrays.stream(picked.get(g)).mapToObj(i -> of[i]).toArray(Draw[]::new);
    }
    return rows;
  }

  private record Candidates(Centroids rows, long[] weights) implements Serializable {}

  /**
   * Weighted k-means++: each row with a probability in proportion to w·d², the first one to w.
   *
   * @param x rows, row-major
   * @param weight of each, at least 0
   * @param k rows wanted
   * @return their indices, in the order of drawing; fewer where fewer rows of a weight differ
   */
  static int[] weighted(float[] x, int dim, long[] weight, int k, long seed) {
    int n = weight.length;
    double[] d = new double[n];
    Arrays.fill(d, 1);
    int[] picked = new int[k];
    float[] row = new float[dim];
    float[] last = new float[dim];
    int count = 0;
    for (; count < k; count++) {
      int best = -1;
      long least = Long.MAX_VALUE;
      long roundSeed = Seeds.of(seed, count);
      for (int i = 0; i < n; i++) {
        if (weight[i] > 0 && d[i] > 0) {
          long key = key(roundSeed, i, weight[i] * d[i]);
          if (key < least) {
            least = key;
            best = i;
          }
        }
      }
      if (best < 0) {
        break;
      }
      picked[count] = best;
      System.arraycopy(x, best * dim, last, 0, dim);
      for (int i = 0; i < n; i++) {
        if (weight[i] > 0 && d[i] > 0) {
          System.arraycopy(x, i * dim, row, 0, dim);
          double squares = Kernel.distance(row, last, dim);
          d[i] = count == 0 ? squares : Math.min(d[i], squares);
        }
      }
    }
    return Arrays.copyOf(picked, count);
  }
}
