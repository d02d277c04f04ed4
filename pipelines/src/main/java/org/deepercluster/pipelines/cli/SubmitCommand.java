package org.deepercluster.pipelines.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.experiment.TrackingConfig;
import org.deepercluster.pipelines.run.ExperimentRunner;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs an experiment without the terminal. */
@Command(
    name = "submit",
    description = {
      "Runs an experiment, or continues its unfinished run, without the terminal.",
      "Returns as soon as the run has begun: a process of its own goes on with it on this machine,"
          + " or with --kubernetes a Job."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./deepercluster submit experiments/quickstart.yaml",
      "  ./deepercluster submit experiments/quickstart.yaml --flink flink.example.org:8081",
      "  ./deepercluster submit my.yaml --kubernetes --namespace deepercluster --secret object-store"
          + " --dry-run"
    })
final class SubmitCommand extends ConsoleCommand {
  private static final String DNS_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";

  @Mixin private ExperimentOptions experiment;

  @Option(
      names = "--flink",
      paramLabel = "HOST:PORT",
      description =
          "Runs the stages on the Flink cluster with this REST address; the same as"
              + " execution.flink in the YAML.")
  private String flink;

  @Option(names = "--json", description = "Prints one JSON object.")
  private boolean json;

  @ArgGroup(exclusive = false, heading = "As a Job on Kubernetes:%n")
  private Kubernetes kubernetes;

  static final class Kubernetes {
    @Option(
        names = "--kubernetes",
        required = true,
        description = "Has kubectl create a Job that runs the experiment, and its ConfigMap.")
    boolean wanted;

    @Option(
        names = "--namespace",
        paramLabel = "NS",
        description = "Left out: the one that kubectl is set to.")
    String namespace;

    @Option(
        names = "--image",
        paramLabel = "IMAGE",
        defaultValue = "deepercluster:latest",
        description = "Image with this program; default ${DEFAULT-VALUE}.")
    String image;

    @Option(
        names = "--secret",
        paramLabel = "NAME",
        description = "Secret whose keys become environment variables, such as credentials.")
    String secret;

    @Option(
        names = "--memory",
        paramLabel = "SIZE",
        defaultValue = "4Gi",
        description =
            "Memory of the Job's pod, half of it for Java's heap; default ${DEFAULT-VALUE}. Without"
                + " --flink the whole run takes place in it.")
    String memory;

    @Option(names = "--dry-run", description = "Prints the YAML and creates nothing.")
    boolean dryRun;
  }

  @Override
  public Integer call() throws Exception {
    Experiment e = experiment.read(flink);
    return kubernetes == null ? here(e) : onKubernetes(e);
  }

  private int here(Experiment e) throws Exception {
    ExperimentRunner.check(e);
    List<String> arguments = new ArrayList<>(List.of(experiment.yaml.toString()));
    if (flink != null) {
      arguments.addAll(List.of("--flink", flink));
    }
    for (String change : experiment.set) {
      arguments.addAll(List.of("--set", change));
    }
    DetachedRun run = DetachedRun.start(UserFolders.state().resolve("submitted"), arguments);
    if (run.begun() == null) {
      int code = run.process().waitFor();
      console.err().print(Files.readString(run.output()));
      console
          .err()
          .println("The run was not begun; its process ended with exit code " + code + ".");
      return code;
    }
    String directory = run.begun().directory();
    if (json) {
      Map<String, Object> m = new LinkedHashMap<>();
      m.put("run", run.begun().run());
      m.put("directory", directory);
      m.put("pid", run.process().pid());
      m.put("output", run.output().toString());
      console.out().println(Json.text(m));
      return Console.DONE;
    }
    String name = shortest(directory);
    console
        .out()
        .printf(
            "Run %s of %s goes on in process %d.%nFolder: %s%nOutput: %s%n%n"
                + "./deepercluster status %s%n"
                + "./deepercluster logs %s --follow%n"
                + "./deepercluster cancel %s%n",
            run.begun().run(),
            e.name(),
            run.process().pid(),
            directory,
            run.output(),
            name,
            name,
            name);
    return Console.DONE;
  }

  private int onKubernetes(Experiment e) throws Exception {
    requireLabel("--namespace", kubernetes.namespace);
    Schema.require(
        kubernetes.secret == null || kubernetes.secret.matches("[a-z0-9]([a-z0-9.-]*[a-z0-9])?"),
        "must be the name of a Secret (small letters, digits, - and .), got " + kubernetes.secret,
        "--secret");
    Schema.require(
        kubernetes.image.matches("[A-Za-z0-9][A-Za-z0-9._/:@-]*"),
        "must be the name of an image, got " + kubernetes.image,
        "--image");
    Schema.require(
        kubernetes.memory.matches("[1-9][0-9]{0,8}[MG]i"),
        "must be a size such as 512Mi or 8Gi, got " + kubernetes.memory,
        "--memory");
    Schema.require(
        e.output().contains("://"),
        "must be an address that outlives the pod, such as s3://bucket/runs, got " + e.output(),
        "output");
    warnOfLocalPaths(e);
    String uri = System.getenv("MLFLOW_TRACKING_URI");
    if (uri != null && uri.isBlank()) {
      uri = null;
    }
    if (uri == null
        && e.tracking().uri() == null
        && e.tracking().mode() != TrackingConfig.Mode.JOURNAL) {
      console
          .err()
          .println(
              "Note: no MLflow server is named (MLFLOW_TRACKING_URI or tracking.uri); one inside the"
                  + " pod ends with it.");
    }
    KubernetesJob job =
        new KubernetesJob(
            KubernetesJob.nameFor(e.name(), Instant.now()),
            kubernetes.namespace,
            kubernetes.image,
            kubernetes.secret,
            uri,
            kubernetes.memory);
    String yaml = job.yaml(e);
    if (kubernetes.dryRun) {
      console.out().print(yaml);
      return Console.DONE;
    }
    String answer = KubernetesJob.apply("kubectl", yaml);
    if (json) {
      Map<String, Object> m = new LinkedHashMap<>();
      m.put("job", job.name());
      m.put("namespace", job.namespace());
      m.put("output", e.output());
      console.out().println(Json.text(m));
      return Console.DONE;
    }
    String namespace = job.namespace() == null ? "" : "-n " + job.namespace() + " ";
    console.out().println(answer);
    console
        .out()
        .printf(
            "%nkubectl %slogs -f job/%s%n./deepercluster status --output %s%n",
            namespace, job.name(), e.output());
    return Console.DONE;
  }

  private void warnOfLocalPaths(Experiment e) {
    List<String> paths =
        new ArrayList<>(e.collections().values().stream().map(DataConfig::path).toList());
    if (e.weights() != null) {
      paths.add(e.weights());
    }
    for (String path : paths) {
      if (!path.contains("://")) {
        console.err().println("Note: " + path + " has to be there in the image too.");
      }
    }
  }

  private static void requireLabel(String option, String value) {
    Schema.require(
        value == null || value.matches(DNS_LABEL),
        "must be small letters, digits and -, at most 63, beginning and ending with a letter or"
            + " digit, got "
            + value,
        option);
  }

  /** The folder as it is shortest to type. */
  private static String shortest(String directory) {
    Path here = Path.of("").toAbsolutePath();
    if (directory.contains("://") || !Path.of(directory).startsWith(here)) {
      return directory;
    }
    return here.relativize(Path.of(directory)).toString();
  }
}
