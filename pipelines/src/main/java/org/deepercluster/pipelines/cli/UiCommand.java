package org.deepercluster.pipelines.cli;

import java.awt.Desktop;
import java.net.URI;
import java.util.concurrent.ExecutionException;
import org.deepercluster.pipelines.run.InfrastructureException;
import org.deepercluster.pipelines.tracking.LocalServer;
import org.deepercluster.pipelines.tracking.Pages;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The MLflow pages. */
@Command(
    name = "ui",
    description = {
      "Opens MLflow's pages.",
      "Prints their address, starts the local server if it is down, and opens a browser if there"
          + " is one."
    },
    mixinStandardHelpOptions = true,
    footer = {"", "Examples:", "  ./deepercluster ui", "  ./deepercluster ui --stop"})
final class UiCommand extends ConsoleCommand {
  @Option(names = "--stop", description = "Ends the local server.")
  private boolean stop;

  @Override
  public Integer call() throws Exception {
    LocalServer server = new LocalServer();
    if (stop) {
      console
          .out()
          .println(
              server.stop() ? "The MLflow server has ended." : "No MLflow server was running.");
      return Console.DONE;
    }
    String named = System.getenv("MLFLOW_TRACKING_URI");
    URI address;
    if (named != null && !named.isBlank()) {
      address = URI.create(named);
    } else {
      try {
        address = server.ensureStarted(console.err()::println).get();
      } catch (ExecutionException e) {
        throw new InfrastructureException(e.getCause().getMessage(), e.getCause());
      }
    }
    URI page = Pages.experiments(address);
    console.out().println(page);
    browse(page);
    return Console.DONE;
  }

  private static void browse(URI address) {
    String display = System.getenv("DISPLAY");
    String wayland = System.getenv("WAYLAND_DISPLAY");
    boolean mac = System.getProperty("os.name").startsWith("Mac");
    if (display == null && wayland == null && !mac) {
      return;
    }
    try {
      if (Desktop.isDesktopSupported() && Desktop.getDesktop().isSupported(Desktop.Action.BROWSE)) {
        Desktop.getDesktop().browse(address);
      } else {
        new ProcessBuilder(mac ? "open" : "xdg-open", address.toString()).start();
      }
    } catch (java.io.IOException | UnsupportedOperationException e) {
      LoggerFactory.getLogger(UiCommand.class).info("no browser opened: {}", e.getMessage());
    }
  }
}
