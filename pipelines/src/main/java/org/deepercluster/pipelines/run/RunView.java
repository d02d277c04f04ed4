package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Paths;

/** A run as it is seen in its folder, by whoever can read that. */
public final class RunView {
  /** A process has taken the run and says nothing of it yet. */
  static final String STARTING = "starting";

  /** The process that worked on the run is gone, without a word. */
  static final String LOST = "lost";

  private final String directory;
  private final RunRecord record;
  private final RunState status;
  private final String state;

  private RunView(String directory, RunRecord record, RunState status, String state) {
    this.directory = directory;
    this.record = record;
    this.status = status;
    this.state = state;
  }

  /**
   * Finds a run.
   *
   * @param run its folder, its id, or {@code <experiment>/<id>}
   * @param output folder in which runs named by id are looked for
   * @throws org.deepercluster.stages.config.InvalidSettingsException when there is no such run
   */
  public static RunView find(String run, String output) throws IOException {
    String folder = absolute(run);
    if (Files.exists(Paths.join(folder, RunRecord.FILE))) {
      return read(folder);
    }
    String root = absolute(output);
    // Characters with a meaning in patterns cannot be in a run's name.
    if (run.matches("[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)?/?")) {
      String below = run.replaceAll("/$", "");
      String pattern = (below.contains("/") ? "" : "*/") + below + "/" + RunRecord.FILE;
      List<String> found = Files.match(root, pattern);
      if (found.size() == 1) {
        return read(parent(found.get(0)));
      }
      Schema.require(
          found.size() < 2,
          "is the id of several runs, name one by its folder: "
              + String.join(", ", found.stream().map(RunView::parent).toList()),
          "RUN");
    }
    Schema.require(
        false,
        "must be the folder of a run, or the id or EXPERIMENT/ID of one below "
            + root
            + " (--output), got "
            + run,
        "RUN");
    throw new AssertionError();
  }

  /** The runs below a folder, newest first. */
  public static List<RunView> list(String output) throws IOException {
    List<RunView> runs = new java.util.ArrayList<>();
    for (String path : Files.match(absolute(output), "*/*/" + RunRecord.FILE)) {
      runs.add(read(parent(path)));
    }
    runs.sort(java.util.Comparator.comparing((RunView r) -> r.record.created()).reversed());
    return runs;
  }

  /** Reads what is in a run's folder. */
  static RunView read(String directory) throws IOException {
    RunView seen = look(directory);
    // It may have ended between reading its status and its lock.
    return seen.state.equals(LOST) ? look(directory) : seen;
  }

  private static RunView look(String directory) throws IOException {
    RunState status = RunState.read(directory);
    RunLock.Owner owner = RunLock.holder(directory);
    RunRecord record = Json.read(Paths.join(directory, RunRecord.FILE), RunRecord.class);
    String state;
    if (owner != null && owner.alive()) {
      state = status != null && status.owner().equals(owner.id()) ? status.state() : STARTING;
    } else {
      state =
          status == null || status.state().equals(RunRecord.RUNNING)
              ? record.status()
              : status.state();
      if (state.equals(RunRecord.RUNNING)) {
        state = LOST;
      }
    }
    return new RunView(directory, record, status, state);
  }

  /** Id of the run. */
  public String id() {
    return record.id();
  }

  /** URI of the run's folder. */
  public String directory() {
    return directory;
  }

  /**
   * {@code starting}, {@code running}, {@code finished}, {@code failed}, {@code cancelled}, {@code
   * interrupted}, or {@code lost}: the process is gone without having said how the run ended.
   */
  public String state() {
    return state;
  }

  /** Whether a process is at work. */
  public boolean working() {
    return state.equals(RunRecord.RUNNING) || state.equals(STARTING);
  }

  /** The log so far, a line each, beginning with its time. */
  public List<String> log() throws IOException {
    return StatusWriter.lines(directory);
  }

  RunRecord record() {
    return record;
  }

  /** What the process said last; null when it has not. */
  RunState status() {
    return status;
  }

