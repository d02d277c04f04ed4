package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.deepercluster.stages.table.Part;

/**
 * Centroids to start from that are the means, in the present whitened space, of the members of an
 * earlier clustering's clusters. A cluster without members takes over half of a donor, as after a
 * pass of k-means ({@link CentroidUpdate}); in a group without any member they are zero.
 *
 * @param passes on level 1
 * @param assignments of the earlier clustering: of each share of the rows, its files
 * @param m super-clusters
 * @param perSuper sub-clusters of each, k/m
 */
record WarmStart(Passes passes, ArrayList<ArrayList<Part>> assignments, int m, int perSuper) {

  /** Means of the members of the super-clusters (level 1) or of the sub-clusters (level 2). */
  Centroids of(int level) throws Exception {
    return passes.scratch().once("warm" + level, Centroids.class, () -> means(level));
  }

  /** A share of the rows and what it was assigned to. */
  private record Share(RowFile rows, ArrayList<Part> assignments) implements Serializable {}

  private Centroids means(int level) throws Exception {
    int groups = level == 1 ? 1 : m;
    int perGroup = level == 1 ? m : perSuper;
    Scratch scratch = passes.scratch();
    List<RowFile> files =
        passes.layout().chunks().stream().map(c -> c.pieces().get(0).file()).toList();
    List<Share> shares = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      shares.add(new Share(files.get(i), assignments.get(i)));
    }
    Centroids zeros = zeros(groups, perGroup);
    int k = perSuper;
    int width = zeros.width();
    int count = groups * perGroup;
    ArrayList<Sums.Partial> partials = new ArrayList<>();
    passes
        .units()
        .run("warm" + level, shares, (s, w) -> sums(s, k, level, count, width, scratch))
        .stream()
        .filter(p -> p.path() != null)
        .forEach(partials::add);
    Centroids means = passes.means("warm" + level, zeros, partials);
    List<String> spent = new ArrayList<>(partials.stream().map(Sums.Partial::path).toList());
    spent.addAll(zeros.files());
    Scratch.delete(spent);
    return means;
  }

  private Centroids zeros(int groups, int perGroup) throws IOException {
    int dim = passes.dim();
    int width = Centroids.width(groups, perGroup, dim);
    int count = groups * perGroup;
    List<String> files = new ArrayList<>();
    for (int from = 0; from < count; from += width) {
      int n = Math.min(width, count - from);
      files.add(Centroids.write(passes.scratch(), new float[n * dim], dim, from));
    }
    return new Centroids(groups, perGroup, dim, width, files);
  }

  private static Sums.Partial sums(
      Share share, int perSuper, int level, int count, int width, Scratch scratch)
      throws IOException {
    RowFile rows = share.rows();
    int[] label = ClusterStage.labels(share.assignments(), perSuper);
    if (label.length != rows.rows()) {
      throw new IllegalArgumentException(
          "as many rows as images in the clustering before expected, got "
              + rows.rows()
              + " and "
              + label.length);
    }
    int dim = rows.dim();
    try (Sums sums = new Sums(scratch, dim, 0, count, width);
        RawFile file = RawFile.open(rows.path())) {
      float[] norms = file.floats(rows.normsAt(0), rows.rows());
      float[] x = new float[dim];
      for (int from = 0; from < rows.rows(); from += Kernel.ROWS) {
        int n = Math.min(Kernel.ROWS, rows.rows() - from);
        float[] tile = file.floats(rows.at(from), n * dim);
        for (int i = 0; i < n; i++) {
          int l = label[from + i];
          if (l >= 0 && !Float.isNaN(norms[from + i])) {
            System.arraycopy(tile, i * dim, x, 0, dim);
            sums.move(x, -1, level == 1 ? l / perSuper : l);
          }
        }
      }
      return sums.finish();
    }
  }
}
