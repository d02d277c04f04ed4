package org.deepercluster.stages.evaluate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.cluster.Block;
import org.deepercluster.stages.cluster.Moments;
import org.deepercluster.stages.cluster.PcaModel;
import org.deepercluster.stages.cluster.PcaSample;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.model.ConvLayer;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * Search for the images of a place: R-MAC vectors (Tolias et al., ICLR 2016) of the test images and
 * of the queries' boxes, ranked by cosine similarity; mean average precision on Oxford5k's and
 * Paris6k's lists.
 */
public record Retrieval(
    @Key(
            doc =
                "Folder of the queries and their lists: `NAME_query.txt`, `NAME_good.txt`,"
                    + " `NAME_ok.txt`, `NAME_junk.txt`.")
        String groundTruth,
    @Key(
            doc =
                "Longer side that images are resized to, in pixels. Networks that take one size only"
                    + " see the whole image at that.",
            def = "1024",
            min = 32,
            max = 4096)
        int maxSide,
    @Key(doc = "Scales of the regions.", symbol = "L", def = "3", min = 1, max = 7) int levels,
    @Key(
            doc =
                "PCA-whiten the regions' vectors, by those of the training images, which must be"
                    + " others than the test images for a fair figure.",
            def = "false")
        boolean whiten,
    @Key(doc = "Convolution whose activations are taken; `last`, or its name.", def = "last")
        String layer)
    implements Protocol {

  /** Checks ranges. */
  public Retrieval {
    Schema.check(Retrieval.class, groundTruth, maxSide, levels, whiten, layer);
  }

  @Override
  public boolean needsTrain() {
    return whiten;
  }

  @Override
  public boolean needsLabels() {
    return false;
  }

  @Override
  public Work work(long train, long test, double operations) {
    return Work.inference(whiten ? train + test : test, operations);
  }

  @Override
  public List<Measurement> measure(Evaluation evaluation) throws Exception {
    List<Landmarks.Query> queries = Landmarks.read(groundTruth);
    String conv = convolution(evaluation);
    List<DescribeRegions.Task> tasks = new ArrayList<>();
    for (Evaluation.Network n : evaluation.networks()) {
      for (Part p : evaluation.test().table("images")) {
        tasks.add(new DescribeRegions.Task(n, "test", p));
      }
      if (whiten) {
        for (Part p : evaluation.train().table("images")) {
          tasks.add(new DescribeRegions.Task(n, "train", p));
        }
      }
    }
    List<Part> regions =
        evaluation
            .context()
            .run(
                "regions",
                out ->
                    new DescribeRegions(
                        evaluation.model(), this, conv, new ArrayList<>(queries), tasks, out));
    List<Measurement> rows = new ArrayList<>();
    for (Evaluation.Network n : evaluation.networks()) {
      rows.add(
          new Measurement(
              n.name(),
              Result.of(evaluation.name(), MetricNames.MAP, conv, 100 * map(regions, n, queries))));
    }
    return rows;
  }

  private String convolution(Evaluation evaluation) throws StageException {
    List<String> names;
    try (Trunk trunk = Trunk.create(evaluation.model(), 0)) {
      names = trunk.convLayers().stream().map(ConvLayer::name).toList();
    }
    if (layer.equals("last")) {
      return names.get(names.size() - 1);
    }
    if (!names.contains(layer)) {
      throw new StageException(
          evaluation.name()
              + ": layer must be last or one of "
              + String.join(", ", names)
              + "; got "
              + layer);
    }
    return layer;
  }

  private double map(List<Part> regions, Evaluation.Network network, List<Landmarks.Query> queries)
      throws Exception {
    PcaModel pca = null;
    if (whiten) {
      Columns c =
          TableReader.read(
              Part.of(regions, DescribeRegions.table(network.name(), "train").name()),
              DescribeRegions.table(network.name(), "train"));
      int dim = c.dimension("vector");
      Block block = new Block(0, 0, c.rows(), dim, c.vectors("vector"));
      pca = PcaModel.fit(Moments.of(block, PcaSample.of(c.rows(), dim, null)), dim);
    }
    Columns c =
        TableReader.read(
            Part.of(regions, DescribeRegions.table(network.name(), "test").name()),
            DescribeRegions.table(network.name(), "test"));
    int dim = c.dimension("vector");
    float[] all = c.vectors("vector");
    if (pca != null) {
      all = pca.transform(all, c.rows());
    }
    Map<String, float[]> images = new LinkedHashMap<>();
    Map<String, float[]> asked = new LinkedHashMap<>();
    for (int from = 0, to; from < c.rows(); from = to) {
      String name = c.strings("name")[from];
      String query = c.strings("query")[from];
      to = from + 1;
      while (to < c.rows()
          && c.strings("name")[to].equals(name)
          && c.strings("query")[to].equals(query)) {
        to++;
      }
      float[] sum = Rmac.sum(java.util.Arrays.copyOfRange(all, from * dim, to * dim), dim);
      (query.isEmpty() ? images : asked).put(query.isEmpty() ? name : query, sum);
    }
    Set<String> missing = new HashSet<>();
    for (Landmarks.Query q : queries) {
      if (!asked.containsKey(q.name())) {
        missing.add(q.image());
      }
    }
    if (!missing.isEmpty()) {
      throw new StageException(
          "the test images lack those of "
              + missing.size()
              + " queries, such as "
              + missing.iterator().next());
    }
    double sum = 0;
    for (Landmarks.Query q : queries) {
      sum +=
          Landmarks.averagePrecision(ranked(images, asked.get(q.name())), q.positive(), q.junk());
    }
    return sum / queries.size();
  }

  /** Names by decreasing similarity, equal ones by name. */
  private static List<String> ranked(Map<String, float[]> images, float[] query) {
    Map<String, Double> similarity = new LinkedHashMap<>();
    images.forEach(
        (name, v) -> {
          double s = 0;
          for (int i = 0; i < v.length; i++) {
            s += (double) v[i] * query[i];
          }
          similarity.put(name, s);
        });
    List<String> names = new ArrayList<>(similarity.keySet());
    names.sort(
        Comparator.comparingDouble((String n) -> -similarity.get(n))
            .thenComparing(Comparator.naturalOrder()));
    return names;
  }
}
