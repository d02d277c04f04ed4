package org.deepercluster.pipelines.cli;

import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.experiment.ExperimentReader;
import org.deepercluster.pipelines.experiment.ProtocolFiles;
import org.deepercluster.pipelines.run.ExperimentRunner;
import org.deepercluster.pipelines.run.InfrastructureException;
import org.deepercluster.pipelines.run.ModelReference;
import org.deepercluster.pipelines.run.RunLock;
import org.deepercluster.pipelines.tracking.LocalServer;
import org.deepercluster.pipelines.tracking.RegisteredModel;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.Setting;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures a model by a protocol, as a run of its own. */
@Command(
    name = "evaluate",
    description = {
      "Measures a model on labelled images by a protocol.",
      "It is a run of its own, which continues when it was interrupted: its settings are those of"
          + " an experiment with method pretrained (or random) and this one protocol."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./deepercluster evaluate --list",
      "  ./deepercluster evaluate runs/quickstart/RUN --protocol knn --data train/ --test test/",
      "  ./deepercluster evaluate model.safetensors --protocol linear --data train/ --test test/"
          + " --set epochs=100 --json",
      "  ./deepercluster evaluate untrained --protocol knn --data train/ --test test/ --set"
          + " model.trunk=vgg-small --set model.imageSize=28 --set model.input=gray"
    })
