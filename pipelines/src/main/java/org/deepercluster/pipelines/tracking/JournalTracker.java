package org.deepercluster.pipelines.tracking;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the journal: what would be logged, checked and within MLflow's limits. */
final class JournalTracker implements Tracker {
  private static final Logger LOG = LoggerFactory.getLogger(JournalTracker.class);

  /** Files up to this size are copied, larger ones linked where the file system can. */
  private static final long MAX_COPIED = 16L << 20;

  /** Larger files would run into the time limits of MLflow's artifact proxy. */
  static final long MAX_UPLOAD = 700L << 20;

  /** Where a journal's lines go to, beside the file. */
  interface Outlet {
    /** Something was appended. */
    void appended();

    /** The run's page, as far as it is known. */
    Optional<URI> runUrl(String run);
  }

  private static final Outlet NOWHERE =
      new Outlet() {
        @Override
        public void appended() {}

        @Override
        public Optional<URI> runUrl(String run) {
          return Optional.empty();
        }
      };

  private final Journal journal;
  private final Outlet outlet;
  private final Map<String, Map<String, Steps>> logged = new HashMap<>();
  private Entry.OpenExperiment experiment;
  private int artifacts;

  JournalTracker(Path dir) {
    this(Journal.open(dir), NOWHERE);
  }

  /** Takes the journal over: it is closed with this tracker. */
  JournalTracker(Journal journal, Outlet outlet) {
    this.journal = journal;
    this.outlet = outlet;
    long offset = 0;
    for (List<Journal.Line> lines = journal.read(0);
        !lines.isEmpty();
        lines = journal.read(offset)) {
      lines.forEach(line -> remember(line.entry()));
      offset = lines.get(lines.size() - 1).end();
    }
  }

  private void remember(Entry entry) {
    if (entry instanceof Entry.OpenExperiment open) {
      experiment = open;
    } else if (entry instanceof Entry.Metrics metrics) {
      metrics.values().forEach(m -> isNew(metrics.run(), m.key(), m.step()));
    } else if (entry instanceof Entry.Artifact) {
      artifacts++;
    }
  }

  private boolean isNew(String run, String key, long step) {
    return logged
        .computeIfAbsent(run, r -> new HashMap<>())
        .computeIfAbsent(key, k -> new Steps())
        .add(step);
  }

  @Override
  public synchronized void openExperiment(String name, Map<String, String> tags) {
    Map<String, String> valid = new TreeMap<>();
    // tells MLflow that the experiment is about training, not about traces of language models
    valid.put("mlflow.experimentKind", "custom_model_development");
    tags.forEach((key, value) -> valid.put(Names.key(key), Names.tagValue(value)));
    Entry.OpenExperiment open = new Entry.OpenExperiment(name, valid);
    if (experiment != null && !experiment.name().equals(name)) {
      throw new TrackingException(
          "the journal "
              + journal.dir()
              + " belongs to the experiment "
              + experiment.name()
              + ", not to "
              + name);
    }
    if (experiment == null) {
      experiment = open;
      append(open);
    }
  }

  @Override
  public synchronized TrackedRun startRun(RunSpec spec) {
    if (experiment == null) {
      throw new IllegalStateException("openExperiment comes before startRun");
    }
    Map<String, String> tags = new TreeMap<>();
    tags.put("mlflow.user", System.getProperty("user.name", "unknown"));
    spec.tags().forEach((key, value) -> tags.put(Names.key(key), Names.tagValue(value)));
    append(
        new Entry.StartRun(
            spec.key(), spec.parentKey(), spec.name(), tags, spec.startTime().toEpochMilli()));
    return new Run(spec.key());
  }

  @Override
  public Optional<URI> url() {
    return Optional.empty();
  }

  @Override
  public boolean flush(Duration timeout) {
    journal.force();
    return false;
  }

  @Override
  public void close() {
    journal.close();
  }

  private void append(Entry entry) {
    journal.append(entry);
    outlet.appended();
  }

