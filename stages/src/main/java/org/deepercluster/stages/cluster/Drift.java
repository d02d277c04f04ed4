package org.deepercluster.stages.cluster;

import java.io.Serializable;

/**
 * How far each centroid moved since the rows' bounds were made, rounded up.
 *
 * @param distance of each centroid
 * @param largest of each group, the largest distance
 * @param second of each group, the second largest
 * @param farthest of each group, the centroid with the largest
 */
record Drift(float[] distance, float[] largest, float[] second, int[] farthest)
    implements Serializable {

  static Drift of(float[] distance, int groups) {
    int perGroup = distance.length / groups;
    float[] largest = new float[groups];
    float[] second = new float[groups];
    int[] farthest = new int[groups];
    for (int g = 0; g < groups; g++) {
      farthest[g] = g * perGroup;
      for (int c = g * perGroup; c < (g + 1) * perGroup; c++) {
        if (distance[c] > largest[g]) {
          second[g] = largest[g];
          largest[g] = distance[c];
          farthest[g] = c;
        } else if (distance[c] > second[g]) {
          second[g] = distance[c];
        }
      }
    }
    return new Drift(distance, largest, second, farthest);
  }

  /** The most that any other centroid of the group moved. */
  float others(int group, int centroid) {
    return farthest[group] == centroid ? second[group] : largest[group];
  }
}
