package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
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

  ProgressReader(String directory, String job, int units) {
    this.folder = Paths.join(directory, Progress.FOLDER);
    this.job = job;
    this.units = units;
  }

  /** Reads what is new. */
  StageProgress read() throws IOException {
    for (String path : Files.match(folder, "*.json")) {
      if (seen.add(path)) {
        Progress p = Json.read(path, Progress.class);
        done.put(p.unit(), p.finished() ? 1.0 : p.total() == 0 ? 0 : (double) p.done() / p.total());
        if (p.finished()) {
          finished.add(p.unit());
        }
        metrics.putAll(p.metrics());
      }
    }
    double sum = done.values().stream().mapToDouble(Double::doubleValue).sum();
    return new StageProgress(
        job, units, finished.size(), units == 0 ? 1 : sum / units, new TreeMap<>(metrics));
  }
}
