package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Paths;

/** The runs of an experiment: folders {@code <output>/<experiment>/<id>}, on any file system. */
public final class RunStore {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

  private RunStore() {}

  /** Where the runs are: local paths made absolute, other addresses as they are. */
  static String root(Experiment e) {
    return Paths.join(absolute(e.output()), e.name());
  }

  /** A local path made absolute, another address as it is. */
  static String absolute(String output) {
    boolean address = output.matches("[a-zA-Z][a-zA-Z0-9+.-]+://.*");
    return address ? output : java.nio.file.Path.of(output).toAbsolutePath().normalize().toString();
  }

  /**
   * Looks at the output before anything else is done.
   *
   * @throws IOException when runs cannot be listed there
   */
  static void check(Experiment e) throws IOException {
    var unused = Files.match(root(e), "*");
  }

  /**
   * The run to continue: the newest one that is not finished and has the same resolved settings and
   * the same input digests.
   */
  public static Optional<RunRecord> unfinished(Experiment e, SortedMap<String, String> inputs)
      throws IOException {
    return Files.match(root(e), "*/" + RunRecord.FILE).stream()
        .map(RunStore::read)
        .filter(r -> !r.status().equals(RunRecord.FINISHED))
        .filter(r -> r.digest().equals(e.digest()) && r.inputs().equals(inputs))
        .max(Comparator.comparing(RunRecord::id));
  }

  private static RunRecord read(String path) {
    try {
      return Json.read(path, RunRecord.class);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** A new run, not yet written. */
  static RunRecord create(Experiment e, SortedMap<String, String> inputs, String code) {
    Instant now = Instant.now();
    return new RunRecord(
        TIME.format(now) + "-" + UUID.randomUUID().toString().substring(0, 4),
        e.name(),
        e.digest(),
        new TreeMap<>(inputs),
        now.truncatedTo(java.time.temporal.ChronoUnit.SECONDS).toString(),
        RunRecord.RUNNING,
        code,
        "",
        new TreeMap<>());
  }

  /** Folder of a run. */
  public static String directory(Experiment e, RunRecord run) {
    return Paths.join(root(e), run.id());
  }

  static void write(String directory, RunRecord run) throws IOException {
    Json.write(Paths.join(directory, RunRecord.FILE), run);
  }
}
