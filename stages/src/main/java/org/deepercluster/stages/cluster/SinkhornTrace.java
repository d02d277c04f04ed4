package org.deepercluster.stages.cluster;

import java.io.Serializable;

/**
 * What one iteration of Sinkhorn-Knopp found for a head, with the α it started from.
 *
 * @param head h, from 0
 * @param iteration from 0
 * @param objective −Σ_i Σ_y Q_yi log p(y|x_i), in nats: what the labels cost per image
 * @param error max_y |K·Σ_i Q_yi − 1|: how far the labels' shares are from equal
 */
record SinkhornTrace(int head, int iteration, double objective, double error)
    implements Serializable {}
