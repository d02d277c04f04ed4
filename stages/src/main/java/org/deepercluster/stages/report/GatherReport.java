package org.deepercluster.stages.report;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deepercluster.stages.cluster.ClusterMetrics;
import org.deepercluster.stages.cluster.ClusterStage;
import org.deepercluster.stages.cluster.ClusterTables;
import org.deepercluster.stages.cluster.LabelledClusters;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.image.CropBox;
import org.deepercluster.stages.image.Image;
import org.deepercluster.stages.ingest.ImageStore;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.report.ReportStage.Input;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/** Reads the tables of a run's stages and puts together what its report shows. */
final class GatherReport {
  private static final int CLUSTERS = 6;
  private static final int IMAGES = 16;
  private static final int MIN_PUREST = 5;
  private static final int THUMBNAIL = 64;

  private final ReportData.Run run;
  private final int perSuper;
  private final long seed;
  private final ReportStage.Inputs inputs;

  GatherReport(ReportData.Run run, int perSuper, long seed, ReportStage.Inputs inputs) {
    this.run = run;
    this.perSuper = perSuper;
    this.seed = seed;
    this.inputs = inputs;
  }

  ReportData gather() throws IOException {
    List<ReportData.StageTime> times = new ArrayList<>();
    List<ReportData.Epoch> epochs = new ArrayList<>();
    List<Input> clusters = new ArrayList<>();
    Map<String, double[]> seconds = new LinkedHashMap<>();
    Map<String, Input> instances = new TreeMap<>();
    inputs.byRole().values().forEach(i -> instances.put(i.instance(), i));
    for (Input i : instances.values()) {
      String stage = i.instance().replaceFirst("-.*", "");
      double[] s = seconds.computeIfAbsent(stage, k -> new double[2]);
      s[0]++;
      s[1] += i.wallSeconds();
      if (stage.equals("train")) {
        epochs.add(epoch(i));
      } else if (stage.equals("cluster")) {
        clusters.add(i);
      }
    }
    seconds.forEach((k, v) -> times.add(new ReportData.StageTime(k, (int) v[0], v[1])));
    Input images = inputs.byRole().get("images");
    Map<String, Integer> label =
        images == null ? Map.of() : IngestTables.singleLabels(images.table("labels"));
    List<ReportData.Reassignment> reassignments = new ArrayList<>();
    List<ReportData.KMeansPass> passes = new ArrayList<>();
    for (Input c : clusters) {
      reassignments.add(reassignment(c, label));
      passes.addAll(passes(c));
    }
    Input last = clusters.isEmpty() ? null : clusters.get(clusters.size() - 1);
    Map<String, Double> metrics = new TreeMap<>();
    for (Input i : instances.values()) {
      if (i.instance().matches("evaluate(-.*)?")) {
        metrics.putAll(i.numbers());
      }
    }
    boolean trained = inputs.byRole().containsKey("trained");
    return new ReportData(
        finished(),
        images == null ? null : data(images),
        times,
        epochs,
        reassignments,
        passes,
        last == null ? null : sizes(last),
        trained ? ReportData.Score.fromMetrics(metrics, "eval/") : List.of(),
        ReportData.Score.fromMetrics(metrics, "random/eval/"),
        last == null ? List.of() : gallery(images, last, label),
        filters());
  }

  private ReportData.Run finished() {
    return new ReportData.Run(
        run.experiment(),
        run.id(),
        run.method(),
        run.network(),
        run.seed(),
        run.start(),
        Instant.now(),
        run.host(),
        run.backend(),
        run.codeVersion(),
        run.resolvedYaml(),
        run.mlflow());
  }

  private static ReportData.Data data(Input images) {
    Map<String, Long> rejected = new LinkedHashMap<>();
    images
        .numbers()
        .forEach(
            (k, v) -> {
              if (k.startsWith("rejected/")) {
                rejected.put(k.substring("rejected/".length()), v.longValue());
              }
            });
    return new ReportData.Data(
        images.numbers().get("images").longValue(),
        rejected,
        images.numbers().getOrDefault("duplicates/exact", 0.0).longValue(),
        images.numbers().getOrDefault("duplicates/near", 0.0).longValue(),
        "drop".equals(images.config().get("duplicates")),
        !images.table("labels").isEmpty());
  }

