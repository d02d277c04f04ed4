package org.deepercluster.stages.cluster;

import java.io.Serializable;

/**
 * What one pass over the data found, with the centroids it started from.
 *
 * @param level 1 for super-clusters, 2 for sub-clusters (all super-clusters together)
 * @param iteration pass number from 0; the last one is the final assignment
 * @param objective Σ ‖x_n − c‖² over the images, c the nearest centroid (of the own super-cluster)
 * @param moved largest Euclidean distance that a centroid's mean moved by; 0 for the final pass
 * @param empties clusters without a member
 * @param imbalance K·Σ n_i² / (Σ n_i)² over the cluster sizes: 1 is perfectly balanced
 */
public record Trace(
    int level, int iteration, double objective, double moved, int empties, double imbalance)
    implements Serializable {}
