package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * One pass over chunks: the nearest centroid of every row, among those of its group.
 *
 * <p>Each row carries two bounds from pass to pass (Hamerly, SDM 2010): at most how far its
 * centroid is, and at least how far every other one is. Centroids that moved by δ loosen them by δ.
 * Where the bounds still leave no doubt, rounding of the scores included, the row keeps its
 * centroid and is not even read. Else the distance to its own centroid is computed, which often
 * settles it. Where the bound holds for all but the {@link Drift#movers}, the row is compared with
 * these; and only if that leaves a doubt, with all centroids of its group.
 *
 * <p>A row's state is in a file per chunk: {@code rows} int32, the centroid, −1 for none; {@code
 * rows} float32, the upper bound; {@code rows} float32, the lower bound. After the last pass of a
 * level whose distances are wanted, the first float32 is the squared distance (NaN for none).
 */
final class AssignChunk {
  /**
   * What all chunks of a pass need.
   *
   * @param layout file of the {@link Chunk.Layout}
   * @param centroids to compare with
   * @param states the chunks' states after the pass before; null in a level's first pass
   * @param drift file of the {@link Drift} since then; null in a level's first pass
   * @param error largest error of a score, as {@link #error} has it
   * @param distances whether the state is to hold distances
   */
  record Input(
      String layout,
      Centroids centroids,
      java.util.ArrayList<String> states,
      String drift,
      double error,
      boolean distances)
      implements Serializable {}

  /**
   * What a pass over a chunk found.
   *
   * @param state file
   * @param changed rows whose centroid is another than in the pass before
   * @param compared rows that were compared with all centroids of their group
   * @param rejected rows without a centroid
   */
  record Result(String state, long changed, long compared, long rejected) implements Serializable {}

  private final Scratch scratch;
  private final Input input;
  private final Workspace workspace;
  private final Centroids centroids;
  private final Drift drift;
  private final int dim;
  private final int[] label;
  private final float[] upper;
  private final float[] lower;
  private final Map<String, RawFile> open = new HashMap<>();
  private final Kernel kernel;
  private final float[] x;
  private final float[] c;

  private final Tile all;
  private final Tile few;

  /** The group whose movers {@link Workspace#movers} holds, −1 for none, and their norms. */
  private int gathered = -1;

  private float[] moverNorms = new float[0];

  private long changed;
  private long compared;

  private AssignChunk(Scratch scratch, Input input, Chunk chunk, Workspace workspace)
      throws IOException {
    this.scratch = scratch;
    this.input = input;
    this.workspace = workspace;
    this.centroids = input.centroids();
    this.dim = centroids.dim();
    this.kernel = new Kernel(workspace, dim);
    workspace.rows.ensure((long) Kernel.ROWS * dim);
    this.all = new Tile(workspace.doubtful, dim);
    this.few = new Tile(workspace.others, dim);
    this.x = new float[dim];
    this.c = new float[dim];
    int n = chunk.rows();
    if (input.states() == null) {
      this.label = new int[n];
      this.upper = new float[n];
      this.lower = new float[n];
      this.drift = null;
      Arrays.fill(label, -1);
    } else {
      this.drift = workspace.load(input.drift(), Drift.class);
      try (RawFile state = RawFile.open(input.states().get(chunk.index()))) {
        this.label = state.ints(0, n);
        this.upper = state.floats(4L * n, n);
        this.lower = state.floats(8L * n, n);
      }
    }
  }

  /** Neighbouring chunks that one unit works on. */
  record Range(int from, int to) implements Serializable {
    /**
     * Cuts all chunks into units: as many as there is room for, or some times more. The results do
     * not depend on it.
     */
    static java.util.List<Range> of(int chunks, int parallelism) {
      int units =
          Math.min(chunks, parallelism * Math.max(1, Math.min(4, chunks / parallelism / 4)));
      java.util.List<Range> all = new java.util.ArrayList<>();
      for (int i = 0; i < units; i++) {
        all.add(
            new Range((int) ((long) chunks * i / units), (int) ((long) chunks * (i + 1) / units)));
      }
      return all;
    }
  }

  /**
   * What a unit found.
   *
   * @param chunks of each chunk
   * @param partial changes of sums and counts by all of them
   */
  record Results(java.util.ArrayList<Result> chunks, Sums.Partial partial)
      implements Serializable {}

  /** Works on some chunks. */
  static Results of(String input, Range range, Scratch scratch, Workspace workspace)
      throws IOException {
    Input in = workspace.load(input, Input.class);
    java.util.List<Chunk> chunks =
        workspace.load(in.layout(), Chunk.Layout.class).chunks().subList(range.from(), range.to());
    int perGroup = in.centroids().perGroup();
    int first = chunks.stream().mapToInt(Chunk::firstGroup).min().orElse(0) * perGroup;
    int end = chunks.stream().mapToInt(Chunk::endGroup).max().orElse(0) * perGroup;
    java.util.ArrayList<Result> results = new java.util.ArrayList<>();
    try (Sums sums =
        new Sums(
            scratch,
            in.centroids().dim(),
            first,
            Math.max(0, end - first),
            in.centroids().width())) {
      for (Chunk c : chunks) {
        results.add(new AssignChunk(scratch, in, c, workspace).run(c, sums));
      }
      return new Results(results, sums.finish());
    }
  }

