package org.deepercluster.pipelines.tracking;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * Tracks the runs of one experiment.
 *
 * <p>Everything that is logged is appended to a journal first, in a folder of its own, and sent to
 * MLflow from there by a background thread: a server that is slow, down or not there yet neither
 * delays the work nor loses anything. What was not sent is sent when the same journal is opened
 * again, or by {@link Sync}.
 */
public interface Tracker extends AutoCloseable {
  /** A tracker that keeps the journal only. */
  static Tracker journal(Path journalDir) {
    return new JournalTracker(journalDir);
  }

  /**
   * A tracker that sends to an MLflow server.
   *
   * @param journalDir folder of the journal, on a local disk; created when missing, continued when
   *     there is one
   * @param server address of the server, which may become known later; if it fails, the tracker
   *     says so once and keeps the journal only
   * @throws TrackingException when another process uses the journal
   */
  static Tracker mlflow(Path journalDir, CompletionStage<URI> server) {
    return new MlflowTracker(journalDir, server);
  }

  /**
   * Names the experiment that all runs of this tracker belong to; it is created when the server
   * does not have it. Once per journal: another name than before is refused.
   *
   * @param tags tags of the experiment; {@code mlflow.note.content} is its description
   */
  void openExperiment(String name, Map<String, String> tags);

  /** Starts the run, or continues the one that has the same key. */
  TrackedRun startRun(RunSpec spec);

  /** The experiment's page in MLflow; empty as long as no server was reached. */
  Optional<URI> url();

  /**
   * Forces the journal to the disk and waits until all that was logged before has been sent.
   *
   * @return false when it was not all sent within the time, or this tracker keeps the journal only
   */
  boolean flush(Duration timeout);

  /** Waits a short while for what is not sent yet, then ends. What is left stays in the journal. */
  @Override
  void close();
}
