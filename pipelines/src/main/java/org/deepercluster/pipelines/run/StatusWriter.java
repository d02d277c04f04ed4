package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Paths;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a run be followed, and cancelled, from wherever its folder can be seen: keeps {@code
 * status.json} and {@code log.txt} there and looks for {@code cancel.json}. A thread of its own
 * does so; files that cannot be written are no fault of the run.
 */
final class StatusWriter implements RunListener, AutoCloseable {
  /** Name of the log in the run's folder: what the terminal shows for good, with the time. */
  static final String LOG_FILE = "log.txt";

  /** Name of the file that asks for the run's end. */
  static final String CANCEL_FILE = "cancel.json";

  private static final Logger LOG = LoggerFactory.getLogger(StatusWriter.class);
  private static final int MOST_LINES = 5_000;
  private static final long DISK_LOOK_MILLIS = 1_000;
  private static final long STORE_LOOK_MILLIS = 5_000;
  private static final long WRITE_NANOS = 2_000_000_000L;
  private static final long HEARTBEAT_NANOS = 10_000_000_000L;

  private final String directory;
  private final RunLock lock;
  private final String started = now();
  private final ScheduledExecutorService writer;
  private Supplier<Optional<URI>> page = Optional::empty;
  private volatile boolean cancelled;

  // guarded by this
  private final Deque<String> lines = new ArrayDeque<>();
  private Plan plan = new Plan(List.of());
  private TimeLeft timeLeft = new TimeLeft(plan);
  private StageInstance running;
  private long stageStarted;
  private String stage = "";
  private int number;
  private double fraction;
  private String what = "";
  private SortedMap<String, Double> metrics = new TreeMap<>();
  private FlinkJob flink;
  private String state = RunRecord.RUNNING;
  private String error = "";
  private boolean ended;
  private boolean changed = true;
  private boolean grown;

  // used by the writing thread alone
  private long written = System.nanoTime() - HEARTBEAT_NANOS;
  private boolean warned;

  private StatusWriter(String directory, RunLock lock) {
    this.directory = directory;
    this.lock = lock;
    this.writer =
        Executors.newSingleThreadScheduledExecutor(
            r -> {
              Thread t = new Thread(r, "run-status");
              t.setDaemon(true);
              return t;
            });
  }

  /**
   * Begins, for a process that holds the run's lock. A request to cancel that is there already was
   * meant for an earlier process and is deleted.
   *
   * @param directory URI of the run's folder
   * @param lock the run's lock
   */
  static StatusWriter open(String directory, RunLock lock) throws IOException {
    StatusWriter status = new StatusWriter(directory, lock);
    status.attempt(
        () -> {
          Files.delete(List.of(Paths.join(directory, CANCEL_FILE)));
          status.lines.addAll(lines(directory));
        });
    status.write();
    long pause = Files.onDisk(directory) ? DISK_LOOK_MILLIS : STORE_LOOK_MILLIS;
    var unused =
        status.writer.scheduleWithFixedDelay(status::look, pause, pause, TimeUnit.MILLISECONDS);
    return status;
  }

  /** Lines of a run's log; none when there is no log yet. */
  static List<String> lines(String directory) throws IOException {
    String path = Paths.join(directory, LOG_FILE);
    return Files.exists(path)
        ? new String(Files.read(path), StandardCharsets.UTF_8).lines().toList()
        : List.of();
  }

  /** What will run, and where its page in MLflow will be. */
  synchronized void planned(Plan planned, Supplier<Optional<URI>> url) {
    plan = planned;
    timeLeft = new TimeLeft(planned);
    page = url;
  }

  /** Adds to the log; the text may have several lines and colours. */
  synchronized void line(String text) {
    String time = now();
    text.replaceAll("\u001b\\[[0-9;]*[a-zA-Z]", "")
        .lines()
        .forEach(l -> lines.addLast((time + "  " + l).stripTrailing()));
    while (lines.size() > MOST_LINES) {
      lines.removeFirst();
    }
    grown = true;
  }