  private static ReportData.Epoch epoch(Input i) {
    Map<String, Double> n = i.numbers();
    return new ReportData.Epoch(
        Integer.parseInt(i.config().get("epoch")),
        n.getOrDefault("loss", Double.NaN),
        n.getOrDefault("loss/super", Double.NaN),
        n.getOrDefault("accuracy/super", Double.NaN),
        n.getOrDefault("loss/sub", Double.NaN),
        n.getOrDefault("accuracy/sub", Double.NaN),
        n.getOrDefault("lr", Double.NaN),
        n.getOrDefault("images_per_second", Double.NaN));
  }

  private ReportData.Reassignment reassignment(Input c, Map<String, Integer> label)
      throws IOException {
    Map<String, Double> n = c.numbers();
    ReportData.ClusterSizes sizes = sizes(c);
    double nmi = Double.NaN;
    double ari = Double.NaN;
    if (!label.isEmpty()) {
      List<Part> assignments = c.table("assignments");
      LabelledClusters both =
          LabelledClusters.of(assignments, ClusterStage.labels(assignments, perSuper), label);
      if (both.labels().length > 0) {
        ClusterMetrics m = ClusterMetrics.of(both.labels(), both.clusters());
        nmi = m.nmiGeometric();
        ari = m.ari();
      }
    }
    return new ReportData.Reassignment(
        Integer.parseInt(c.config().get("epoch")),
        n.getOrDefault("objective/level1", n.getOrDefault("sinkhorn/error", Double.NaN)),
        n.getOrDefault("objective/level2", n.getOrDefault("objective", Double.NaN)),
        n.getOrDefault("clusters/entropy", Double.NaN),
        sizes.subSizes().size(),
        n.getOrDefault("clusters/largest", 0.0).longValue(),
        sizes.subSizes().stream().filter(s -> s > 0).min(Comparator.naturalOrder()).orElse(0L),
        n.getOrDefault("clusters/empty", 0.0).longValue(),
        n.getOrDefault("clusters/nmi_previous", Double.NaN),
        nmi,
        ari);
  }

  private static List<ReportData.KMeansPass> passes(Input c) throws IOException {
    int epoch = Integer.parseInt(c.config().get("epoch"));
    Columns t = TableReader.read(c.table("trace"), ClusterTables.TRACE);
    List<ReportData.KMeansPass> passes = new ArrayList<>();
    for (int i = 0; i < t.rows(); i++) {
      passes.add(
          new ReportData.KMeansPass(
              epoch, t.ints("level")[i], t.ints("iteration")[i], t.doubles("objective")[i]));
    }
    return passes;
  }

  private ReportData.ClusterSizes sizes(Input c) throws IOException {
    if (c.table("centroids").isEmpty()) {
      return sizesByLabel(c);
    }
    Columns t = TableReader.read(c.table("centroids"), ClusterTables.CENTROIDS, "level", "images");
    List<Long> superSizes = new ArrayList<>();
    List<Long> subSizes = new ArrayList<>();
    for (int i = 0; i < t.rows(); i++) {
      (t.ints("level")[i] == 1 ? superSizes : subSizes).add(t.longs("images")[i]);
    }
    return new ReportData.ClusterSizes(superSizes, subSizes);
  }

  /** Images of each label, where there is one level and no centroids. */
  private ReportData.ClusterSizes sizesByLabel(Input c) throws IOException {
    Long[] sizes = new Long[perSuper];
    Arrays.fill(sizes, 0L);
    long all = 0;
    for (int label : ClusterStage.labels(c.table("assignments"), perSuper)) {
      if (label >= 0) {
        sizes[label]++;
        all++;
      }
    }
    return new ReportData.ClusterSizes(List.of(all), List.of(sizes));
  }

  private static Map<Integer, String> classNames(Input images) throws IOException {
    Map<Integer, String> names = new HashMap<>();
    Columns l =
        TableReader.read(images.table("labels"), IngestTables.LABELS, "label", "class_name");
    for (int i = 0; i < l.rows(); i++) {
      names.put(l.ints("label")[i], l.strings("class_name")[i]);
    }
    return names;
  }

  private record Member(int block, int row, String id) {}

