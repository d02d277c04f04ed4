package org.deepercluster.pipelines.cli;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.deepercluster.pipelines.run.CodeVersion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** The command line. */
@Command(
    name = "deepercluster",
    description = "Unsupervised pre-training of image features on non-curated data.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      RunCommand.class,
      SubmitCommand.class,
      StatusCommand.class,
      LogsCommand.class,
      CancelCommand.class,
      ValidateCommand.class,
      PlanCommand.class,
      InspectCommand.class,
      FeaturesCommand.class,
      AssignCommand.class,
      EvaluateCommand.class,
      UiCommand.class,
      SyncCommand.class,
      DoctorCommand.class,
      HelpCommand.class
    },
    footer = {
      "",
      "Examples:",
      "  ./deepercluster run experiments/quickstart.yaml",
      "  ./deepercluster run experiments/quickstart.yaml --seeds 0,1,2",
      "  ./deepercluster submit experiments/quickstart.yaml",
      "  ./deepercluster status",
      "  ./deepercluster features runs/quickstart/RUN photos/ --output vectors/",
      "  ./deepercluster assign runs/quickstart/RUN photos/ --output clusters/",
      "  ./deepercluster evaluate runs/quickstart/RUN --protocol knn --data train/ --test test/",
      "  ./deepercluster doctor",
      "",
      "Exit codes: 0 done, 1 a stage failed, 2 bad configuration, 3 infrastructure."
    })
public final class Main {
  private Main() {}

  /**
   * Runs a command and ends the process with its exit code.
   *
   * @param args command and options
   */
  public static void main(String[] args) {
    Path log = logFile();
    System.setProperty("deepercluster.log", log.toString());
    System.exit(execute(log, args));
  }

  static int execute(Path log, String... args) {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    Console console = new Console(log);
    CommandLine commands = new CommandLine(new Main(), new Commands(console));
    commands
        .getSubcommands()
        .values()
        .forEach(c -> c.getCommandSpec().versionProvider(new Version()));
    return commands
        .setExecutionExceptionHandler((e, cmd, parsed) -> console.failure(e))
        .setParameterExceptionHandler(
            (e, a) -> {
              System.err.println(e.getMessage());
              e.getCommandLine().usage(System.err);
              return Console.BAD_CONFIGURATION;
            })
        .setUsageHelpAutoWidth(true)
        .setColorScheme(
            CommandLine.Help.defaultColorScheme(
                console.color() ? CommandLine.Help.Ansi.AUTO : CommandLine.Help.Ansi.OFF))
        .execute(args);
  }

  private static Path logFile() {
    String name =
        LocalDateTime.now(ZoneId.systemDefault())
                .format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"))
            + "-"
            + ProcessHandle.current().pid()
            + ".log";
    return UserFolders.state().resolve("logs").resolve(name);
  }

  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"deepercluster " + CodeVersion.get()};
    }
  }
}
