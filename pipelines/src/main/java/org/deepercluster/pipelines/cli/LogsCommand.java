package org.deepercluster.pipelines.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deepercluster.pipelines.run.RunView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a run has printed. */
@Command(
    name = "logs",
    description = {
      "Prints a run's log, a line per finished stage or event, each with its time.",
      "The newest 5,000 lines are kept."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./deepercluster logs runs/quickstart/20260101-120000-ab12",
      "  ./deepercluster logs 20260101-120000-ab12 --follow"
    })
final class LogsCommand extends ConsoleCommand {
  private static final long POLL_MILLIS = 1_000;
  private static final ObjectMapper JSON = new ObjectMapper();

  @Mixin private RunOptions options;

  @Option(names = "--follow", description = "Goes on until the run has ended.")
  private boolean follow;

  @Option(names = "--json", description = "Prints a JSON object per line: time and text.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    RunView run = options.find();
    // Looked at before the log, so that nothing is missed at the end.
    boolean working = run.working();
    List<String> before = List.of();
    while (true) {
      List<String> now = run.log();
      for (String line : added(before, now)) {
        console.out().println(json ? json(line) : line);
      }
      console.out().flush();
      if (!follow || !working) {
        return Console.DONE;
      }
      before = now;
      Thread.sleep(POLL_MILLIS);
      run = RunView.find(run.directory(), "");
      working = run.working();
    }
  }

  private static String json(String line) throws IOException {
    int gap = line.indexOf("  ");
    Map<String, String> m = new TreeMap<>();
    m.put("time", gap < 0 ? line : line.substring(0, gap));
    m.put("text", gap < 0 ? "" : line.substring(gap + 2));
    return JSON.writeValueAsString(m);
  }

  /** The lines that were added; the oldest may have gone at the same time. */
  static List<String> added(List<String> before, List<String> now) {
    for (int gone = 0; gone < before.size(); gone++) {
      int kept = before.size() - gone;
      if (kept <= now.size() && before.subList(gone, before.size()).equals(now.subList(0, kept))) {
        return now.subList(kept, now.size());
      }
    }
    return now;
  }
}
