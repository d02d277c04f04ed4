package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.deepercluster.stages.cluster.Chunk.Layout;
import org.deepercluster.stages.cluster.Seeding.Draw;

/**
 * The passes over the data that {@link HierarchicalKMeans} asks for. Rows, states, sums and
 * centroids are files; what is in memory is bounded by constants, but for some numbers per cluster.
 * Every pass is recorded when it is complete, and not made again after a restart.
 */
final class Passes {
  /** Rows of a chunk of level 2. */
  private static final int CHUNK_ROWS = 1 << 14;

  private final Scratch scratch;
  private final Units units;
  private final List<RowFile> rowsOfShares;
  private final boolean spherical;
  private Layout layout;
  private String layoutFile;
  private Lloyd parents;

  /**
   * Passes over rows.
   *
   * @param rows files in order, without gaps; at least one
   */
  Passes(Scratch scratch, Units units, List<RowFile> rows) throws Exception {
    this(scratch, units, rows, false);
  }

  /**
   * Passes over rows.
   *
   * @param rows files in order, without gaps; at least one
   * @param spherical whether centroids are brought to norm 1 when they have moved
   */
  Passes(Scratch scratch, Units units, List<RowFile> rows, boolean spherical) throws Exception {
    this.spherical = spherical;
    this.scratch = scratch;
    this.units = units;
    this.rowsOfShares = List.copyOf(rows);
    long next = rows.get(0).firstRow();
    for (RowFile f : rows) {
      if (f.firstRow() != next || f.dim() != rows.get(0).dim()) {
        throw new IllegalArgumentException(
            "rows of dimension "
                + rows.get(0).dim()
                + " from "
                + next
                + " on expected, got dimension "
                + f.dim()
                + " from "
                + f.firstRow());
      }
      next += f.rows();
    }
    use(1, Layout.whole(rows));
  }

  private void use(int level, Layout used) throws Exception {
    this.layout = used;
    this.layoutFile =
        scratch.once("layout" + level, String.class, () -> scratch.share("layout", used));
  }

  /** Dimension of the rows. */
  int dim() {
    return layout.dim();
  }

  /** The rows of the present level. */
  Layout layout() {
    return layout;
  }

  /** For intermediate results. */
  Scratch scratch() {
    return scratch;
  }

  /** What runs the passes. */
  Units units() {
    return units;
  }

  /** File of the {@link #layout}. */
  String layoutFile() {
    return layoutFile;
  }

  /** Numbers of the present level's chunks. */
  List<Integer> chunks() {
    return IntStream.range(0, layout.chunks().size()).boxed().toList();
  }

  /**
   * Draws the rows that a level starts from, in each of its groups. A group with fewer rows than
   * {@code perGroup} starts from its rows over and over again, and one without rows from its own
   * super-cluster's centroid.
   *
   * @param level 1, or 2 after {@link #descend}
   * @param perGroup centroids in each group
   * @param seed the level's seed
   * @throws IllegalArgumentException if no row is usable
   */
  Centroids start(int level, int perGroup, long seed) throws Exception {
    return scratch.once(
        "start" + level,
        Centroids.class,
        () -> rows(level, perGroup, drawn(level, perGroup, seed)));
  }

  /**
   * Draws distinct rows at random, in each group.
   *
   * @return of each group, {@code perGroup} of its rows, or all that it has
   * @throws IllegalArgumentException if no row is usable
   */
  Draw[][] drawn(int level, int perGroup, long seed) throws Exception {
    int groups = layout.groups();
    long total = layout.files().stream().mapToLong(RowFile::rows).sum();
    long[] limits = new long[groups];
    for (int g = 0; g < groups; g++) {
      limits[g] = Seeding.limit(perGroup, parents == null ? total : parents.counts()[g]);
    }
    Seeding seeding = seeding(level, perGroup, seed, limits);
    boolean few = false;
    for (int g = 0; g < groups; g++) {
      few |= seeding.rows(g).length < perGroup && limits[g] < Long.MAX_VALUE;
    }
    if (few) {
      Arrays.fill(limits, Long.MAX_VALUE);
      seeding = seeding(level, perGroup, seed, limits);
    }
    Draw[][] drawn = new Draw[groups][];
    boolean none = true;
    for (int g = 0; g < groups; g++) {
      drawn[g] = seeding.rows(g);
      none &= drawn[g].length == 0;
    }
    if (none) {
      throw new IllegalArgumentException(
          "k-means needs at least one row without NaN or infinity, got none");
    }
    return drawn;
  }