  /**
   * A bound on the error of a score ‖c‖² − 2·c·x in float32, whatever the order of summation.
   *
   * @param x2 largest ‖x‖²
   * @param c2 largest ‖c‖²
   */
  static double error(int dim, double x2, double c2) {
    return 0x1p-24 * (2.0 * (dim + 4) * Math.sqrt(x2 * c2) + 4 * (x2 + c2));
  }

  private Result run(Chunk chunk, Sums sums) throws IOException {
    int perGroup = centroids.perGroup();
    try (CentroidReader reader =
        new CentroidReader(
            centroids,
            chunk.firstGroup() * perGroup,
            (chunk.endGroup() - chunk.firstGroup()) * perGroup,
            workspace)) {
      int at = 0;
      for (int p = 0; p < chunk.pieces().size(); p++) {
        Chunk.Piece piece = chunk.pieces().get(p);
        piece(piece, at, reader, sums);
        at += piece.rows();
        boolean lastOfGroup =
            p + 1 == chunk.pieces().size() || chunk.pieces().get(p + 1).group() != piece.group();
        if (lastOfGroup) {
          compareFew(piece.group(), reader, sums);
          compareAll(piece.group(), reader, sums);
        }
      }
      long rejected = Arrays.stream(label).filter(l -> l < 0).count();
      return new Result(save(), changed, compared, rejected);
    } finally {
      for (RawFile f : open.values()) {
        f.close();
      }
    }
  }

  private String save() throws IOException {
    String path = scratch.fresh("state");
    int n = label.length;
    ByteBuffer b = RawFile.buffer(Math.multiplyExact(n, 12));
    b.asIntBuffer().put(label);
    b.position(4 * n);
    b.asFloatBuffer().put(upper).put(lower);
    try (WritableByteChannel out = RawFile.create(path)) {
      RawFile.write(out, b.rewind());
    }
    return path;
  }

  /** Lets rows wait for the comparison unless their bounds decide. */
  private void piece(Chunk.Piece piece, int at, CentroidReader reader, Sums sums)
      throws IOException {
    RawFile file = open.get(piece.file().path());
    if (file == null) {
      file = RawFile.open(piece.file().path());
      open.put(piece.file().path(), file);
    }
    int n = piece.rows();
    float[] norms = file.floats(piece.file().normsAt(piece.from()), n);
    boolean[] needed = new boolean[n];
    for (int i = 0; i < n; i++) {
      needed[i] = needed(norms[i], at + i, piece.group());
    }
    int r = 0;
    while (r < n) {
      if (!needed[r]) {
        r++;
        continue;
      }
      int end = r + 1;
      int most = Math.min(n, r + Kernel.ROWS);
      while (end < most && needed[end]) {
        end++;
      }
      file.read(piece.file().at(piece.from() + r), workspace.rows.bytes(0, (end - r) * dim));
      enqueue(piece.group(), norms, r, end, at, reader, sums);
      r = end;
    }
  }

  /** Whether a row has to be read; if not, its bounds are loosened. */
  private boolean needed(float norm, int at, int group) {
    int own = label[at];
    if (Float.isNaN(norm)) {
      upper[at] = Float.NaN;
      return false;
    }
    if (own < 0 || input.distances()) {
      return true;
    }
    float u = Math.nextUp(upper[at] + drift.distance()[own]);
    float l = Math.nextDown(lower[at] - drift.others(group, own));
    if (!decided(u, l)) {
      return true;
    }
    upper[at] = u;
    lower[at] = l;
    return false;
  }

  private boolean decided(double u, double l) {
    return l > u && (l - u) * (l + u) > 2 * input.error();
  }

  /** Sees what rows {@code r} to {@code end}, which were read, need. */
  private void enqueue(
      int group, float[] norms, int r, int end, int at, CentroidReader reader, Sums sums)
      throws IOException {
    for (int i = r; i < end; i++) {
      int place = at + i;
      int own = label[place];
      workspace.rows.get((i - r) * dim, x, dim);
      if (own >= 0 && (input.distances() || promising(group, own, place))) {
        reader.row(own, c);
        double d = Kernel.distance(x, c, dim);
        float u = Math.nextUp((float) Math.sqrt(d));
        float l = Math.nextDown(lower[place] - drift.others(group, own));
        if (decided(u, l)) {
          upper[place] = input.distances() ? (float) d : u;
          lower[place] = l;
          continue;
        }
        float rest = Math.nextDown(lower[place] - drift.rest()[group]);
        if (decided(u, rest)) {
          lower[place] = rest;
          few.own[few.size] = d;
          few.add(place, norms[i], x);
          if (few.size == Kernel.ROWS) {
            compareFew(group, reader, sums);
          }
          continue;
        }
      }
      doubt(place, norms[i], group, reader, sums);
    }
  }

