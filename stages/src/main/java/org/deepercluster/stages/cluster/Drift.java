package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.Arrays;

/**
 * How far each centroid moved since the rows' bounds were made, rounded up; and which ones are the
 * movers of their group, the few that moved farthest. Bounds that hold for the others spare a row
 * all comparisons but those with the movers.
 *
 * @param distance of each centroid
 * @param largest of each group, the largest distance
 * @param second of each group, the second largest
 * @param farthest of each group, the centroid with the largest
 * @param movers of all groups, increasing
 * @param firstMover of each group, where its movers begin; one more for the end
 * @param rest of each group, the largest distance of a centroid that is no mover
 */
record Drift(
    float[] distance,
    float[] largest,
    float[] second,
    int[] farthest,
    int[] movers,
    int[] firstMover,
    float[] rest)
    implements Serializable {

  /** Groups with fewer centroids have no movers. */
  static final int SMALLEST_GROUP = 64;

  /** At most this part of a group are movers. */
  private static final int PART = 8;

  /** Movers take up to this much room. */
  private static final int ROOM_BYTES = 64 << 20;

  static Drift of(float[] distance, int groups, int dim) {
    int perGroup = distance.length / groups;
    int most = perGroup < SMALLEST_GROUP ? 0 : Math.min(perGroup / PART, ROOM_BYTES / dim);
    float[] largest = new float[groups];
    float[] second = new float[groups];
    int[] farthest = new int[groups];
    float[] rest = new float[groups];
    int[] first = new int[groups + 1];
    int[] movers = new int[groups * most];
    int n = 0;
    for (int g = 0; g < groups; g++) {
      int from = g * perGroup;
      farthest[g] = from;
      for (int c = from; c < from + perGroup; c++) {
        if (distance[c] > largest[g]) {
          second[g] = largest[g];
          largest[g] = distance[c];
          farthest[g] = c;
        } else if (distance[c] > second[g]) {
          second[g] = distance[c];
        }
      }
      rest[g] = largest[g];
      if (most > 0) {
        float limit = limit(Arrays.copyOfRange(distance, from, from + perGroup), most);
        rest[g] = 0;
        for (int c = from; c < from + perGroup; c++) {
          if (distance[c] > limit) {
            movers[n++] = c;
          } else {
            rest[g] = Math.max(rest[g], distance[c]);
          }
        }
      }
      first[g + 1] = n;
    }
    return new Drift(distance, largest, second, farthest, Arrays.copyOf(movers, n), first, rest);
  }

  /** Movers moved farther than this: no more of them than pays. */
  private static float limit(float[] distance, int most) {
    Arrays.sort(distance);
    return 1.25f * distance[distance.length - 1 - most];
  }

  /** The most that any other centroid of the group moved. */
  float others(int group, int centroid) {
    return farthest[group] == centroid ? second[group] : largest[group];
  }
}
