package org.deepercluster.pipelines.tracking;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a journal to a server, in order. How far it came is kept beside the journal, one file per
 * experiment on a server ({@code sent-<experiment>-<creation time>.json}, so that a server that
 * answers at another port is known again and an empty one gets everything). A line that was sent
 * but not recorded as sent is sent again, which changes nothing (see {@link Entry}).
 *
 * <p>What the server refuses for good goes to {@code refused.jsonl}, is said in the log and does
 * not hold up the rest. Used by one thread.
 */
final class Delivery implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(Delivery.class);
  private static final int MAX_METRICS = 1000;
  private static final int MAX_PARAMS_OR_TAGS = 100;
  // a request may have 1 MB; characters outside ASCII take up to three bytes
  private static final int MAX_CHARACTERS = 300_000;
  private static final int MAX_SERVER_ERRORS = 8;
  private static final int MAX_SCHEMA = 1_048_575;
  private static final String SENT_PREFIX = "sent-";

  /** What is kept between processes: the offset of the first unsent line, and the runs' ids. */
  record Progress(String server, String experimentId, long offset, Map<String, String> runs) {}

  private final Journal journal;
  private final MlflowApi api;
  private final ObjectMapper json = new ObjectMapper();
  private final Map<String, MlflowApi.RunInfo> runs = new HashMap<>();
  private final Map<String, List<Metric>> gathered = new LinkedHashMap<>();
  private int gatheredCount;
  private volatile MlflowApi.ExperimentInfo experiment;
  private long serverErrorsAt = -1;
  private int serverErrors;
  private volatile long offset;
  private final Map<String, String> runIds = new ConcurrentHashMap<>();
  private long sent;
  private long refused;

  Delivery(Journal journal, MlflowApi api) {
    this.journal = journal;
    this.api = api;
  }

  /** Bytes of the journal that the server has, as far as it is known in this process. */
  long offset() {
    return offset;
  }

  /** Lines sent by this instance. */
  long sent() {
    return sent;
  }

  /** Lines that the server refused in this instance's time. */
  long refused() {
    return refused;
  }

  Optional<URI> experimentUrl() {
    MlflowApi.ExperimentInfo known = experiment;
    return known == null
        ? Optional.empty()
        : Optional.of(Pages.experiment(api.server(), known.id()));
  }

  Optional<URI> runUrl(String run) {
    MlflowApi.ExperimentInfo known = experiment;
    String id = runIds.get(run);
    return known == null || id == null
        ? Optional.empty()
        : Optional.of(Pages.run(api.server(), known.id(), id));
  }

  /** True when the journal has been sent to some server as a whole. */
  static boolean complete(Path journalDir) throws IOException {
    long size = Files.size(journalDir.resolve(Journal.FILE));
    ObjectMapper json = new ObjectMapper();
    try (var files = Files.newDirectoryStream(journalDir, SENT_PREFIX + "*.json")) {
      for (Path file : files) {
        if (json.readValue(file.toFile(), Progress.class).offset() >= size) {
          return true;
        }
      }
    }
    return size == 0;
  }

  /**
   * Sends all that the journal holds now.
   *
   * @throws ApiException of a kind other than {@code REFUSED}; a later call goes on from there
   */
  void drain() {
    if (experiment == null && !connect()) {
      return;
    }
    try {
      for (List<Journal.Line> lines = journal.read(offset);
          !lines.isEmpty();
          lines = journal.read(offset)) {
        send(lines);
      }
    } catch (ApiException e) {
      gathered.clear();
      gatheredCount = 0;
      throw e;
    }
  }

  private boolean connect() {
    List<Journal.Line> lines = journal.read(0);
    if (lines.isEmpty()) {
      return false;
    }
    Entry.OpenExperiment open =
        lines.stream()
            .map(Journal.Line::entry)
            .filter(Entry.OpenExperiment.class::isInstance)
            .map(Entry.OpenExperiment.class::cast)
            .findFirst()
            .orElseThrow(
                () ->
                    new TrackingException(
                        "the journal " + journal.dir() + " does not begin with its experiment"));
    experiment = api.experiment(open.name(), open.tags());
    Path file = progressFile();
    if (Files.exists(file)) {
      try {
        Progress progress = json.readValue(file.toFile(), Progress.class);
        offset = Math.min(progress.offset(), journal.size());
        runIds.putAll(progress.runs());
      } catch (IOException e) {
        LOG.warn("{} is damaged; the journal is sent from its beginning", file, e);
      }
    }
    return true;
  }

  private Path progressFile() {
    return journal
        .dir()
        .resolve(SENT_PREFIX + Names.key(experiment.id()) + "-" + experiment.created() + ".json");
  }

  private void send(List<Journal.Line> lines) {
    for (Journal.Line line : lines) {
      if (line.entry() instanceof Entry.Metrics metrics) {
        gathered.computeIfAbsent(metrics.run(), r -> new ArrayList<>()).addAll(metrics.values());
        gatheredCount += metrics.values().size();
        if (gatheredCount >= MAX_METRICS) {
          sendMetrics();
          advance(line.end());
        }
      } else {
        sendMetrics();
        if (line.entry() != null) {
          guarded(line.entry(), () -> send(line.entry()));
        }
        advance(line.end());
      }
      sent++;
    }
    sendMetrics();
    advance(lines.get(lines.size() - 1).end());
  }

  private void sendMetrics() {
    for (Map.Entry<String, List<Metric>> one : gathered.entrySet()) {
      String run = one.getKey();
      List<Metric> all = one.getValue();
      for (int start = 0; start < all.size(); start += MAX_METRICS) {
        List<Metric> part = all.subList(start, Math.min(start + MAX_METRICS, all.size()));
        guarded(new Entry.Metrics(run, part), () -> api.metrics(runInfo(run).id(), part));
      }
    }
    gathered.clear();
    gatheredCount = 0;
  }

  private void send(Entry entry) {
    if (entry instanceof Entry.StartRun start) {
      startRun(start);
    } else if (entry instanceof Entry.Params params) {
      params(params);
    } else if (entry instanceof Entry.Tags tags) {
      portions(tags.values()).forEach(part -> api.tags(runInfo(tags.run()).id(), part));
    } else if (entry instanceof Entry.Input input) {
      api.input(runInfo(input.run()).id(), limited(input.dataset()));
    } else if (entry instanceof Entry.Artifact artifact) {
      MlflowApi.RunInfo run = runInfo(artifact.run());
      api.upload(run.artifactUri(), artifact.path(), journal.dir().resolve(artifact.file()));
    } else if (entry instanceof Entry.Finish finish) {
      api.terminate(runInfo(finish.run()).id(), finish.status(), finish.end());
    }
    // OpenExperiment was seen to when the server was reached
  }

  private void startRun(Entry.StartRun start) {
    Map<String, String> tags = new TreeMap<>(start.tags());
    tags.put(MlflowApi.KEY_TAG, start.run());
    if (start.parent() != null) {
      MlflowApi.RunInfo parent = runs.get(start.parent());
      String parentId =
          parent != null
              ? parent.id()
              : api.findRun(experiment.id(), start.parent())
                  .map(MlflowApi.RunInfo::id)
                  .orElse(null);
      if (parentId == null) {
        LOG.warn(
            "run {} has no parent {} in MLflow; it is not nested", start.run(), start.parent());
      } else {
        tags.put("mlflow.parentRunId", parentId);
      }
    }
    Optional<MlflowApi.RunInfo> found = api.findRun(experiment.id(), start.run());
    if (found.isPresent()) {
      api.reopen(found.get().id());
      portions(tags).forEach(part -> api.tags(found.get().id(), part));
      know(start.run(), found.get());
    } else {
      know(start.run(), api.createRun(experiment.id(), start.name(), tags, start.start()));
    }
  }

  private void know(String run, MlflowApi.RunInfo info) {
    runs.put(
        run, new MlflowApi.RunInfo(info.id(), info.artifactUri(), new HashMap<>(info.params())));
    runIds.put(run, info.id());
  }

  private MlflowApi.RunInfo runInfo(String run) {
    if (!runs.containsKey(run)) {
      String id = runIds.get(run);
      if (id == null) {
        throw new ApiException(
            ApiException.Kind.REFUSED, "the run " + run + " was never started", null);
      }
      know(run, api.getRun(id));
    }
    return runs.get(run);
  }

  private void params(Entry.Params params) {
    MlflowApi.RunInfo run = runInfo(params.run());
    Map<String, String> fresh = new LinkedHashMap<>();
    Map<String, String> changed = new LinkedHashMap<>();
    params
        .values()
        .forEach(
            (key, value) -> {
              String has = run.params().get(key);
              if (has == null) {
                fresh.put(key, value);
              } else if (!has.equals(value)) {
                LOG.warn(
                    "run {}: parameter {} is {} in MLflow and cannot be changed to {}; the new"
                        + " value is kept as a tag",
                    params.run(),
                    key,
                    has,
                    value);
                changed.put(Names.key("param.changed/" + key), Names.tagValue(value));
              }
            });
    for (Map<String, String> part : portions(fresh)) {
      api.params(run.id(), part);
      run.params().putAll(part);
    }
    portions(changed).forEach(part -> api.tags(run.id(), part));
  }

  private static Dataset limited(Dataset d) {
    boolean schemaFits = d.schemaJson() == null || d.schemaJson().length() <= MAX_SCHEMA;
    return new Dataset(
        d.name().substring(0, Math.min(d.name().length(), 500)),
        d.digest().substring(0, Math.min(d.digest().length(), Names.MAX_DIGEST)),
        d.sourceType(),
        d.source(),
        schemaFits ? d.schemaJson() : null,
        d.profileJson(),
        d.context());
  }

  private static List<Map<String, String>> portions(Map<String, String> all) {
    List<Map<String, String>> portions = new ArrayList<>();
    Map<String, String> portion = new LinkedHashMap<>();
    int characters = 0;
    for (Map.Entry<String, String> one : all.entrySet()) {
      int length = one.getKey().length() + one.getValue().length();
      if (portion.size() == MAX_PARAMS_OR_TAGS
          || (!portion.isEmpty() && characters + length > MAX_CHARACTERS)) {
        portions.add(portion);
        portion = new LinkedHashMap<>();
        characters = 0;
      }
      portion.put(one.getKey(), one.getValue());
      characters += length;
    }
    if (!portion.isEmpty()) {
      portions.add(portion);
    }
    return portions;
  }

  /** Runs a call; one that is refused, or fails inside the server again and again, is set aside. */
  private void guarded(Entry entry, Runnable call) {
    try {
      call.run();
    } catch (ApiException e) {
      if (e.kind() == ApiException.Kind.SERVER_ERROR) {
        serverErrors = serverErrorsAt == offset ? serverErrors + 1 : 1;
        serverErrorsAt = offset;
      }
      boolean hopeless =
          e.kind() == ApiException.Kind.REFUSED
              || (e.kind() == ApiException.Kind.SERVER_ERROR && serverErrors >= MAX_SERVER_ERRORS);
      if (!hopeless) {
        throw e;
      }
      setAside(entry, e);
    }
  }

  private void setAside(Entry entry, ApiException why) {
    refused++;
    Path file = journal.dir().resolve("refused.jsonl");
    LOG.warn("MLflow refuses what was logged; kept in {}: {}", file, why.getMessage());
    ObjectNode line = json.createObjectNode();
    line.put("server", api.server().toString());
    line.put("reason", why.getMessage());
    line.set("entry", json.valueToTree(entry));
    try {
      Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
  }

  private void advance(long end) {
    if (end == offset) {
      return;
    }
    offset = end;
    Path file = progressFile();
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      json.writeValue(
          fresh.toFile(),
          new Progress(api.server().toString(), experiment.id(), end, new TreeMap<>(runIds)));
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
  }

  @Override
  public void close() {
    api.close();
  }
}
