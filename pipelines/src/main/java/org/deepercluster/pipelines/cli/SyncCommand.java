package org.deepercluster.pipelines.cli;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.deepercluster.pipelines.run.InfrastructureException;
import org.deepercluster.pipelines.tracking.LocalServer;
import org.deepercluster.pipelines.tracking.Sync;
import org.deepercluster.pipelines.tracking.TrackingException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Sends what was logged while there was no server. */
@Command(
    name = "sync",
    description = "Sends to MLflow what so far is only in the local journal.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./deepercluster sync",
      "  ./deepercluster sync --uri http://host:5000"
    })
final class SyncCommand extends ConsoleCommand {
  @Option(
      names = "--uri",
      paramLabel = "URI",
      description =
          "The server. Left out: MLFLOW_TRACKING_URI, or else the local server, which is started.")
  private String uri;

  @Override
  public Integer call() throws Exception {
    List<Path> pending = Sync.pending(UserFolders.journals());
    if (pending.isEmpty()) {
      console.out().println("Nothing to send.");
      return Console.DONE;
    }
    URI server = server();
    for (Path journal : pending) {
      try {
        Sync.Result r = Sync.replay(journal, server);
        console
            .out()
            .printf(
                "%s: %d entries sent%s%s%n",
                journal.getFileName(),
                r.sent(),
                r.refused() == 0 ? "" : ", " + r.refused() + " refused by the server (see the log)",
                r.experiment().map(e -> ", " + e).orElse(""));
      } catch (TrackingException e) {
        throw new InfrastructureException(e.getMessage(), e);
      }
    }
    return Console.DONE;
  }

  private URI server() throws Exception {
    String named = uri != null ? uri : System.getenv("MLFLOW_TRACKING_URI");
    if (named != null && !named.isBlank()) {
      return URI.create(named);
    }
    try {
      return new LocalServer().ensureStarted(console.err()::println).get();
    } catch (ExecutionException e) {
      throw new InfrastructureException(e.getCause().getMessage(), e.getCause());
    }
  }
}