  /** Everything, for programs. */
  public Map<String, Object> json() {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("run", record.id());
    m.put("experiment", record.experiment());
    m.put("directory", directory);
    m.put("created", record.created());
    m.put("state", state);
    m.put("metrics", record.metrics());
    if (status != null) {
      m.put("stage", status.stage());
      m.put("number", status.number());
      m.put("of", status.of());
      m.put("fraction", status.fraction());
      m.put("what", status.what());
      m.put("stageMetrics", status.metrics());
      m.put("started", status.started());
      m.put("updated", status.updated());
      m.put("secondsLeft", status.secondsLeft());
      m.put("host", status.host());
      m.put("pid", status.pid());
      m.put("url", status.url());
      m.put("flink", status.flink());
      m.put("error", status.error());
    }
    return m;
  }

  /** One line: experiment and id, state, stage, age. */
  public String line() {
    return String.format(
        Locale.ROOT,
        "%-44s %-11s %-26s %s",
        record.experiment() + "/" + record.id(),
        state,
        status == null || status.stage().isEmpty()
            ? ""
            : String.format("[%d/%d] %s", status.number(), status.of(), status.stage()),
        ago(record.created()));
  }

  /** Several lines, for people. */
  public String text() {
    StringBuilder b = new StringBuilder();
    row(b, "Run", record.id() + " of " + record.experiment());
    row(b, "State", explained());
    if (status != null && !status.stage().isEmpty()) {
      row(b, "Stage", stage());
    }
    if (status != null) {
      if (state.equals(RunRecord.RUNNING)) {
        row(
            b,
            "Time",
            ConsoleDisplay.clock((double) since(status.started()).toSeconds())
                + (status.secondsLeft() > 0
                    ? ", about " + ConsoleDisplay.clock(status.secondsLeft()) + " left"
                    : ""));
      }
      row(
          b,
          "Process",
          status.pid() + " on " + status.host() + ", last heard of " + ago(status.updated()));
      if (status.flink() != null && !status.flink().page().isEmpty()) {
        row(b, "Flink", status.flink().page());
      }
      if (!status.url().isEmpty()) {
        row(b, "MLflow", status.url());
      }
      if (!status.error().isEmpty()) {
        row(b, "Error", status.error());
      }
    }
    row(b, "Folder", directory);
    return b.toString();
  }

  private String explained() {
    boolean known = status != null;
    return switch (state) {
      case LOST ->
          known
              ? "lost: the process "
                  + status.pid()
                  + " on "
                  + status.host()
                  + " ended; the same command continues it"
              : "lost: its process ended; the same command continues it";
      case RunRecord.FAILED, RunRecord.CANCELLED, RunState.INTERRUPTED ->
          state + "; the same command continues it";
      default -> state;
    };
  }

  private String stage() {
    StringBuilder b =
        new StringBuilder(
            String.format(
                "[%d/%d] %s %.0f %%",
                status.number(), status.of(), status.stage(), 100 * status.fraction()));
    if (!status.what().isEmpty()) {
      b.append("  ").append(status.what());
    }
    SortedMap<String, Double> numbers = new TreeMap<>(status.metrics());
    numbers.forEach(
        (k, v) -> b.append("  ").append(k).append(' ').append(ConsoleDisplay.number(v)));
    return b.toString();
  }

  private static void row(StringBuilder b, String label, String value) {
    b.append(String.format("%-8s %s%n", label, value));
  }

  private static Duration since(String time) {
    Duration d = Duration.between(Instant.parse(time), Instant.now());
    return d.isNegative() ? Duration.ZERO : d;
  }

  private static String ago(String time) {
    Duration d = since(time);
    if (d.toSeconds() < 60) {
      return d.toSeconds() + " s ago";
    }
    if (d.toMinutes() < 60) {
      return d.toMinutes() + " min ago";
    }
    return d.toHours() < 48 ? d.toHours() + " h ago" : d.toDays() + " days ago";
  }

  private static String parent(String path) {
    return path.substring(0, path.lastIndexOf('/'));
  }

  private static String absolute(String path) {
    return path.contains("://")
        ? path.replaceAll("/+$", "")
        : java.nio.file.Path.of(path).toAbsolutePath().normalize().toString();
  }
}
