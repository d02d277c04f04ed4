package org.deepercluster.stages.cluster;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.cluster.BlockFiles.BlockFile;
import org.deepercluster.stages.features.FeatureTables;
import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;

/** Passes over a large collection: one job each, over the whitened blocks in files. */
final class JobPasses implements Passes {
  /** Whitened features, kept for the passes of one clustering. */
  static final TableSchema WHITENED =
      TableSchema.named("whitened").with("vector", Type.VECTOR).build();

  /** Nearest centroid of each row, after the last pass of a level. */
  private static final TableSchema NEAREST =
      TableSchema.named("nearest").with("centroid", Type.INT).with("distance", Type.FLOAT).build();

  private final StageContext context;
  private final List<BlockFile> blocks;
  private final int dim;
  private final TreeMap<Integer, List<Part>> nearest = new TreeMap<>();
  private int shared;

  private JobPasses(StageContext context, List<Part> whitened, int dim) {
    this.context = context;
    this.blocks = BlockFile.of(whitened);
    this.dim = dim;
  }

  /** Fits the whitening: moments per block in one job, merged in block order. */
  static PcaModel fit(StageContext context, List<Part> features, ClusterConfig config)
      throws Exception {
    List<BlockFile> blocks = BlockFile.of(features);
    long total = features.stream().mapToLong(Part::rows).sum();
    int d = blocks.get(0).read(FeatureTables.FEATURES, "feature").dim();
    PcaSample sample = PcaSample.of(total, d, config.pcaSample());
    List<Part> parts =
        context.run(
            "pca",
            out ->
                new Pass(
                    blocks,
                    (b, o) ->
                        List.of(
                            Pass.save(
                                o,
                                "moments",
                                b,
                                Moments.of(b.read(FeatureTables.FEATURES, "feature"), sample))),
                    out));
    // On a worker too: eigenvectors depend, in their last bits, on the kind of CPU and its threads.
    List<Part> fitted =
        context.run(
            "pca-fit",
            out ->
                new Pass(
                    List.of(blocks.get(0)),
                    (b, o) -> {
                      Moments moments = new Moments(d);
                      for (Part p : parts) {
                        moments.add(Pass.load(p.path(), Moments.class));
                      }
                      return List.of(
                          Pass.save(o, "pca", b, PcaModel.fit(moments, config.pcaDim())));
                    },
                    out));
    return load(fitted.get(0), PcaModel.class);
  }

  /** Whitens every block, once. */
  static JobPasses whiten(StageContext context, List<Part> features, PcaModel pca)
      throws Exception {
    String model = share(context, "pca", pca);
    List<Part> parts =
        context.run(
            "whiten",
            out ->
                new Pass(
                    BlockFile.of(features),
                    (b, o) -> {
                      PcaModel p = Pass.load(model, PcaModel.class);
                      Block w = p.transform(b.read(FeatureTables.FEATURES, "feature"));
                      return List.of(
                          o.write(
                              b.part().index(),
                              Columns.of(WHITENED, w.rows()).set("vector", w.data()).build()));
                    },
                    out));
    return new JobPasses(context, parts, pca.pcaDim());
  }

  @Override
  public int dim() {
    return dim;
  }

  @Override
  public Seeding seeds(int groups, int perGroup, long seed) {
    List<Part> level1 = nearest.get(1);
    Seeding all = new Seeding(groups, perGroup);
    for (Part p :
        run(
            "start",
            (b, o) ->
                List.of(
                    Pass.save(
                        o,
                        "seeding",
                        b,
                        Seeding.of(
                            b.read(WHITENED, "vector"),
                            groups == 1 ? null : centroids(level1, b),
                            groups,
                            perGroup,
                            seed))))) {
      all.add(load(p, Seeding.class));
    }
    return all;
  }

