package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One pass over chunks: the nearest centroid of every row, among those of its group.
 *
 * <p>Each row carries two bounds from pass to pass (Hamerly, SDM 2010): at most how far its
 * centroid is, and at least how far every other one is. Centroids that moved by δ loosen them by δ.
 * Where the bounds still leave no doubt the row keeps its centroid and is not even read. Where they
 * hold for all but the {@link Drift#movers}, the row is compared with its own centroid and these;
 * else with all centroids of its group.
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
   * @param largest largest ‖x‖² of a row
   * @param distances whether the state is to hold distances
   */
  record Input(
      String layout,
      Centroids centroids,
      ArrayList<String> states,
      String drift,
      double largest,
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
  private final float[] c;

  /** Rows to be compared with all centroids, with movers, and whose distance alone is wanted. */
  private final Tile all;

  private final Tile few;
  private final Tile settled;

  /** The movers of a group, and the group; −1 for none. */
  private final List<CentroidReader.Tile> movers = new ArrayList<>();

  private int gathered = -1;
  private long changed;
  private long compared;

  private AssignChunk(Scratch scratch, Input input, Chunk chunk, Workspace workspace)
      throws IOException {
    this.scratch = scratch;
    this.input = input;
    this.workspace = workspace;
    this.centroids = input.centroids();
    this.dim = centroids.dim();
    workspace.rows.ensure((long) Kernel.ROWS * dim);
    this.all = new Tile(new Kernel(workspace.products(0, dim), input.largest()));
    this.few = new Tile(new Kernel(workspace.products(1, dim), input.largest()));
    this.settled = new Tile(null);
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
    static List<Range> of(int chunks, int parallelism) {
      int units =
          Math.min(chunks, parallelism * Math.max(1, Math.min(4, chunks / parallelism / 4)));
      List<Range> all = new ArrayList<>();
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
  record Results(ArrayList<Result> chunks, Sums.Partial partial) implements Serializable {}

  /** Works on some chunks. */
  static Results of(String input, Range range, Scratch scratch, Workspace workspace)
      throws IOException {
    Input in = workspace.load(input, Input.class);
    List<Chunk> chunks =
        workspace.load(in.layout(), Chunk.Layout.class).chunks().subList(range.from(), range.to());
    int perGroup = in.centroids().perGroup();
    int first = chunks.stream().mapToInt(Chunk::firstGroup).min().orElse(0) * perGroup;
    int end = chunks.stream().mapToInt(Chunk::endGroup).max().orElse(0) * perGroup;
    ArrayList<Result> results = new ArrayList<>();
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
          compare(all, piece.group(), reader, sums);
          compare(few, piece.group(), reader, sums);
        }
      }
      measure(reader);
      long rejected = Arrays.stream(label).filter(l -> l < 0).count();
      return new Result(save(), changed, compared, rejected);
    } finally {
      release();
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

  private RawFile open(String path) throws IOException {
    RawFile file = open.get(path);
    if (file == null) {
      file = RawFile.open(path);
      open.put(path, file);
    }
    return file;
  }

  /** Lets rows wait for the comparison unless their bounds decide. */
  private void piece(Chunk.Piece piece, int at, CentroidReader reader, Sums sums)
      throws IOException {
    RowFile of = piece.file();
    RawFile file = open(of.path());
    RawFile codes = open(of.codes());
    int n = piece.rows();
    float[] norms = file.floats(of.normsAt(piece.from()), n);
    float[] scales = codes.floats(of.scalesAt(piece.from()), n);
    float[] errors = codes.floats(of.errorsAt(piece.from()), n);
    Tile[] tile = new Tile[n];
    for (int i = 0; i < n; i++) {
      tile[i] = tile(norms[i], at + i, piece.group());
    }
    int r = 0;
    while (r < n) {
      Tile t = tile[r];
      if (t == null) {
        r++;
        continue;
      }
      int first = t.size;
      int end = r;
      for (; end < n && tile[end] == t && t.size < Kernel.ROWS; end++) {
        if (t.kernel != null) {
          t.kernel.norm[t.size] = norms[end];
          t.kernel.scale[t.size] = scales[end];
          t.kernel.error[t.size] = errors[end];
        }
        t.add(at + end, file, of.at(piece.from() + end));
      }
      if (t.kernel != null) {
        codes.read(of.codesAt(piece.from() + r), t.kernel.codes(first, end - r));
      }
      r = end;
      if (t.size == Kernel.ROWS) {
        compare(t, piece.group(), reader, sums);
      }
    }
  }

  /** Where a row has to wait; null if its bounds, which are loosened here, tell all. */
  private Tile tile(float norm, int at, int group) {
    int own = label[at];
    if (Float.isNaN(norm)) {
      upper[at] = Float.NaN;
      return null;
    }
    if (own < 0) {
      return all;
    }
    float u = Math.nextUp(upper[at] + drift.distance()[own]);
    float l = Math.nextDown(lower[at] - drift.others(group, own));
    if (l > u) {
      upper[at] = u;
      lower[at] = l;
      return input.distances() ? settled : null;
    }
    float rest = Math.nextDown(lower[at] - drift.rest()[group]);
    if (rest > u) {
      upper[at] = u;
      lower[at] = rest;
      return few;
    }
    return all;
  }

  /** Does with rows what they wait for. */
  private void compare(Tile tile, int group, CentroidReader reader, Sums sums) throws IOException {
    if (tile == settled) {
      measure(reader);
      return;
    }
    int n = tile.size;
    if (n == 0) {
      return;
    }
    Kernel kernel = tile.kernel;
    if (tile == few) {
      int[] own = new int[n];
      float[] bound = new float[n];
      for (int i = 0; i < n; i++) {
        own[i] = label[tile.place[i]];
        bound[i] = upper[tile.place[i]];
      }
      gather(group, reader);
      kernel.nearer(n, reader, own, bound, movers, tile);
    } else {
      kernel.nearest(n, reader, group * centroids.perGroup(), centroids.perGroup(), tile);
      compared += n;
    }
    for (int i = 0; i < n; i++) {
      int at = tile.place[i];
      int found = kernel.index[i];
      if (found != label[at]) {
        sums.move(tile.row(i), label[at], found);
        label[at] = found;
        changed++;
      }
      if (input.distances()) {
        upper[at] = distance(tile.row(i), found, reader);
      } else {
        float least = Math.nextDown((float) Math.sqrt(Math.max(0, kernel.least[i])));
        upper[at] = Math.nextUp((float) Math.sqrt(Math.max(0, kernel.most[i])));
        lower[at] = tile == few ? Math.min(lower[at], least) : least;
      }
    }
    tile.clear();
  }

  private void gather(int group, CentroidReader reader) throws IOException {
    if (gathered == group) {
      return;
    }
    release();
    int end = drift.firstMover()[group + 1];
    for (int from = drift.firstMover()[group]; from < end; from += Kernel.COLUMNS) {
      int to = Math.min(end, from + Kernel.COLUMNS);
      movers.add(
          reader.load(Arrays.copyOfRange(drift.movers(), from, to), Math.sqrt(input.largest())));
    }
    gathered = group;
  }

  private void release() {
    movers.forEach(t -> t.codes().close());
    movers.clear();
    gathered = -1;
  }

  private void measure(CentroidReader reader) throws IOException {
    for (int i = 0; i < settled.size; i++) {
      int at = settled.place[i];
      upper[at] = distance(settled.row(i), label[at], reader);
    }
    settled.clear();
  }

  private float distance(float[] x, int centroid, CentroidReader reader) throws IOException {
    reader.row(centroid, c);
    return (float) Kernel.distance(x, c, dim);
  }

  /** Some rows, read when they are asked for together with their neighbours among them. */
  private final class Tile implements Kernel.Rows {
    final Kernel kernel;
    final int[] place = new int[Kernel.ROWS];
    private final RawFile[] file = new RawFile[Kernel.ROWS];
    private final long[] offset = new long[Kernel.ROWS];
    private final float[] x = new float[dim];
    private int held;
    private int end;
    int size;

    Tile(Kernel kernel) {
      this.kernel = kernel;
    }

    /**
     * Adds a row.
     *
     * @param at its place in the chunk
     * @param from where its values begin in the file
     */
    void add(int at, RawFile in, long from) {
      place[size] = at;
      file[size] = in;
      offset[size++] = from;
    }

    @Override
    public float[] row(int i) throws IOException {
      if (i < held || i >= end) {
        held = i;
        end = i + 1;
        while (end < size && file[end] == file[i] && offset[end] == offset[end - 1] + 4L * dim) {
          end++;
        }
        file[i].read(offset[i], workspace.rows.bytes(0, (end - i) * dim));
      }
      workspace.rows.get((i - held) * dim, x, dim);
      return x;
    }

    void clear() {
      size = 0;
      held = 0;
      end = 0;
    }
  }
}