  /**
   * Whether the distance to its own centroid may spare a row the comparison with all: not where the
   * bounds would overlap even if its centroid had come as much nearer as it moved.
   */
  private boolean promising(int group, int own, int place) {
    return centroids.perGroup() >= Drift.SMALLEST_GROUP
        && lower[place] - drift.rest()[group] > upper[place] - drift.distance()[own];
  }

  /** The row in {@link #x} must be compared with all centroids. */
  private void doubt(int at, float norm, int group, CentroidReader reader, Sums sums)
      throws IOException {
    all.add(at, norm, x);
    if (all.size == Kernel.ROWS) {
      compareAll(group, reader, sums);
    }
  }

  /** Compares rows with the movers of their group: the others are too far away. */
  private void compareFew(int group, CentroidReader reader, Sums sums) throws IOException {
    if (few.size == 0) {
      return;
    }
    int first = drift.firstMover()[group];
    int count = drift.firstMover()[group + 1] - first;
    gather(group, first, count, reader);
    kernel.nearest(
        few.room,
        few.size,
        (from, n, norms) -> {
          System.arraycopy(moverNorms, from, norms, 0, n);
          return workspace.movers.at((long) from * dim);
        },
        0,
        count);
    double e = input.error();
    for (int i = 0; i < few.size; i++) {
      int at = few.place[i];
      int own = label[at];
      double d = few.own[i];
      int found = drift.movers()[first + kernel.index[i]];
      double best = (double) few.norm[i] + kernel.best[i];
      double next = (double) few.norm[i] + kernel.second[i];
      double challenger = found == own ? next : best;
      float rest = lower[at];
      few.room.get(i * dim, x, dim);
      if (challenger - e > d + e) {
        upper[at] = input.distances() ? (float) d : Math.nextUp((float) Math.sqrt(d));
        lower[at] = Math.min(rest, down(challenger - e));
      } else if (found != own && best + e < d - e && next - e > best + e) {
        sums.move(x, own, found);
        label[at] = found;
        changed++;
        if (input.distances()) {
          reader.row(found, c);
          upper[at] = (float) Kernel.distance(x, c, dim);
        } else {
          upper[at] = Math.nextUp((float) Math.sqrt(Math.max(0, best + e)));
        }
        lower[at] = Math.min(rest, Math.min(down(next - e), down(d)));
      } else {
        doubt(at, few.norm[i], group, reader, sums);
      }
    }
    few.size = 0;
  }

  private static float down(double squares) {
    return Math.nextDown((float) Math.sqrt(Math.max(0, squares)));
  }

  private void gather(int group, int first, int count, CentroidReader reader) throws IOException {
    if (gathered == group) {
      return;
    }
    workspace.movers.ensure((long) count * dim);
    moverNorms = new float[count];
    for (int i = 0; i < count; i++) {
      moverNorms[i] = reader.row(drift.movers()[first + i], c);
      workspace.movers.floats().put(i * dim, c, 0, dim);
    }
    gathered = group;
  }

  /** Compares rows with all centroids of their group. */
  private void compareAll(int group, CentroidReader reader, Sums sums) throws IOException {
    if (all.size == 0) {
      return;
    }
    kernel.nearest(all.room, all.size, reader, group * centroids.perGroup(), centroids.perGroup());
    double e = input.error();
    for (int i = 0; i < all.size; i++) {
      int at = all.place[i];
      int found = centroids.first(kernel.index[i]);
      boolean moves = found != label[at];
      if (moves || input.distances()) {
        all.room.get(i * dim, x, dim);
      }
      if (moves) {
        sums.move(x, label[at], found);
        label[at] = found;
        changed++;
      }
      if (input.distances()) {
        reader.row(found, c);
        upper[at] = (float) Kernel.distance(x, c, dim);
      } else {
        upper[at] =
            Math.nextUp((float) Math.sqrt(Math.max(0, (double) all.norm[i] + kernel.best[i] + e)));
        lower[at] = down((double) all.norm[i] + kernel.second[i] - e);
      }
    }
    compared += all.size;
    all.size = 0;
  }

  /** Rows that wait for a comparison. */
  private static final class Tile {
    final Workspace.Room room;
    final int[] place = new int[Kernel.ROWS];
    final float[] norm = new float[Kernel.ROWS];

    /** Squared distances to the own centroids, where they are known. */
    final double[] own = new double[Kernel.ROWS];

    private final int dim;
    int size;

    Tile(Workspace.Room room, int dim) {
      this.room = room;
      this.dim = dim;
      room.ensure((long) Kernel.ROWS * dim);
    }

    /**
     * Adds a row.
     *
     * @param at its place in the chunk
     */
    void add(int at, float squaredNorm, float[] x) {
      room.floats().put(size * dim, x, 0, dim);
      norm[size] = squaredNorm;
      place[size++] = at;
    }
  }
}