  private List<ReportData.Group> gallery(Input images, Input c, Map<String, Integer> label)
      throws IOException {
    TreeMap<Integer, List<Member>> members = new TreeMap<>();
    for (Part p : c.table("assignments")) {
      Columns a = TableReader.read(p.path(), ClusterTables.ASSIGNMENTS);
      for (int i = 0; i < a.rows(); i++) {
        int s = a.ints("super_cluster")[i];
        if (s >= 0) {
          members
              .computeIfAbsent(s * perSuper + a.ints("sub_cluster")[i], k -> new ArrayList<>())
              .add(new Member(p.index(), i, a.strings("image_id")[i]));
        }
      }
    }
    Map<Integer, String> names = label.isEmpty() ? Map.of() : classNames(images);
    List<Integer> bySize = new ArrayList<>(members.keySet());
    bySize.sort(
        Comparator.comparingInt((Integer k) -> -members.get(k).size()).thenComparing(k -> k));
    try (ImageStore store = new ImageStore(images.table("images"), 256L << 20)) {
      List<ReportData.Group> groups = new ArrayList<>();
      groups.add(group(ReportData.Kind.LARGEST, head(bySize), members, label, names, store));
      List<Integer> smallest = new ArrayList<>(bySize);
      java.util.Collections.reverse(smallest);
      groups.add(group(ReportData.Kind.SMALLEST, head(smallest), members, label, names, store));
      int[] order = bySize.stream().sorted().mapToInt(Integer::intValue).toArray();
      Seeds.shuffle(order, 0, order.length, Seeds.random(Seeds.of(seed, "gallery")));
      groups.add(
          group(
              ReportData.Kind.RANDOM,
              head(Arrays.stream(order).boxed().toList()),
              members,
              label,
              names,
              store));
      if (!label.isEmpty()) {
        List<Integer> purest = new ArrayList<>(bySize);
        purest.removeIf(k -> members.get(k).size() < MIN_PUREST);
        purest.sort(
            Comparator.comparingDouble((Integer k) -> -majority(members.get(k), label)[1])
                .thenComparing(k -> -members.get(k).size())
                .thenComparing(k -> k));
        groups.add(group(ReportData.Kind.PUREST, head(purest), members, label, names, store));
      }
      return groups;
    }
  }

  private static List<Integer> head(List<Integer> keys) {
    return keys.subList(0, Math.min(CLUSTERS, keys.size()));
  }

  private ReportData.Group group(
      ReportData.Kind kind,
      List<Integer> keys,
      Map<Integer, List<Member>> members,
      Map<String, Integer> label,
      Map<Integer, String> names,
      ImageStore store)
      throws IOException {
    List<ReportData.Cluster> clusters = new ArrayList<>();
    for (int key : keys) {
      List<Member> all = members.get(key);
      int[] order = new int[all.size()];
      Arrays.setAll(order, i -> i);
      Seeds.shuffle(order, 0, order.length, Seeds.random(Seeds.of(Seeds.of(seed, "images"), key)));
      List<Thumbnail> thumbnails = new ArrayList<>();
      for (int i = 0; i < Math.min(IMAGES, order.length); i++) {
        Member m = all.get(order[i]);
        thumbnails.add(thumbnail(store.get(m.block(), m.row()).decode(2 * THUMBNAIL).image()));
      }
      double[] majority = majority(all, label);
      clusters.add(
          new ReportData.Cluster(
              key / perSuper + "." + key % perSuper,
              all.size(),
              majority[1],
              majority[0] < 0 ? null : names.get((int) majority[0]),
              thumbnails));
    }
    return new ReportData.Group(kind, clusters);
  }

  /** Most frequent label of the members, or −1, and its share of the labelled ones, or NaN. */
  private static double[] majority(List<Member> members, Map<String, Integer> label) {
    TreeMap<Integer, Integer> count = new TreeMap<>();
    int total = 0;
    for (Member m : members) {
      Integer l = label.get(m.id());
      if (l != null) {
        count.merge(l, 1, Integer::sum);
        total++;
      }
    }
    int best = -1;
    int most = 0;
    for (var e : count.entrySet()) {
      if (e.getValue() > most) {
        best = e.getKey();
        most = e.getValue();
      }
    }
    return new double[] {best, total == 0 ? Double.NaN : (double) most / total};
  }

  private static Thumbnail thumbnail(Image image) {
    return Thumbnails.of(image, CropBox.whole(image), THUMBNAIL);
  }

  /** Weights of the first convolution, [out][in][kh][kw]. */
  private float[][][][] filters() throws IOException {
    Input state = inputs.byRole().get("trained");
    if (state == null) {
      state = inputs.byRole().get("untrained");
    }
    List<Part> files = state.table(ModelFile.CHECKPOINT);
    Tensor w = ModelFile.trunkTensors(files.get(0).path()).get("conv1.weight");
    int[] s = w.shape();
    float[][][][] filters = new float[s[0]][s[1]][s[2]][s[3]];
    int at = 0;
    for (float[][][] o : filters) {
      for (float[][] i : o) {
        for (float[] r : i) {
          System.arraycopy(w.data(), at, r, 0, r.length);
          at += r.length;
        }
      }
    }
    return filters;
  }
}
