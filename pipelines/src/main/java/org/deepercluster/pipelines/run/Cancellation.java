package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Paths;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends a run from outside its process. */
public final class Cancellation {
  private static final Logger LOG = LoggerFactory.getLogger(Cancellation.class);
  private static final long POLL_MILLIS = 300;

  private Cancellation() {}

  /**
   * Asks the process that works on a run to end it, and waits until it has. If that process is
   * gone, marks the run and ends the Flink job that it left.
   *
   * @param run the run
   * @param patience how long to wait
   * @return the run as it is then; still working when it had not ended in time
   * @throws RunLock.RunLockedException when another process has just taken a run that was lost
   */
  public static RunView cancel(RunView run, Duration patience)
      throws IOException, InterruptedException, RunLock.RunLockedException {
    RunView now = run;
    if (now.working()) {
      Json.write(
          Paths.join(run.directory(), StatusWriter.CANCEL_FILE),
          Map.of("asked", StatusWriter.now(), "host", RunLock.hostName()));
      long until = System.nanoTime() + patience.toNanos();
      while (now.working() && System.nanoTime() < until) {
        Thread.sleep(POLL_MILLIS);
        now = RunView.read(run.directory());
      }
    }
    if (now.state().equals(RunView.LOST)) {
      bury(now);
      now = RunView.read(run.directory());
    }
    return now;
  }

  private static void bury(RunView run)
      throws IOException, InterruptedException, RunLock.RunLockedException {
    try (RunLock lock = RunLock.acquire(run.directory())) {
      LOG.info("{} is marked as cancelled under lock {}", run.directory(), lock.id());
      var unused = endJobOf(run.directory());
      RunStore.write(
          run.directory(),
          run.record()
              .with(RunRecord.CANCELLED, run.record().trackingUrl(), run.record().metrics()));
      if (run.status() != null) {
        run.status().ended(RunRecord.CANCELLED, StatusWriter.now()).write(run.directory());
      }
      Files.delete(List.of(Paths.join(run.directory(), StatusWriter.CANCEL_FILE)));
    }
  }

  /**
   * Ends the Flink job that an earlier process left, if it still runs and its cluster answers.
   *
   * @param directory URI of the run's folder
   * @return the job, when it was ended
   */
  static Optional<FlinkJob> endJobOf(String directory) throws InterruptedException {
    try {
      RunState status = RunState.read(directory);
      // An embedded Flink, which has no page, ended with its process.
      if (status == null || status.flink() == null || status.flink().page().isEmpty()) {
        return Optional.empty();
      }
      FlinkJob job = status.flink();
      FlinkRest rest = new FlinkRest(job.master());
      String state = rest.get("/jobs/" + job.id() + "/status").path("status").asText("");
      if (List.of("", "FINISHED", "FAILED", "CANCELED").contains(state)) {
        return Optional.empty();
      }
      rest.cancel(job.id());
      return Optional.of(job);
    } catch (IOException e) {
      LOG.warn("{}: no job of an earlier process was ended: {}", directory, e.getMessage());
      return Optional.empty();
    }
  }
}
