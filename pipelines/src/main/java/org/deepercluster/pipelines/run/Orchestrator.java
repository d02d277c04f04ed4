package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.beam.FinishedUnits;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.WriteIndex;
import org.deepercluster.stages.table.Digests;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;

/**
 * Walks a plan from front to back: skips what is complete, runs what is not, commits each instance
 * by its manifest. It knows stages only by their contract.
 */
final class Orchestrator {
  private static final Duration DISK_POLL = Duration.ofMillis(250);
  private static final Duration STORE_POLL = Duration.ofSeconds(1);

  /** How much longer than the others a unit may take before it is reported as late. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Plan plan;
  private final String directory;
  private final int parallelism;
  private final Clusters clusters;
  private final boolean keepAll;
  private final String codeVersion;
  private final List<RunListener> listeners;
  private final Map<String, Manifest> complete = new HashMap<>();

  /**
   * A walk over a plan.
   *
   * @param plan the stage instances
   * @param directory URI of the run's folder
   * @param clusters where pipelines run
   * @param parallelism units that run at the same time
   * @param keepAll whether tables that only one epoch needs are kept
   * @param codeVersion recorded in manifests
   * @param listeners hear what happens
   */
  Orchestrator(
      Plan plan,
      String directory,
      Clusters clusters,
      int parallelism,
      boolean keepAll,
      String codeVersion,
      List<RunListener> listeners) {
    this.plan = plan;
    this.directory = directory;
    this.clusters = clusters;
    this.parallelism = parallelism;
    this.keepAll = keepAll;
    this.codeVersion = codeVersion;
    this.listeners = List.copyOf(listeners);
  }

  /** Folder of an instance. */
  static String folder(String directory, StageInstance instance) {
    return Paths.join(directory, "stages", instance.id());
  }

  /**
   * Manifest of an instance that is complete: committed, with the settings and input digests that
   * it would have now.
   *
   * @param done manifests of the instances before it
   * @return null when the instance has to run
   */
  static Manifest completed(String directory, StageInstance instance, Map<String, Manifest> done)
      throws IOException {
    String folder = folder(directory, instance);
    if (!Files.exists(Paths.join(folder, Manifest.FILE))) {
      return null;
    }
    Manifest m = Manifest.read(folder);
    SortedMap<String, String> inputs = inputDigests(instance, done);
    return inputs != null
            && m.inputs().equals(inputs)
            && m.config().equals(instance.stage().settings())
        ? m
        : null;
  }

  private static SortedMap<String, String> inputDigests(
      StageInstance instance, Map<String, Manifest> done) {
    TreeMap<String, String> digests = new TreeMap<>();
    for (var e : instance.inputs().entrySet()) {
      Manifest m = done.get(e.getValue());
      if (m == null) {
        return null;
      }
      digests.put(e.getKey(), m.digest());
    }
    return digests;
  }

  /**
   * Runs everything that is not complete.
   *
   * @return the manifests, by instance
   * @throws Exception what a stage failed with; everything committed before stays
   */
  Map<String, Manifest> run() throws Exception {
    for (StageInstance instance : plan.instances()) {
      Manifest m = completed(directory, instance, complete);
      if (m != null) {
        complete.put(instance.id(), m);
        for (RunListener l : listeners) {
          l.skipped(instance, m);
        }
      } else {
        attempt(instance);
      }
      if (!keepAll) {
        prune(instance.id());
      }
    }
    return complete;
  }

  private void proceed() {
    for (RunListener l : listeners) {
      l.proceed();
    }
  }

  private void attempt(StageInstance instance) throws Exception {
    proceed();
    for (RunListener l : listeners) {
      l.started(instance);
    }
    try {
      String folder = folder(directory, instance);
      String attempt = "attempt-" + UUID.randomUUID().toString().substring(0, 8);
      Instant started = Instant.now();
      StageResult result =
          instance
              .stage()
              .run(
                  new Context(
                      instance,
                      Paths.join(folder, attempt),
                      Paths.join(folder, unfinished(instance))));
      Manifest manifest =
          new Manifest(
              Manifest.FORMAT,
              instance.stage().name(),
              instance.id(),
              attempt,
              inputDigests(instance, complete),
              instance.stage().settings(),
              codeVersion,
              Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
              Duration.between(started, Instant.now()).toMillis() / 1000.0,
              Manifest.digestOf(result.parts()),
              result.parts(),
              result.numbers());
      manifest.write(folder);
      Manifest committed = Manifest.read(folder);
      sweep(folder, committed);
      complete.put(instance.id(), committed);
      for (RunListener l : listeners) {
        l.finished(instance, committed, result, folder);
      }
    } catch (Exception e) {
      for (RunListener l : listeners) {
        l.failed(instance, e);
      }
      throw e;
    }
  }