  @Override
  public float[] rows(long[] rows) {
    float[] found = new float[Math.multiplyExact(rows.length, dim)];
    TreeMap<Long, List<Integer>> wanted = new TreeMap<>();
    for (int i = 0; i < rows.length; i++) {
      wanted.computeIfAbsent(rows[i], r -> new ArrayList<>()).add(i);
    }
    for (BlockFile b : blocks) {
      var here = wanted.subMap(b.firstRow(), b.firstRow() + b.part().rows());
      if (here.isEmpty()) {
        continue;
      }
      try {
        float[] data = b.read(WHITENED, "vector").data();
        here.forEach(
            (row, places) -> {
              int from = Math.toIntExact(row - b.firstRow()) * dim;
              for (int i : places) {
                System.arraycopy(data, from, found, i * dim, dim);
              }
            });
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
    return found;
  }

  @Override
  public Partial partial(int level, Centroids centroids) {
    String path = share(centroids);
    List<Part> level1 = nearest.get(1);
    Partial all = new Partial(centroids.count(), dim);
    for (Part p :
        run(
            "level" + level,
            (b, o) -> {
              try (KMeansPass pass = new KMeansPass(Pass.load(path, Centroids.class))) {
                Block block = b.read(WHITENED, "vector");
                return List.of(
                    Pass.save(
                        o,
                        "partial",
                        b,
                        pass.partial(block, level == 1 ? null : centroids(level1, b))));
              }
            })) {
      all.add(load(p, Partial.class));
    }
    return all;
  }

  @Override
  public Tally assign(int level, Centroids centroids) {
    String path = share(centroids);
    List<Part> level1 = nearest.get(1);
    int count = centroids.count();
    List<Part> parts =
        run(
            "assign" + level,
            (b, o) -> {
              try (KMeansPass pass = new KMeansPass(Pass.load(path, Centroids.class))) {
                Block block = b.read(WHITENED, "vector");
                BlockAssignment a = pass.assign(block, level == 1 ? null : centroids(level1, b));
                return List.of(
                    o.write(
                        b.part().index(),
                        Columns.of(NEAREST, block.rows())
                            .set("centroid", a.centroid())
                            .set("distance", a.distance())
                            .build()),
                    Pass.save(o, "tally", b, Tally.of(a, count)));
              }
            });
    Tally all = new Tally(count);
    for (Part p : parts) {
      if (p.table().equals("tally")) {
        all.add(load(p, Tally.class));
      }
    }
    nearest.put(level, parts.stream().filter(p -> p.table().equals("nearest")).toList());
    return all;
  }

  /** Writes the assignments of all blocks, and the model beside those of the first. */
  List<Part> write(List<Part> features, PcaModel pca, HierarchicalKMeans.Model model)
      throws Exception {
    List<Part> level1 = nearest.get(1);
    List<Part> level2 = nearest.get(2);
    int perGroup = model.subCentroids().perGroup();
    return context.run(
        "write",
        out ->
            new Pass(
                BlockFile.of(features),
                (b, o) -> {
                  Columns sub = TableReader.read(of(level2, b).path(), NEAREST);
                  int[] z = sub.ints("centroid").clone();
                  for (int i = 0; i < z.length; i++) {
                    z[i] = z[i] < 0 ? -1 : z[i] % perGroup;
                  }
                  List<Part> parts = new ArrayList<>();
                  parts.add(
                      ClusterResult.assignments(
                          o, b.part(), centroids(level1, b), z, sub.floats("distance"), 0));
                  if (b.id() == 0) {
                    parts.addAll(ClusterResult.model(o, pca, model));
                  }
                  return parts;
                },
                out));
  }

  private List<Part> run(String job, Pass.Step step) {
    try {
      return context.run(job, out -> new Pass(blocks, step, out));
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new PassFailedException(e);
    }
  }

  private String share(Centroids centroids) {
    try {
      return share(context, "centroids-" + shared++, centroids);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static String share(StageContext context, String name, Serializable value)
      throws IOException {
    String path = Paths.join(context.directory(), "shared", name + ".ser");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Pass.write(bytes, value);
    Files.write(path, bytes.toByteArray());
    return path;
  }

  private static Part of(List<Part> parts, BlockFile block) {
    return parts.stream()
        .filter(p -> p.index() == block.part().index())
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no file for block " + block.id()));
  }

  private static int[] centroids(List<Part> nearest, BlockFile block) throws IOException {
    return TableReader.read(of(nearest, block).path(), NEAREST, "centroid").ints("centroid");
  }

  private static <T> T load(Part part, Class<T> type) {
    try {
      return Pass.load(part.path(), type);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Carries a job's failure through {@link Passes}, which knows no jobs. */
  static final class PassFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    PassFailedException(Exception cause) {
      super(cause);
    }
  }
}