  /**
   * Fetches rows as centroids. A group with fewer rows than {@code perGroup} gets its rows over and
   * over again, and one without rows its own super-cluster's centroid.
   *
   * @param drawn rows of each group
   */
  Centroids rows(int level, int perGroup, Draw[][] drawn) throws Exception {
    int groups = drawn.length;
    int width = Centroids.width(groups, perGroup, dim());
    int count = groups * perGroup;
    List<String> slices = new ArrayList<>();
    for (int from = 0; from < count; from += width) {
      int n = Math.min(width, count - from);
      Draw[] wanted = new Draw[n];
      for (int i = 0; i < n; i++) {
        Draw[] of = drawn[(from + i) / perGroup];
        wanted[i] = of.length == 0 ? null : of[(from + i) % perGroup % of.length];
      }
      slices.add(scratch.share("draws", new Rows(from, wanted)));
    }
    Centroids above = parents == null ? null : parents.centroids();
    Scratch s = scratch;
    int dim = dim();
    List<String> written =
        few(
            slices,
            "fetch" + level,
            (file, w) -> fetch(w.load(file, Rows.class), above, perGroup, dim, s));
    Scratch.delete(slices);
    return new Centroids(groups, perGroup, dim, width, written);
  }

  /** One unit needs no job of its own. */
  private <U extends Serializable, R extends Serializable> List<R> few(
      List<U> all, String job, Units.Step<U, R> step) throws Exception {
    if (all.size() > 1) {
      return units.run(job, all, step);
    }
    try (Workspace w = new Workspace()) {
      List<R> one = new ArrayList<>();
      one.add(step.apply(all.get(0), w));
      return one;
    }
  }

  private Seeding seeding(int level, int perGroup, long seed, long[] limits) throws Exception {
    Seeding all = new Seeding(layout.groups(), perGroup);
    String file = layoutFile;
    units
        .run(
            "start" + level,
            chunks(),
            (i, w) -> Seeding.of(w.load(file, Layout.class).chunks().get(i), seed, limits))
        .forEach(all::add);
    return all;
  }

  /** Rows to start a slice of centroids from. */
  private record Rows(int firstId, Draw[] wanted) implements Serializable {}

  private static String fetch(Rows rows, Centroids parents, int perGroup, int dim, Scratch scratch)
      throws IOException {
    Draw[] wanted = rows.wanted();
    float[] values = new float[wanted.length * dim];
    Integer[] order = IntStream.range(0, wanted.length).boxed().toArray(Integer[]::new);
    Arrays.sort(
        order,
        Comparator.comparingLong(
                (Integer i) -> wanted[i] == null ? -1 : wanted[i].file().firstRow())
            .thenComparingInt(i -> wanted[i] == null ? 0 : wanted[i].at()));
    String opened = null;
    RawFile file = null;
    try {
      for (int i : order) {
        float[] row;
        if (wanted[i] == null) {
          row = parents.values((rows.firstId() + i) / perGroup, 1);
        } else {
          RowFile f = wanted[i].file();
          if (!f.path().equals(opened)) {
            if (file != null) {
              file.close();
            }
            file = RawFile.open(f.path());
            opened = f.path();
          }
          row = file.floats(f.at(wanted[i].at()), dim);
        }
        System.arraycopy(row, 0, values, i * dim, dim);
      }
    } finally {
      if (file != null) {
        file.close();
      }
    }
    return Centroids.write(scratch, values, dim, rows.firstId());
  }

  /** What becomes of the centroids after a pass. */
  enum Then {
    /** They move to their members' means, and empty clusters take over from donors. */
    SPLIT,
    /** They move to their members' means. */
    MOVE,
    /** They stay: the assignment to them is the result. */
    STAY
  }

  /** One pass over the data. What only it needed is deleted when it is recorded. */
  Lloyd pass(Lloyd before, Then then) throws Exception {
    String name = String.format("level%d-%04d", before.level(), before.iteration());
    Lloyd after = scratch.once(name, Lloyd.class, () -> make(name, before, then));
    Scratch.delete(before.files(then != Then.STAY));
    return after;
  }