  @Override
  public void proceed() {
    lock.requireHeld();
    if (cancelled) {
      throw new RunCancelledException();
    }
  }

  @Override
  public synchronized void skipped(StageInstance instance, Manifest manifest) {
    number++;
    timeLeft.skipped(instance);
  }

  @Override
  public synchronized void started(StageInstance instance) {
    number++;
    running = instance;
    stage = instance.id();
    stageStarted = System.nanoTime();
    fraction = 0;
    what = "";
    metrics = new TreeMap<>();
    changed = true;
  }

  @Override
  public synchronized void submitted(StageInstance instance, FlinkJob job) {
    flink = job;
    changed = true;
  }

  @Override
  public synchronized void progress(StageInstance instance, StageProgress p) {
    fraction = p.fraction();
    what = p.describe();
    metrics = p.metrics();
    changed = true;
  }

  @Override
  public void finished(
      StageInstance instance, Manifest manifest, StageResult result, String folder) {
    synchronized (this) {
      timeLeft.finished(instance, manifest.wallSeconds());
      fraction = 1;
      metrics = new TreeMap<>();
      flink = null;
      changed = true;
    }
    try {
      writer.execute(this::write);
    } catch (RejectedExecutionException e) {
      LOG.debug("the process is ending", e);
    }
  }

  /**
   * Writes how the run ended. Only the first call counts.
   *
   * @param how one of the states
   * @param message what it failed with, or empty
   */
  void end(String how, String message) {
    synchronized (this) {
      if (ended) {
        return;
      }
      ended = true;
      state = how;
      error = message;
      running = null;
      flink = null;
      changed = true;
    }
    writer.shutdown();
    try {
      if (!writer.awaitTermination(30, TimeUnit.SECONDS)) {
        LOG.warn("{} is slow to be written", Paths.join(directory, RunState.FILE));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    attempt(() -> Files.delete(List.of(Paths.join(directory, CANCEL_FILE))));
    write();
  }

  @Override
  public void close() {
    end(RunRecord.FAILED, "");
  }

  private void look() {
    attempt(
        () -> {
          if (!cancelled && Files.exists(Paths.join(directory, CANCEL_FILE))) {
            cancelled = true;
          }
        });
    long since = System.nanoTime() - written;
    boolean news;
    synchronized (this) {
      news = changed || grown;
    }
    if (since >= HEARTBEAT_NANOS || (news && since >= WRITE_NANOS)) {
      write();
    }
  }

  private void write() {
    written = System.nanoTime();
    RunState now;
    String log;
    synchronized (this) {
      now = state();
      log = grown ? String.join("\n", lines) + "\n" : null;
      changed = false;
      grown = false;
    }
    // The log first: who reads that the run has ended finds all of it.
    attempt(
        () -> {
          if (log != null) {
            Files.write(Paths.join(directory, LOG_FILE), log);
          }
          now.write(directory);
        });
  }

  private RunState state() {
    double left = 0;
    if (running != null) {
      // Once it is finished nothing of it is left, only of those after it.
      double elapsed = (System.nanoTime() - stageStarted) / 1e9;
      left = timeLeft.left(running, timeLeft.rest(running, fraction, elapsed));
    }
    return new RunState(
        state,
        lock.id(),
        RunLock.hostName(),
        ProcessHandle.current().pid(),
        stage,
        number,
        plan.instances().size(),
        fraction,
        what,
        metrics,
        started,
        now(),
        left,
        page.get().map(URI::toString).orElse(""),
        flink,
        error);
  }

  private interface Io {
    void run() throws IOException;
  }

  private void attempt(Io io) {
    if (!lock.held()) {
      return; // the folder is another process's
    }
    try {
      io.run();
    } catch (IOException | RuntimeException e) {
      if (!warned) {
        warned = true;
        LOG.warn(
            "{}: status and log cannot be kept up to date; the run goes on without", directory, e);
      }
    }
  }

  static String now() {
    return Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
  }
}
