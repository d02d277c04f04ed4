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
          .with("changed", Type.LONG)
          .with("moved", Type.DOUBLE)
          .with("empties", Type.INT)
          .with("imbalance", Type.DOUBLE)
          .with("compared", Type.LONG)
          .build();

  private ClusterTables() {}
}
