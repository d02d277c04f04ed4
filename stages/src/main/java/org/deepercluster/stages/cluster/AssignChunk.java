package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * One pass over a chunk: the nearest centroid of every row, among those of its group.
 *
 * <p>Each row carries two bounds from pass to pass (Hamerly, SDM 2010): at most how far its
 * centroid is, and at least how far every other one is. Centroids that moved by δ loosen them by δ.
 * Where the bounds still leave no doubt, rounding of the scores included, the row keeps its
 * centroid and is not even read; else the distance to its own centroid is computed first, which
 * often settles it; and only then is the row compared with all centroids of its group.
 *
 * <p>A row's state is in a file per chunk: {@code rows} int32, the centroid, −1 for none; {@code
 * rows} float32, the upper bound; {@code rows} float32, the lower bound. After the last pass of a
 * level whose distances are wanted, the first float32 is the squared distance (NaN for none).
 */
final class AssignChunk {
  /** With fewer centroids than this a comparison with all costs no more than one distance. */
  private static final int WORTH_A_DISTANCE = 64;

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
   * @param partial changes of sums and counts
   * @param changed rows whose centroid is another than in the pass before
   * @param compared rows that were compared with all centroids of their group
   * @param rejected rows without a centroid
   */
  record Result(String state, Sums.Partial partial, long changed, long compared, long rejected)
      implements Serializable {}

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

  /** Places within the chunk of the rows that wait for a comparison, and their squared norms. */
  private final int[] waiting = new int[Kernel.ROWS];

  private final float[] norm = new float[Kernel.ROWS];

  private int waits;
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

  /** Works on chunk {@code index}. */
  static Result of(String input, int index, Scratch scratch, Workspace workspace)
      throws IOException {
    Input in = workspace.load(input, Input.class);
    Chunk chunk = workspace.load(in.layout(), Chunk.Layout.class).chunks().get(index);
    return new AssignChunk(scratch, in, chunk, workspace).run(chunk);
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

  private Result run(Chunk chunk) throws IOException {
    int first = 0;
    int span = 0;
    if (!chunk.pieces().isEmpty()) {
      first = chunk.pieces().get(0).group() * centroids.perGroup();
      int last = chunk.pieces().get(chunk.pieces().size() - 1).group() + 1;
      span = last * centroids.perGroup() - first;
    }
    try (CentroidReader reader = new CentroidReader(centroids, first, span, workspace);
        Sums sums = new Sums(scratch, dim, first, span, centroids.width())) {
      int at = 0;
      for (int p = 0; p < chunk.pieces().size(); p++) {
        Chunk.Piece piece = chunk.pieces().get(p);
        piece(piece, at, reader, sums);
        at += piece.rows();
        boolean lastOfGroup =
            p + 1 == chunk.pieces().size() || chunk.pieces().get(p + 1).group() != piece.group();
        if (lastOfGroup) {
          compare(piece.group(), reader, sums);
        }
      }
      long rejected = Arrays.stream(label).filter(l -> l < 0).count();
      return new Result(save(), sums.finish(), changed, compared, rejected);
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
      int most = Math.min(n, r + Kernel.ROWS - waits);
      while (end < most && needed[end]) {
        end++;
      }
      file.read(
          piece.file().at(piece.from() + r), workspace.rows.bytes(waits * dim, (end - r) * dim));
      enqueue(norms, r, end, at, reader);
      if (waits == Kernel.ROWS) {
        compare(piece.group(), reader, sums);
      }
      r = end;
    }
  }

  /** Whether a row has to be read. Loosens its bounds, so is to be asked once for each. */
  private boolean needed(float norm, int at, int group) {
    int own = label[at];
    if (Float.isNaN(norm)) {
      upper[at] = Float.NaN;
      return false;
    }
    if (own < 0) {
      return true;
    }
    upper[at] = Math.nextUp(upper[at] + drift.distance()[own]);
    lower[at] = Math.nextDown(lower[at] - drift.others(group, own));
    return input.distances() || !decided(upper[at], lower[at]);
  }

  private boolean decided(double u, double l) {
    return l > u && (l - u) * (l + u) > 2 * input.error();
  }

  /** Rows {@code r} to {@code end} were read behind those that wait; keeps what must wait too. */
  private void enqueue(float[] norms, int r, int end, int at, CentroidReader reader)
      throws IOException {
    int base = waits;
    for (int i = r; i < end; i++) {
      int slot = base + i - r;
      int own = label[at + i];
      if (own >= 0 && (input.distances() || centroids.perGroup() >= WORTH_A_DISTANCE)) {
        workspace.rows.get(slot * dim, x, dim);
        reader.row(own, c);
        double d = Kernel.distance(x, c, dim);
        float u = Math.nextUp((float) Math.sqrt(d));
        if (decided(u, lower[at + i])) {
          upper[at + i] = input.distances() ? (float) d : u;
          continue;
        }
      }
      if (slot != waits) {
        workspace.rows.get(slot * dim, x, dim);
        workspace.rows.floats().put(waits * dim, x, 0, dim);
      }
      norm[waits] = norms[i];
      waiting[waits++] = at + i;
    }
  }

  private void compare(int group, CentroidReader reader, Sums sums) throws IOException {
    if (waits == 0) {
      return;
    }
    kernel.nearest(waits, reader, group * centroids.perGroup(), centroids.perGroup());
    for (int i = 0; i < waits; i++) {
      int at = waiting[i];
      int found = centroids.first(kernel.index[i]);
      boolean moves = found != label[at];
      if (moves || input.distances()) {
        workspace.rows.get(i * dim, x, dim);
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
        double e = input.error();
        upper[at] = Math.nextUp((float) Math.sqrt(Math.max(0, norm[i] + kernel.best[i] + e)));
        lower[at] =
            Math.nextDown((float) Math.sqrt(Math.max(0, (double) norm[i] + kernel.second[i] - e)));
      }
    }
    compared += waits;
    waits = 0;
  }
}