  private Lloyd make(String name, Lloyd before, Then then) throws Exception {
    Centroids old = before.centroids();
    boolean first = before.counts() == null;
    String input =
        scratch.share(
            "pass",
            new AssignChunk.Input(
                layoutFile,
                old,
                first ? null : before.states(),
                before.drift(),
                layout.largest(),
                then == Then.STAY && before.level() == 2));
    Scratch s = scratch;
    List<AssignChunk.Result> found = new ArrayList<>();
    ArrayList<Sums.Partial> partials = new ArrayList<>();
    for (AssignChunk.Results r :
        units.run(
            name,
            AssignChunk.Range.of(layout.chunks().size(), units.parallelism()),
            (range, w) -> AssignChunk.of(input, range, s, w))) {
      found.addAll(r.chunks());
      if (r.partial().path() != null) {
        partials.add(r.partial());
      }
    }
    List<CentroidUpdate.Result> slices =
        updated(name, old, partials, first ? null : before.sums(), then != Then.STAY);
    long[] counts = new long[old.count()];
    double objective = layout.squares();
    double moved = 0;
    for (int i = 0; i < slices.size(); i++) {
      long[] c = slices.get(i).counts();
      System.arraycopy(c, 0, counts, i * old.width(), c.length);
      objective += slices.get(i).objective();
      moved = Math.max(moved, slices.get(i).moved());
    }
    Centroids next = old;
    String drift = null;
    ArrayList<String> sums = new ArrayList<>();
    if (then != Then.STAY) {
      if (then == Then.SPLIT) {
        split(counts, old, slices);
      }
      next = centroids(old, slices);
      float[] distance = new float[old.count()];
      for (int i = 0; i < slices.size(); i++) {
        float[] d = slices.get(i).distance();
        System.arraycopy(d, 0, distance, i * old.width(), d.length);
        sums.add(slices.get(i).sums());
      }
      drift = scratch.share("drift", Drift.of(distance, old.groups(), dim()));
    }
    List<String> spent = new ArrayList<>(partials.stream().map(Sums.Partial::path).toList());
    spent.add(input);
    Scratch.delete(spent);
    return new Lloyd(
        before.level(),
        before.iteration() + 1,
        next,
        new ArrayList<>(found.stream().map(AssignChunk.Result::state).toList()),
        sums,
        drift,
        counts,
        found.stream().mapToLong(AssignChunk.Result::rejected).sum(),
        new Trace(
            before.level(),
            before.iteration(),
            Math.max(0, objective),
            found.stream().mapToLong(AssignChunk.Result::changed).sum(),
            moved,
            (int) Arrays.stream(counts).filter(c -> c == 0).count(),
            ClusterHealth.imbalance(counts),
            found.stream().mapToLong(AssignChunk.Result::compared).sum()));
  }

  private List<CentroidUpdate.Result> updated(
      String name,
      Centroids old,
      ArrayList<Sums.Partial> partials,
      ArrayList<String> sums,
      boolean move)
      throws Exception {
    String update =
        scratch.share("update", new CentroidUpdate.Input(old, partials, sums, move, spherical));
    Scratch s = scratch;
    List<CentroidUpdate.Result> slices =
        new ArrayList<>(
            few(
                IntStream.range(0, old.slices()).boxed().toList(),
                name + "-update",
                (i, w) -> CentroidUpdate.slice(w.load(update, CentroidUpdate.Input.class), i, s)));
    Scratch.delete(List.of(update));
    return slices;
  }

  private void split(long[] counts, Centroids old, List<CentroidUpdate.Result> slices)
      throws IOException {
    CentroidUpdate.apply(
        CentroidUpdate.splits(counts, old.groups()), old, slices, spherical, scratch);
  }

  private static Centroids centroids(Centroids old, List<CentroidUpdate.Result> slices) {
    return new Centroids(
        old.groups(),
        old.perGroup(),
        old.dim(),
        old.width(),
        slices.stream().map(CentroidUpdate.Result::centroids).toList());
  }

  /**
   * Means of given sums. Clusters without members take over half of a donor; those of a group
   * without any member stay as they are.
   *
   * @param old for the sizes, and for what stays
   * @param partials of the sums
   */
  Centroids means(String name, Centroids old, ArrayList<Sums.Partial> partials) throws Exception {
    List<CentroidUpdate.Result> slices = updated(name, old, partials, null, true);
    Scratch.delete(slices.stream().map(CentroidUpdate.Result::sums).toList());
    split(slices.stream().flatMapToLong(r -> Arrays.stream(r.counts())).toArray(), old, slices);
    return centroids(old, slices);
  }

  /** How many rows are nearest to each of some centroids; nothing else is kept. */
  long[] weigh(String name, int level, Centroids centroids) throws Exception {
    Lloyd found = make(name, Lloyd.from(level, centroids), Then.STAY);
    Scratch.delete(found.states());
    return found.counts();
  }

