package org.deepercluster.pipelines.tracking;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Sends journals to a server later. It may be run any number of times, and after it was
 * interrupted: what the server has is left out.
 */
public final class Sync {
  private static final int ATTEMPTS = 6;

  private Sync() {}

  /**
   * What was done.
   *
   * @param sent lines of the journal that were sent now
   * @param refused parts that the server refused; they are in {@code refused.jsonl}
   * @param experiment the experiment's page; empty for an empty journal
   */
  public record Result(long sent, long refused, Optional<URI> experiment) {}

  /** The journals below a folder that no server has as a whole, sorted. */
  public static List<Path> pending(Path root) {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> file.getFileName().toString().equals(Journal.FILE))
          .map(Path::getParent)
          .filter(
              dir -> {
                try {
                  return !Delivery.complete(dir);
                } catch (IOException e) {
                  throw new UncheckedIOException("cannot read the journal " + dir, e);
                }
              })
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot look for journals in " + root, e);
    }
  }

  /**
   * Sends a journal.
   *
   * @param journalDir folder of the journal
   * @param server address of the MLflow server
   * @throws TrackingException when there is no journal, a run is still writing it, or the server
   *     does not answer or refuses access; what was sent until then stays sent
   */
  public static Result replay(Path journalDir, URI server) {
    return replay(journalDir, server, Duration.ofMillis(500), System.getenv());
  }

  static Result replay(
      Path journalDir, URI server, Duration firstRetry, Map<String, String> environment) {
    if (!Files.exists(journalDir.resolve(Journal.FILE))) {
      throw new TrackingException("no journal in " + journalDir);
    }
    MlflowApi api = new MlflowApi(server, MlflowTracker.Timing.DEFAULT.request(), environment);
    try (Journal journal = Journal.open(journalDir);
        Delivery delivery = new Delivery(journal, api)) {
      Duration retry = firstRetry;
      long reached = -1;
      for (int attempt = 1; ; attempt++) {
        try {
          delivery.drain();
          return new Result(delivery.sent(), delivery.refused(), delivery.experimentUrl());
        } catch (ApiException e) {
          if (delivery.offset() > reached) { // it goes on, if slowly
            reached = delivery.offset();
            attempt = 1;
            retry = firstRetry;
          }
          // an error inside the server is counted by the delivery, which goes on without the line
          boolean last =
              e.kind() == ApiException.Kind.UNAVAILABLE
                  ? attempt >= ATTEMPTS
                  : e.kind() != ApiException.Kind.SERVER_ERROR || attempt >= 2 * ATTEMPTS;
          if (last) {
            throw new TrackingException(
                "cannot send " + journalDir + " to MLflow at " + server + ": " + e.getMessage(), e);
          }
          Thread.sleep(retry.toMillis());
          retry = retry.multipliedBy(2);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrackingException("interrupted while sending " + journalDir, e);
    }
  }
}
