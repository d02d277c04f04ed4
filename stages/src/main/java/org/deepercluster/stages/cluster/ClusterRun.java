package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.deepercluster.stages.cluster.FeatureRows.Share;
import org.deepercluster.stages.table.Part;

/**
 * A whole clustering, from the features to the tables: moments, whitening, both levels of k-means,
 * result. All of it runs over {@link Units} and leaves its intermediate results in a {@link
 * Scratch}, so that it does not matter who runs it, on how many threads, and how often it was
 * interrupted.
 *
 * @param config what to do
 * @param seed of this clustering
 * @param features files of the features
 * @param previous assignments of the clustering before, to start from the means of its members;
 *     empty: start by {@code config.init()}
 * @param directory folder that the tables are written to
 */
record ClusterRun(
    ClusterConfig config,
    long seed,
    ArrayList<Part> features,
    ArrayList<Part> previous,
    String directory)
    implements Serializable {

  /** Moments are merged from at most so many runs of features: each is a file of d² doubles. */
  private static final int MOMENTS = 64;

  /** Bytes of features that are worth a file of moments. */
  private static final int SMALL_RUN = 16 << 20;

  /**
   * Runs it, or what is left of it.
   *
   * @param progress told after each pass
   * @return files of the tables
   */
  List<Part> run(Scratch scratch, Units units, Consumer<Trace> progress) throws Exception {
    int d = FeatureRows.dim(features);
    if (d == 0) {
      throw new IllegalArgumentException("clustering needs at least one feature row, got none");
    }
    String pca = scratch.once("pca", String.class, () -> fit(scratch, units, d));
    List<Share> shares = FeatureRows.shares(features, config.pcaDim());
    int dim = config.pcaDim();
    RowFiles rows =
        scratch.once(
            "rows",
            RowFiles.class,
            () ->
                new RowFiles(
                    new ArrayList<>(
                        units.run(
                            "whiten",
                            shares,
                            (share, w) ->
                                whiten(share, w.load(pca, PcaModel.class), dim, scratch)))));
    Passes passes = new Passes(scratch, units, rows.files(), config.spherical());
    HierarchicalKMeans.Model model = kmeans().run(passes, starts(passes, shares), progress);
    return write(scratch, units, shares, pca, model);
  }

  /** What runs on the whitened rows. */
  HierarchicalKMeans kmeans() {
    return new HierarchicalKMeans(
        config.m(), config.k(), config.iterations(), config.tolerance(), seed);
  }

  private HierarchicalKMeans.Starts starts(Passes passes, List<Share> shares) throws Exception {
    if (previous.isEmpty()) {
      return switch (config.init()) {
        case ClusterConfig.PLUS_PLUS -> new DistanceSampling(passes, false);
        case ClusterConfig.PARALLEL -> new DistanceSampling(passes, true);
        default -> passes::start;
      };
    }
    Map<Integer, Part> byIndex = new HashMap<>();
    previous.forEach(p -> byIndex.put(p.index(), p));
    ArrayList<ArrayList<Part>> assignments = new ArrayList<>();
    for (Share s : shares) {
      assignments.add(
          new ArrayList<>(s.parts().stream().map(p -> byIndex.get(p.index())).toList()));
    }
    WarmStart warm = new WarmStart(passes, assignments, config.m(), config.k() / config.m());
    // Both now: once the passes are on level 2, rows are no longer in the order of the images.
    List<Centroids> levels = List.of(warm.of(1), warm.of(2));
    return (level, perGroup, levelSeed) -> levels.get(level - 1);
  }

  private record RowFiles(ArrayList<RowFile> files) implements Serializable {}

  /** Fits the whitening and gives its file. */
  private String fit(Scratch scratch, Units units, int d) throws Exception {
    long total = features.stream().mapToLong(Part::rows).sum();
    PcaSample sample = PcaSample.of(total, d, config.pcaSample());
    List<String> files =
        units.run(
            "pca",
            FeatureRows.runs(
                features, Math.max((total + MOMENTS - 1) / MOMENTS, (SMALL_RUN / 4) / d)),
            (share, w) -> {
              Moments of = new Moments(d);
              FeatureRows.read(share, block -> of.add(Moments.of(block, sample)));
              return scratch.share("moments", of);
            });
    // A unit too: eigenvectors depend, in their last bits, on the kind of CPU and its threads.
    int pcaDim = config.pcaDim();
    List<String> model =
        units.run(
            "pca-fit",
            List.of(new ArrayList<>(files)),
            (all, w) -> {
              Moments moments = new Moments(d);
              for (String f : all) {
                moments.add(Scratch.load(f, Moments.class));
              }
              return scratch.share("pca", PcaModel.fit(moments, pcaDim));
            });
    Scratch.delete(files);
    return model.get(0);
  }

  private static RowFile whiten(Share share, PcaModel pca, int dim, Scratch scratch)
      throws IOException {
    try (RowFile.Writer out = new RowFile.Writer(scratch.fresh("rows"), dim, share.firstRow())) {
      FeatureRows.read(
          share,
          block ->
              out.append(
                  Math.toIntExact(block.firstRow() - share.firstRow()),
                  pca.transform(block.data(), block.rows())));
      return out.finish();
    }
  }

  private List<Part> write(
      Scratch scratch, Units units, List<Share> shares, String pca, HierarchicalKMeans.Model model)
      throws Exception {
    ArrayList<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < shares.size(); i++) {
      outcomes.add(new Outcome(shares.get(i), model.shares().get(i)));
    }
    String all = scratch.share("outcomes", new Outcomes(outcomes));
    String to = directory;
    int perGroup = config.k() / config.m();
    List<Part> parts = new ArrayList<>();
    for (ArrayList<Part> p :
        units.run(
            "write",
            IntStream.range(0, shares.size()).boxed().toList(),
            (i, w) ->
                ClusterResult.assignments(
                    to, w.load(all, Outcomes.class).all().get(i), perGroup))) {
      parts.addAll(p);
    }
    parts.addAll(ClusterResult.model(to, Scratch.load(pca, PcaModel.class), model));
    return parts;
  }

  /** A share's images and where they went. */
  record Outcome(Share share, Passes.Share found) implements Serializable {}

  private record Outcomes(ArrayList<Outcome> all) implements Serializable {}
}