  /**
   * Goes down to level 2: from here on each super-cluster is a group of its own, whose rows are
   * next to each other.
   *
   * @param level1 after its last pass
   */
  void descend(Lloyd level1) throws Exception {
    parents = level1;
    if (level1.centroids().count() == 1) {
      return;
    }
    List<RowFile> files = rowsOfShares;
    int m = level1.centroids().count();
    Scratch s = scratch;
    ArrayList<Sorted> shares = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      shares.add(new Sorted(files.get(i), level1.states().get(i)));
    }
    Grouped grouped =
        scratch.once(
            "grouped",
            Grouped.class,
            () ->
                new Grouped(
                    new ArrayList<>(units.run("group", shares, (f, w) -> group(f, m, s, w)))));
    use(
        2,
        Layout.grouped(
            grouped.shares().stream().map(GroupedShare::file).toList(),
            grouped.shares().stream().map(GroupedShare::counts).toList(),
            m,
            CHUNK_ROWS));
    Scratch.delete(files.stream().flatMap(f -> f.paths().stream()).toList());
  }

  private record Sorted(RowFile file, String state) implements Serializable {}

  private record GroupedShare(RowFile file, int[] counts) implements Serializable {}

  private record Grouped(ArrayList<GroupedShare> shares) implements Serializable {}

  /** Writes a file's rows again, ordered by group; those without one are left out. */
  private static GroupedShare group(Sorted share, int groups, Scratch scratch, Workspace w)
      throws IOException {
    RowFile f = share.file();
    int dim = f.dim();
    int[] label;
    try (RawFile state = RawFile.open(share.state())) {
      label = state.ints(0, f.rows());
    }
    int[] counts = new int[groups];
    int[] order = order(label, counts);
    String path = scratch.fresh("grouped");
    try (RawFile in = RawFile.open(f.path());
        RowFile.Writer out = new RowFile.Writer(path, dim, f.firstRow())) {
      int[] places = in.ints(f.placesAt(0), f.rows());
      w.release();
      w.centroids.ensure((long) f.rows() * dim);
      in.read(0, w.centroids.bytes(0, f.rows() * dim));
      float[] row = new float[dim];
      for (int r : order) {
        w.centroids.get(r * dim, row, dim);
        out.append(places[r], row, 0);
      }
      return new GroupedShare(out.finish(), counts);
    } finally {
      w.centroids.free();
    }
  }

  /** Rows by increasing label, in their order within each; negative labels are left out. */
  private static int[] order(int[] label, int[] counts) {
    int n = 0;
    for (int l : label) {
      if (l >= 0) {
        counts[l]++;
        n++;
      }
    }
    int[] next = new int[counts.length];
    for (int g = 1; g < counts.length; g++) {
      next[g] = next[g - 1] + counts[g - 1];
    }
    int[] order = new int[n];
    for (int r = 0; r < label.length; r++) {
      if (label[r] >= 0) {
        order[next[label[r]]++] = r;
      }
    }
    return order;
  }

  /**
   * A share of the collection as the last pass left it.
   *
   * @param firstRow index of its first row
   * @param rows how many
   * @param state of its rows on level 1
   * @param pieces of the states of level 2 that hold its rows
   */
  record Share(long firstRow, int rows, String state, ArrayList<Found> pieces)
      implements Serializable {
    /** Level 2's state of a piece: file, its rows in all, and where the piece begins. */
    record Found(String state, int rows, int at, Chunk.Piece piece) implements Serializable {}

    /** The super-cluster of each row, −1 for none. */
    int[] superClusters() throws IOException {
      try (RawFile file = RawFile.open(state)) {
        return file.ints(0, rows);
      }
    }

    /**
     * Level 2's clusters and distances.
     *
     * @param label gets {@code c·k/m + z} of each row, −1 for none
     * @param distance gets the squared distance to that centroid; NaN for none
     */
    void read(int[] label, float[] distance) throws IOException {
      Arrays.fill(label, -1);
      Arrays.fill(distance, Float.NaN);
      for (Found f : pieces) {
        Chunk.Piece p = f.piece();
        try (RawFile file = RawFile.open(f.state());
            RawFile of = RawFile.open(p.file().path())) {
          int[] places = of.ints(p.file().placesAt(p.from()), p.rows());
          int[] labels = file.ints(4L * f.at(), p.rows());
          float[] distances = file.floats(4L * (f.rows() + f.at()), p.rows());
          for (int i = 0; i < places.length; i++) {
            label[places[i]] = labels[i];
            distance[places[i]] = distances[i];
          }
        }
      }
    }
  }

  /** The assignment of all rows, by the files that level 1 had. */
  List<Share> assignment(Lloyd level1, Lloyd level2) {
    TreeMap<Long, ArrayList<Share.Found>> pieces = new TreeMap<>();
    for (Chunk c : layout.chunks()) {
      int at = 0;
      for (Chunk.Piece p : c.pieces()) {
        pieces
            .computeIfAbsent(p.file().firstRow(), f -> new ArrayList<>())
            .add(new Share.Found(level2.states().get(c.index()), c.rows(), at, p));
        at += p.rows();
      }
    }
    List<Share> shares = new ArrayList<>();
    for (int i = 0; i < rowsOfShares.size(); i++) {
      RowFile f = rowsOfShares.get(i);
      shares.add(
          new Share(
              f.firstRow(),
              f.rows(),
              level1.states().get(i),
              f.rows() == 0
                  ? new ArrayList<>()
                  : pieces.getOrDefault(f.firstRow(), new ArrayList<>())));
    }
    return shares;
  }
}