final class EvaluateCommand extends ConsoleCommand {
  /** First parts of settings that are the experiment's; all others are the protocol's. */
  private static final Set<String> OF_THE_EXPERIMENT =
      Set.of("name", "seed", "model", "execution", "output", "tracking");

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "MODEL",
      description =
          "A run (its folder, or its ID or NAME/ID below runs/), a .safetensors file that a run"
              + " exported, a registered model (models:/NAME/VERSION), or the word untrained.")
  private String model;

  @Option(names = "--protocol", paramLabel = "NAME", description = "One of --list.")
  private String protocol;

  @Option(
      names = "--data",
      paramLabel = "PATH",
      description = "Labelled images to train classifiers on.")
  private String data;

  @Option(
      names = "--test",
      paramLabel = "PATH",
      description =
          "Labelled images to test on; left out, the same place (collections that have parts).")
  private String test;

  @Option(
      names = "--format",
      paramLabel = "F",
      description =
          "Layout of the images, as data.format in an experiment. Left out: the protocol's own, or"
              + " images for a folder (a folder per class) and idx for a file.")
  private String format;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description =
          "Changes a setting: of the protocol (neighbours=5, train.limit=1000), or of the"
              + " experiment where it begins with name, seed, model, execution, output or tracking."
              + " May be repeated.")
  private List<String> set = new ArrayList<>();

  @Option(
      names = "--flink",
      paramLabel = "HOST:PORT",
      description = "Runs the stages on the Flink cluster with this REST address.")
  private String flink;

  @Option(names = "--list", description = "Lists the protocols.")
  private boolean list;

  @Option(
      names = "--json",
      description =
          "Ends with one JSON object on standard output; progress goes to standard error.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    if (list) {
      list();
      return Console.DONE;
    }
    require("MODEL", model, "a run, a .safetensors file, models:/NAME/VERSION or untrained");
    require("--protocol", protocol, "one of " + String.join(", ", ProtocolFiles.NAMES));
    Schema.require(
        ProtocolFiles.NAMES.contains(protocol),
        "must be one of " + String.join(", ", ProtocolFiles.NAMES) + ", got " + protocol,
        "--protocol");
    Experiment e = ExperimentReader.read(settings(), System.getenv());
    PrintStream progress = json ? console.err() : console.out();
    ExperimentRunner runner =
        new ExperimentRunner(
            progress,
            console.terminal() && !json,
            console.color() && !json,
            UserFolders.journals(),
            RunCommand.server(e, progress));
    try {
      ExperimentRunner.Outcome outcome = runner.run(e, Path.of("evaluate"), (run, directory) -> {});
      if (json) {
        console.out().println(Json.text(RunCommand.json(outcome)));
      }
    } catch (RunLock.RunLockedException locked) {
      throw new InfrastructureException(locked.getMessage(), locked);
    }
    return Console.DONE;
  }

  private static void require(String option, String value, String right) {
    Schema.require(value != null, "is missing: " + right, option);
  }

  private void list() {
    if (json) {
      Map<String, String> all = new LinkedHashMap<>();
      ProtocolFiles.NAMES.forEach(name -> all.put(name, ProtocolFiles.description(name)));
      console.out().println(Json.text(all));
      return;
    }
    for (String name : ProtocolFiles.NAMES) {
      console.out().println(name);
      ProtocolFiles.description(name).lines().forEach(line -> console.out().println("    " + line));
    }
  }

  /** The experiment that this is, as settings. */
  private List<String> settings() throws Exception {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("name", "evaluate-" + protocol);
    if (model.equals("untrained")) {
      all.put("method", "random");
    } else {
      String weights =
          RegisteredModel.isOne(model)
              ? RegisteredModel.fetch(model, server(), System.getenv(), UserFolders.models())
                  .toString()
              : ModelReference.weights(model, "runs");
      all.put("method", "pretrained");
      all.put("weights", text(weights));
      Settings.of(ModelFile.read(weights).config())
          .forEach((key, value) -> all.put("model." + key, value));
    }
    collection(all, "train", data);
    collection(all, "test", test == null ? data : test);
    all.put("evaluation.protocols", "[" + protocol + "]");
    if (set.stream().anyMatch(s -> ofProtocol(key(s)))) {
      all.put("evaluation.protocols", "{" + protocol + ": {protocol: " + protocol + "}}");
    }
    if (flink != null) {
      all.put("execution.flink", text(flink));
    }
    List<String> settings =
        all.entrySet().stream()
            .map(s -> s.getKey() + "=" + s.getValue())
            .collect(Collectors.toCollection(ArrayList::new));
    for (String s : set) {
      String key = key(s);
      String prefix =
          isCollection(key)
              ? "evaluation."
              : ofProtocol(key) ? "evaluation.protocols." + protocol + "." : "";
      settings.add(prefix + s);
    }
    return settings;
  }

  /** The server that holds registered models. */
  private URI server() throws Exception {
    String uri = System.getenv("MLFLOW_TRACKING_URI");
    for (String s : set) {
      uri = key(s).equals("tracking.uri") ? s.substring(s.indexOf('=') + 1) : uri;
    }
    return uri == null || uri.isBlank()
        ? new LocalServer().ensureStarted(console.err()::println).get()
        : URI.create(uri);
  }

  private void collection(Map<String, String> all, String name, String path) {
    if (path == null) {
      return;
    }
    String section = "evaluation." + name + ".";
    String absolute = ImagesOptions.absolute(path);
    Map<String, String> published = ProtocolFiles.collection(protocol, name);
    boolean file = !path.contains("://") && java.nio.file.Files.isRegularFile(Path.of(absolute));
    String layout =
        format != null ? format : published.getOrDefault("format", file ? "idx" : "images");
    if (layout.equals(published.get("format"))) {
      published.forEach((key, value) -> all.put(section + key, text(value)));
    }
    all.put(section + "format", layout);
    all.put(section + "path", text(absolute));
    if (layout.equals("images") && !layout.equals(published.get("format"))) {
      all.put(section + "labels", "folders");
    } else if (layout.equals("idx")) {
      // MNIST's names: train-images-idx3-ubyte.gz beside train-labels-idx1-ubyte.gz
      String labels = absolute.replaceFirst("images(?=[^/]*$)", "labels").replace("idx3", "idx1");
      if (!labels.equals(absolute)) {
        all.put(section + "labels", text(labels));
      }
    }
  }

  private static String key(String setting) {
    return setting.replaceFirst("=.*", "");
  }

  private static boolean isCollection(String key) {
    return key.startsWith("train.") || key.startsWith("test.");
  }

  private static boolean ofProtocol(String key) {
    return !isCollection(key) && !OF_THE_EXPERIMENT.contains(key.replaceFirst("\\..*", ""));
  }

  /** Text as a YAML scalar. */
  private static String text(String value) {
    return Setting.looksTyped(value) || !value.matches("[A-Za-z0-9/][A-Za-z0-9/._-]*")
        ? Json.text(value)
        : value;
  }
}
