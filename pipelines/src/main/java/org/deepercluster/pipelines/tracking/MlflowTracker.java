package org.deepercluster.pipelines.tracking;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the journal and sends it to a server from a background thread. */
final class MlflowTracker implements Tracker {
  private static final Logger LOG = LoggerFactory.getLogger(MlflowTracker.class);

  /**
   * How patient the sender is.
   *
   * @param request limit of one request
   * @param gather how long it waits for more before it sends, so that metrics go in batches
   * @param firstRetry wait after the first failure; doubles with each further one
   * @param lastRetry longest wait between two attempts
   * @param patience after how long without an answer it is said in the log
   * @param farewell how long {@link #close} waits for what is not sent yet
   */
  record Timing(
      Duration request,
      Duration gather,
      Duration firstRetry,
      Duration lastRetry,
      Duration patience,
      Duration farewell) {
    static final Timing DEFAULT =
        new Timing(
            Duration.ofSeconds(60),
            Duration.ofSeconds(2),
            Duration.ofMillis(500),
            Duration.ofSeconds(30),
            Duration.ofSeconds(60),
            Duration.ofSeconds(20));
  }

  private final Journal journal;
  private final JournalTracker writer;
  private final Timing timing;
  private final Map<String, String> environment;
  private final Thread sender;
  private final Object signal = new Object();
  // guarded by signal
  private URI server;
  private boolean stopped;
  private boolean givenUp;
  private boolean hurry;
  private volatile Delivery delivery;

  MlflowTracker(Path dir, CompletionStage<URI> server) {
    this(dir, server, Timing.DEFAULT, System.getenv());
  }

  MlflowTracker(
      Path dir, CompletionStage<URI> server, Timing timing, Map<String, String> environment) {
    this.timing = timing;
    this.environment = environment;
    this.journal = Journal.open(dir);
    this.writer =
        new JournalTracker(
            journal,
            new JournalTracker.Outlet() {
              @Override
              public void appended() {
                synchronized (signal) {
                  signal.notifyAll();
                }
              }

              @Override
              public Optional<URI> runUrl(String run) {
                Delivery known = delivery;
                return known == null ? Optional.empty() : known.runUrl(run);
              }
            });
    this.sender = new Thread(this::sendAll, "mlflow-sender");
    sender.setDaemon(true);
    sender.start();
    server.whenComplete(
        (uri, failure) -> {
          synchronized (signal) {
            if (failure == null) {
              this.server = uri;
            } else {
              giveUp(failure.getCause() == null ? failure : failure.getCause());
            }
            signal.notifyAll();
          }
        });
  }

  @Override
  public void openExperiment(String name, Map<String, String> tags) {
    writer.openExperiment(name, tags);
  }

  @Override
  public TrackedRun startRun(RunSpec spec) {
    return writer.startRun(spec);
  }

  @Override
  public Optional<URI> url() {
    Delivery known = delivery;
    return known == null ? Optional.empty() : known.experimentUrl();
  }

  @Override
  public boolean flush(Duration timeout) {
    journal.force();
    long end = journal.size();
    long deadline = System.nanoTime() + timeout.toNanos();
    synchronized (signal) {
      hurry = true;
      signal.notifyAll();
      while (!givenUp && !stopped && !sentUpTo(end)) {
        long left = deadline - System.nanoTime();
        if (left <= 0 || !pause(left)) {
          break;
        }
      }
      hurry = false;
      return sentUpTo(end);
    }
  }

  private boolean sentUpTo(long end) {
    Delivery known = delivery;
    return end == 0 || (known != null && known.offset() >= end);
  }

  @Override
  public void close() {
    synchronized (signal) {
      if (stopped) {
        return;
      }
    }
    boolean all = flush(timing.farewell());
    synchronized (signal) {
      stopped = true;
      signal.notifyAll();
    }
    sender.interrupt();
    try {
      sender.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!all) {
      LOG.warn("not all that was tracked has been sent to MLflow; it is kept in {}", journal.dir());
    }
    writer.close();
  }

