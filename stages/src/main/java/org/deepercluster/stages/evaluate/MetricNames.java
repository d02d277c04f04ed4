package org.deepercluster.stages.evaluate;

/**
 * The stable names of evaluation results: {@code protocol/metric[/layer]}. Tracking puts {@code
 * eval/} before them (and {@code random/eval/} for the untrained network).
 *
 * <table>
 * <caption>Names</caption>
 * <tr><td>{@code linear/top1/conv5}</td><td>accuracy, percent</td></tr>
 * <tr><td>{@code lowshot10/top1/conv5}</td><td>mean accuracy over the draws of 10 images per class, percent</td></tr>
 * <tr><td>{@code lowshot10/top1_sd/conv5}</td><td>its sample standard deviation, points</td></tr>
 * <tr><td>{@code knn/top1}</td><td>accuracy, percent</td></tr>
 * <tr><td>{@code voc07-svm/map/conv13}, {@code map_11point}, {@code map_interpolated}</td><td>mean average precision, percent, see {@link AveragePrecision}</td></tr>
 * <tr><td>{@code voc07-lowshot/map_k4/conv13}</td><td>its mean over the samples of 4 images per class</td></tr>
 * <tr><td>{@code clusters/nmi}</td><td>NMI normalised by √(H·H)</td></tr>
 * <tr><td>{@code clusters/nmi_arithmetic}</td><td>NMI normalised by the arithmetic mean</td></tr>
 * <tr><td>{@code clusters/ami}, {@code ari}, {@code purity}</td><td>see {@link ClusterMetrics}</td></tr>
 * <tr><td>{@code clusters/entropy}</td><td>nats</td></tr>
 * <tr><td>{@code clusters/count}, {@code largest}, {@code smallest}</td><td>clusters; images</td></tr>
 * </table>
 */
public final class MetricNames {
  /** Linear classifiers, layer by layer. */
  public static final String LINEAR = "linear";

  /** Classifiers on a few labelled images per class; their number follows. */
  public static final String LOWSHOT = "lowshot";

  /** Weighted k-nearest-neighbour classifier. */
  public static final String KNN = "knn";

  /** Clusters against labels. */
  public static final String CLUSTERS = "clusters";

  /** Accuracy in percent, 0 to 100. */
  public static final String TOP1 = "top1";

  /** Mean over the classes of {@link AveragePrecision#area}, percent. */
  public static final String MAP = "map";

  /** Mean over the classes of {@link AveragePrecision#elevenPoint}, percent. */
  public static final String MAP_11POINT = "map_11point";

  /** Mean over the classes of {@link AveragePrecision#interpolated}, percent. */
  public static final String MAP_INTERPOLATED = "map_interpolated";

  /** NMI normalised by √(H·H). */
  public static final String NMI = "nmi";

  /** NMI normalised by the arithmetic mean. */
  public static final String NMI_ARITHMETIC = "nmi_arithmetic";

  /** Adjusted mutual information. */
  public static final String AMI = "ami";

  /** Adjusted Rand index. */
  public static final String ARI = "ari";

  /** Purity. */
  public static final String PURITY = "purity";

  /** Entropy of the cluster sizes, nats. */
  public static final String ENTROPY = "entropy";

  /** Clusters with at least one image. */
  public static final String COUNT = "count";

  /** Images of the largest cluster. */
  public static final String LARGEST = "largest";

  /** Images of the smallest cluster that has any. */
  public static final String SMALLEST = "smallest";

  private MetricNames() {}

  /** Protocol of the low-shot classifiers on {@code perClass} labelled images per class. */
  public static String lowShot(int perClass) {
    return LOWSHOT + perClass;
  }

  /** Name of the standard deviation that goes with {@code metric}. */
  public static String sd(String metric) {
    return metric + "_sd";
  }

  /**
   * Name of a result.
   *
   * @param layer convolution such as {@code conv5}, or empty for a result of the whole network
   */
  public static String name(String protocol, String metric, String layer) {
    return layer.isEmpty() ? protocol + "/" + metric : protocol + "/" + metric + "/" + layer;
  }
}
