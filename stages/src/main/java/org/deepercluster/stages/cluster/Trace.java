package org.deepercluster.stages.cluster;

import java.io.Serializable;

/**
 * What one pass over the data found, with the centroids it started from.
 *
 * @param level 1 for super-clusters, 2 for sub-clusters (all super-clusters together)
 * @param iteration pass number from 0; the last one is the final assignment
 * @param objective Σ ‖x_n − c‖² over the images, c the nearest centroid (of the own super-cluster)
 * @param changed images whose nearest centroid is another than in the pass before; all in the first
 * @param moved largest Euclidean distance that a centroid's mean moved by; 0 for the final pass
 * @param empties clusters without a member
 * @param imbalance K·Σ n_i² / (Σ n_i)² over the cluster sizes: 1 is perfectly balanced
 * @param compared images that were compared with all centroids; the bounds decided for the others
 */
public record Trace(
    int level,
    int iteration,
    double objective,
    long changed,
    double moved,
    int empties,
    double imbalance,
    long compared)
    implements Serializable {}