  /** Copies a file, so that what is sent later is what was logged. */
  private synchronized String keep(Path file) throws IOException {
    Path folder = journal.dir().resolve("artifacts");
    Files.createDirectories(folder);
    Path copy;
    do {
      artifacts++;
      copy = folder.resolve(artifacts + "-" + file.getFileName());
    } while (Files.exists(copy));
    boolean linked = false;
    if (Files.size(file) > MAX_COPIED) {
      try {
        Files.createLink(copy, file.toRealPath());
        linked = true;
      } catch (IOException | UnsupportedOperationException e) {
        LOG.debug("{} cannot be linked, it is copied", file, e);
      }
    }
    if (!linked) {
      Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
    }
    return "artifacts/" + copy.getFileName();
  }

  private final class Run implements TrackedRun {
    private final String key;

    Run(String key) {
      this.key = key;
    }

    @Override
    public String key() {
      return key;
    }

    @Override
    public void params(Map<String, String> params) {
      Map<String, String> valid = new LinkedHashMap<>();
      params.forEach(
          (name, value) -> valid.put(Names.key(name), Names.paramValue(String.valueOf(value))));
      if (!valid.isEmpty()) {
        append(new Entry.Params(key, valid));
      }
    }

    @Override
    public void metrics(List<Metric> metrics) {
      synchronized (JournalTracker.this) {
        List<Metric> fresh = new ArrayList<>();
        for (Metric m : metrics) {
          String name = Names.key(m.key());
          if (isNew(key, name, m.step())) {
            fresh.add(new Metric(name, m.value(), m.step(), m.timestamp()));
          }
        }
        if (!fresh.isEmpty()) {
          append(new Entry.Metrics(key, fresh));
        }
      }
    }

    @Override
    public void tags(Map<String, String> tags) {
      Map<String, String> valid = new LinkedHashMap<>();
      tags.forEach(
          (name, value) -> valid.put(Names.key(name), Names.tagValue(String.valueOf(value))));
      if (!valid.isEmpty()) {
        append(new Entry.Tags(key, valid));
      }
    }

    @Override
    public void dataset(Dataset dataset) {
      append(new Entry.Input(key, dataset));
    }

    @Override
    public void artifact(Path local, String artifactPath) {
      checkArtifactPath(artifactPath);
      try {
        if (Files.isDirectory(local)) {
          try (Stream<Path> files = Files.walk(local)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
              String below = local.relativize(file).toString().replace('\\', '/');
              artifactFile(file, artifactPath + "/" + below);
            }
          }
        } else if (Files.isRegularFile(local)) {
          artifactFile(local, artifactPath);
        } else {
          throw new IllegalArgumentException("artifact " + artifactPath + ": no file " + local);
        }
      } catch (IOException e) {
        throw new UncheckedIOException("cannot keep artifact " + local, e);
      }
    }

    private void artifactFile(Path file, String artifactPath) throws IOException {
      long size = Files.size(file);
      if (size > MAX_UPLOAD) {
        LOG.warn(
            "{} has {} MB, too much for MLflow's artifact proxy; the run gets its address instead",
            file,
            size >> 20);
        tags(Map.of("artifact.uri/" + artifactPath, file.toAbsolutePath().toUri().toString()));
      } else {
        append(new Entry.Artifact(key, artifactPath, keep(file)));
      }
    }

    @Override
    public void finish(RunStatus status, Instant endTime) {
      append(new Entry.Finish(key, status, endTime.toEpochMilli()));
      journal.force();
    }

    @Override
    public Optional<URI> url() {
      return outlet.runUrl(key);
    }
  }

  private static void checkArtifactPath(String path) {
    boolean valid = !path.isEmpty() && path.indexOf('\\') < 0;
    for (String part : path.split("/", -1)) {
      valid &= !part.isEmpty() && !part.equals(".") && !part.equals("..");
    }
    if (!valid) {
      throw new IllegalArgumentException(
          "artifact path must be relative, with / between names and without . and .., such as"
              + " report/index.html; got: "
              + path);
    }
  }

  /** The steps of one metric; small ones as bits, so that a million of them take 125 kB. */
  private static final class Steps {
    private static final int MAX_BIT = 1 << 26;
    private final BitSet small = new BitSet();
    private final Set<Long> other = new HashSet<>();

    /** False when the step was there before. */
    boolean add(long step) {
      if (step < 0 || step >= MAX_BIT) {
        return other.add(step);
      }
      boolean fresh = !small.get((int) step);
      small.set((int) step);
      return fresh;
    }
  }
}