  private void sendAll() {
    try {
      URI uri = awaitServer();
      if (uri != null) {
        MlflowApi api = new MlflowApi(uri, timing.request(), environment);
        try (Delivery open = new Delivery(journal, api)) {
          delivery = open;
          sendTo(open, uri);
        }
      }
    } catch (RuntimeException e) {
      synchronized (signal) {
        if (!stopped) {
          giveUp(e);
        }
      }
    }
  }

  private URI awaitServer() {
    synchronized (signal) {
      while (server == null && !stopped && !givenUp) {
        pause(Long.MAX_VALUE);
      }
      return stopped ? null : server;
    }
  }

  private void sendTo(Delivery open, URI uri) {
    long failingSince = 0;
    boolean said = false;
    Duration retry = timing.firstRetry();
    while (awaitWork(open)) {
      try {
        open.drain();
        if (said) {
          LOG.info("MLflow at {} answers again", uri);
        }
        failingSince = 0;
        said = false;
        retry = timing.firstRetry();
        synchronized (signal) {
          signal.notifyAll();
        }
      } catch (ApiException e) {
        if (e.kind() == ApiException.Kind.UNAUTHORIZED) {
          throw new TrackingException(
              "MLflow at "
                  + uri
                  + " refuses access; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or"
                  + " MLFLOW_TRACKING_TOKEN ("
                  + e.getMessage()
                  + ")",
              e);
        }
        long now = System.nanoTime();
        failingSince = failingSince == 0 ? now : failingSince;
        LOG.debug("sending to {} failed, next attempt in {}", uri, retry, e);
        if (!said && now - failingSince >= timing.patience().toNanos()) {
          said = true;
          LOG.warn(
              "MLflow at {} does not answer; everything is kept in {} and sent when it is back: {}",
              uri,
              journal.dir(),
              e.getMessage());
        }
        if (!rest(retry)) {
          return;
        }
        Duration doubled = retry.multipliedBy(2);
        retry = doubled.compareTo(timing.lastRetry()) > 0 ? timing.lastRetry() : doubled;
      }
    }
  }

  /** Waits for something to send and a moment longer, to send more at once; false: stop. */
  private boolean awaitWork(Delivery open) {
    synchronized (signal) {
      while (!stopped && open.offset() >= journal.size()) {
        pause(Long.MAX_VALUE);
      }
      long until = System.nanoTime() + timing.gather().toNanos();
      for (long left = until - System.nanoTime();
          !stopped && !hurry && left > 0;
          left = until - System.nanoTime()) {
        pause(left);
      }
      return !stopped;
    }
  }

  /** Waits between attempts; somebody who waits for the result shortens it. */
  private boolean rest(Duration time) {
    synchronized (signal) {
      long start = System.nanoTime();
      while (!stopped) {
        Duration wanted = hurry && time.compareTo(timing.gather()) > 0 ? timing.gather() : time;
        long left = start + wanted.toNanos() - System.nanoTime();
        if (left <= 0) {
          break;
        }
        pause(left);
      }
      return !stopped;
    }
  }

  /** Waits on the signal, which the caller holds; false: interrupted. */
  @SuppressWarnings("WaitNotInLoop") // every caller loops over its own condition
  private boolean pause(long nanos) {
    try {
      signal.wait(Math.max(1, Math.min(nanos / 1_000_000, 3_600_000)));
      return true;
    } catch (InterruptedException e) {
      if (Thread.currentThread() != sender) {
        Thread.currentThread().interrupt();
      }
      return false;
    }
  }

  /** The caller holds the signal. */
  private void giveUp(Throwable why) {
    givenUp = true;
    signal.notifyAll();
    LOG.warn("tracking goes on in the journal {} only: {}", journal.dir(), why.getMessage(), why);
  }
}
