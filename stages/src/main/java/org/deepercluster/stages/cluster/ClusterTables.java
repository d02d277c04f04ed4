package org.deepercluster.stages.cluster;

import org.deepercluster.stages.table.Column.Type;
import org.deepercluster.stages.table.TableSchema;

/** The tables that clustering writes. */
public final class ClusterTables {
  /**
   * One row per image, in the order and blocks of the features: super-cluster c, sub-cluster z
   * within it, squared distance to the sub-cluster's centroid in the whitened space. c = −1 marks
   * an image whose features were not finite.
   */
  public static final TableSchema ASSIGNMENTS =
      TableSchema.named("assignments")
          .with("image_id", Type.STRING)
          .with("super_cluster", Type.INT)
          .with("sub_cluster", Type.INT)
          .with("distance", Type.FLOAT)
          .build();

  /**
   * The assignments table with the labels of several heads: {@code sub_cluster} of head 0, {@code
   * sub_cluster_1} of head 1, and so on.
   *
   * @param heads H, at least 1
   */
  public static TableSchema assignments(int heads) {
    return ASSIGNMENTS.repeat("sub_cluster", heads);
  }

  /** Centroids of level 1 ({@code sub_cluster} −1) and level 2, in the whitened space. */
  public static final TableSchema CENTROIDS =
      TableSchema.named("centroids")
          .with("level", Type.INT)
          .with("super_cluster", Type.INT)
          .with("sub_cluster", Type.INT)
          .with("images", Type.LONG)
          .with("centroid", Type.VECTOR)
          .build();

  /**
   * The whitening: row 0 is the mean ({@code eigenvalue} 0), row i the i-th row of the projection
   * diag(λ^-1/2)·Uᵀ with its eigenvalue λ_i.
   */
  public static final TableSchema PCA =
      TableSchema.named("pca")
          .with("component", Type.INT)
          .with("eigenvalue", Type.DOUBLE)
          .with("vector", Type.VECTOR)
          .build();

  /** One row per pass of k-means, as {@link Trace} has it. */
  public static final TableSchema TRACE =
      TableSchema.named("trace")
          .with("level", Type.INT)
          .with("iteration", Type.INT)
          .with("objective", Type.DOUBLE)
          .with("moved", Type.DOUBLE)
          .with("empties", Type.INT)
          .with("imbalance", Type.DOUBLE)
          .build();

  /**
   * Scaling of Sinkhorn-Knopp, one row per head and label: its marginal K·Σ_i Q_yi (1 where the
   * labels' shares are equal), and ln α_y, up to a constant per head.
   */
  public static final TableSchema HEADS =
      TableSchema.named("heads")
          .with("head", Type.INT)
          .with("label", Type.INT)
          .with("marginal", Type.DOUBLE)
          .with("log_alpha", Type.DOUBLE)
          .build();

  /** One row per head and iteration of Sinkhorn-Knopp, as {@link SinkhornTrace} has it. */
  public static final TableSchema ITERATIONS =
      TableSchema.named("iterations")
          .with("head", Type.INT)
          .with("iteration", Type.INT)
          .with("objective", Type.DOUBLE)
          .with("error", Type.DOUBLE)
          .build();

  private ClusterTables() {}
}
