package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * Where Lloyd's algorithm stands on one level: all that the next pass starts from.
 *
 * @param level 1 or 2
 * @param iteration passes made
 * @param centroids for the next pass; after the last one, those that it was made with
 * @param states of the chunks, as {@link AssignChunk} writes them; empty before the first pass
 * @param sums of the clusters, one file per slice; empty before the first pass and after the last
 * @param drift file of the {@link Drift} of the centroids since the states; null as above
 * @param counts members of each cluster; null before the first pass
 * @param rejected rows without a cluster
 * @param trace of the last pass; null before the first
 */
record Lloyd(
    int level,
    int iteration,
    Centroids centroids,
    ArrayList<String> states,
    ArrayList<String> sums,
    String drift,
    long[] counts,
    long rejected,
    Trace trace)
    implements Serializable {

  /** Before the first pass. */
  static Lloyd from(int level, Centroids start) {
    return new Lloyd(level, 0, start, new ArrayList<>(), new ArrayList<>(), null, null, 0, null);
  }

  /** Files that only the next pass needs. */
  List<String> files(boolean withCentroids) {
    List<String> files = new ArrayList<>(states);
    files.addAll(sums);
    if (drift != null) {
      files.add(drift);
    }
    if (withCentroids) {
      files.addAll(centroids.files());
    }
    return files;
  }
}
