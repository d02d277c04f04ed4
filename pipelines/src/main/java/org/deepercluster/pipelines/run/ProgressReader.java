package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.stages.beam.Progress;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Paths;

/** Follows the numbered records that workers leave in an attempt's folder. */
final class ProgressReader {
  private final String folder;
  private final String job;
  private final int units;
  private final Set<String> seen = new HashSet<>();
  private final Map<Integer, Double> done = new HashMap<>();
  private final Set<Integer> finished = new HashSet<>();
  private final SortedMap<String, Double> metrics = new TreeMap<>();
  private final long started = System.nanoTime();
  private long lastFinished = started;
  private boolean slowTold;

  ProgressReader(String directory, String job, int units) {
    this.folder = Paths.join(directory, Progress.FOLDER);
    this.job = job;
    this.units = units;
  }

  /** Reads what is new. */
  StageProgress read() throws IOException {
    // Of the records of one try of a unit, numbered at the end of their names, the last says all.
    Map<String, String> fresh = new TreeMap<>();
    for (String path : Files.match(folder, "*.json")) {
      if (seen.add(path)) {
        fresh.put(path.substring(0, path.lastIndexOf('-')), path);
      }
    }
    for (String path : fresh.values()) {
      Progress p = Json.read(path, Progress.class);
      done.put(p.unit(), p.finished() ? 1.0 : p.total() == 0 ? 0 : (double) p.done() / p.total());
      if (p.finished()) {
        if (finished.add(p.unit())) {
          lastFinished = System.nanoTime();
        }
      }
      metrics.putAll(p.metrics());
    }
    double sum = done.values().stream().mapToDouble(Double::doubleValue).sum();
    return new StageProgress(
        job, units, finished.size(), units == 0 ? 1 : sum / units, new TreeMap<>(metrics));
  }

  /**
   * Says once which units are late: at least half of them are done, and the rest has taken as long
   * again, and {@code patience} more. Nothing is done about it; a slow share is waited for.
   */
  Optional<String> late(Duration patience) {
    long now = System.nanoTime();
    if (slowTold
        || finished.size() == units
        || 2 * finished.size() < units
        || now - lastFinished < lastFinished - started + patience.toNanos()) {
      return Optional.empty();
    }
    slowTold = true;
    List<String> late = new ArrayList<>();
    for (int u = 0; u < units && late.size() < 8; u++) {
      if (!finished.contains(u)) {
        late.add(String.format("%d (%.0f %%)", u, 100 * done.getOrDefault(u, 0.0)));
      }
    }
    return Optional.of(
        String.format(
            "%d of %d units were done after %d s; still waiting for unit %s",
            finished.size(),
            units,
            Duration.ofNanos(lastFinished - started).toSeconds(),
            String.join(", ", late)));
  }
}