  /** Name of the folder that attempts hand on to each other; another for other results. */
  private String unfinished(StageInstance instance) {
    String decides =
        inputDigests(instance, complete) + "\n" + instance.stage().settings() + "\n" + codeVersion;
    return "unfinished-" + Digests.of(decides).substring(0, 16);
  }

  /** Deletes what the manifest does not list: earlier attempts, failed tries, progress records. */
  private static void sweep(String folder, Manifest committed) throws IOException {
    Set<String> kept = new HashSet<>();
    for (Part p : committed.parts()) {
      kept.add(name(p.path()));
    }
    kept.add(Manifest.FILE);
    Files.delete(Files.list(folder).stream().filter(f -> !kept.contains(name(f))).toList());
    Files.pruneEmpty(folder);
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** Deletes the tables that nobody reads any more now that {@code done} is complete. */
  private void prune(String done) throws IOException {
    for (StageInstance i : plan.instances()) {
      if (!done.equals(i.neededUntil())) {
        continue;
      }
      Manifest m = complete.get(i.id());
      List<String> gone =
          m.parts().stream().filter(p -> i.passing().contains(p.table())).map(Part::path).toList();
      if (!gone.isEmpty()) {
        Manifest pruned = m.without(i.passing());
        pruned.write(folder(directory, i));
        complete.put(i.id(), pruned);
        Files.delete(gone);
      }
    }
  }

  private final class Context implements StageContext {
    private final StageInstance instance;
    private final String attempt;
    private final String unfinished;
    private int sequence;

    Context(StageInstance instance, String attempt, String unfinished) {
      this.instance = instance;
      this.attempt = attempt;
      this.unfinished = unfinished;
    }

    @Override
    public Manifest input(String role) {
      String id = instance.inputs().get(role);
      if (id == null) {
        throw new IllegalArgumentException(
            instance.id() + " has no input " + role + "; it has " + instance.inputs().keySet());
      }
      return complete.get(id);
    }

    @Override
    public boolean hasInput(String role) {
      return instance.inputs().containsKey(role);
    }

    @Override
    public String directory() {
      return attempt;
    }

    @Override
    public String unfinished() {
      return unfinished;
    }

    @Override
    public int parallelism() {
      return parallelism;
    }

    @Override
    public List<Part> run(String job, Function<String, StageTransform<?>> transform)
        throws Exception {
      String out = Paths.join(attempt, String.format("job-%03d", sequence++));
      StageTransform<?> applied = transform.apply(out);
      if (applied.isSmall()) {
        return applied.runHere();
      }
      if (applied.keepsUnits()) {
        FinishedUnits finished =
            new FinishedUnits(Paths.join(unfinished, "units" + (job.isEmpty() ? "" : "-" + job)));
        applied.keepIn(finished);
        int before = finished.count();
        if (before > 0) {
          event(before + " of " + applied.units() + " units were finished before and are kept");
        }
      }
      ProgressReader progress = new ProgressReader(out, job, applied.units());
      Duration poll = Files.onDisk(directory) ? DISK_POLL : STORE_POLL;
      long[] next = {System.nanoTime() + poll.toNanos()};
      FlinkJobs jobs = clusters.jobsFor(instance.stage().name());
      jobs.run(
          instance.id() + (job.isEmpty() ? "" : "-" + job),
          Math.max(1, Math.min(parallelism, applied.units())),
          p ->
              p.apply(job.isEmpty() ? instance.stage().name() : job, applied)
                  .apply("Index", new WriteIndex(out)),
          new FlinkJobs.Watch() {
            @Override
            public void submitted(FlinkJob submitted) {
              for (RunListener l : listeners) {
                l.submitted(instance, submitted);
              }
            }

            @Override
            public void poll() throws IOException {
              proceed();
              if (System.nanoTime() >= next[0]) {
                next[0] = System.nanoTime() + poll.toNanos();
                StageProgress now = progress.read();
                for (RunListener l : listeners) {
                  l.progress(instance, now);
                }
                progress.late(PATIENCE).ifPresent(this::event);
              }
            }

            @Override
            public void event(String text) {
              Context.this.event(text);
            }
          });
      return WriteIndex.read(out);
    }

    private void event(String text) {
      for (RunListener l : listeners) {
        l.event(instance, text);
      }
    }
  }
}
