package org.deepercluster.pipelines.run;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.beam.sdk.util.ReleaseInfo;
import org.deepercluster.pipelines.run.ProbeTransform.Worker;
import org.deepercluster.stages.beam.WriteIndex;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at a cluster's workers from the inside: a small job whose units tell which process they are
 * in, what computes there and which files they see. What Flink's REST address knows is {@link
 * ClusterCheck}'s.
 */
final class FlinkProbe {
  private static final Logger LOG = LoggerFactory.getLogger(FlinkProbe.class);
  private static final int MOST_UNITS = 64;
  private static final long FREE_NANOS = 3_000_000_000L;
  private static final long POLL_MILLIS = 50;

  /** A lost TaskManager costs two or three failed tries; more are a fault of the cluster. */
  private static final int MOST_FAILURES = 4;

  private static final double MIB = 1 << 20;

  private FlinkProbe() {}

  /**
   * What the workers say.
   *
   * @param workers one for each slot that was asked; several may be one process
   * @param taskManagers TaskManagers of the cluster when the job ended
   * @param slots task slots of the cluster
   */
  record Answer(List<Worker> workers, int taskManagers, int slots) {

    /** The processes, each once, with the number of its slots that were asked. */
    Map<Worker, Integer> processes() {
      Map<String, Worker> first = new TreeMap<>();
      Map<Worker, Integer> slots = new LinkedHashMap<>();
      for (Worker w : workers) {
        first.putIfAbsent(w.name(), w);
      }
      for (Worker w : first.values()) {
        slots.put(w, (int) workers.stream().filter(o -> o.name().equals(w.name())).count());
      }
      return slots;
    }

    /** What computes, such as {@code CPU (OpenBLAS + oneDNN)}; several joined by "and". */
    String backend() {
      Set<String> found = new TreeSet<>();
      for (Worker w : workers) {
        found.add(w.backend());
      }
      return String.join(" and ", found);
    }
  }

  /**
   * Asks the workers.
   *
   * @param output URI of a folder that this process and the workers share; a folder {@code
   *     .probe-UUID} is made in it and deleted afterwards
   * @param files files that every worker has to see, by what they are for
   * @param patience how long to wait for the answers, or null for as long as it takes
   * @param event hears what the job waits for
   * @param proceed called again and again while the job runs; throws to end it
   * @throws InfrastructureException when the workers cannot be asked, or their answers do not reach
   *     this process
   */
  static Answer ask(
      FlinkJobs jobs,
      String output,
      Map<String, String> files,
      Duration patience,
      Consumer<String> event,
      Runnable proceed)
      throws IOException, InterruptedException, InfrastructureException {
    String directory = Paths.join(output, ".probe-" + UUID.randomUUID());
    Thread hook =
        new Thread(
            () -> {
              jobs.cancel();
              delete(directory);
            },
            "probe interrupted");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      mark(directory, output);
      int units = Math.max(1, Math.min(free(jobs.rest()), MOST_UNITS));
      run(jobs, directory, new ProbeTransform(units, directory, files), patience, event, proceed);
      List<Worker> workers = read(directory, output);
      JsonNode cluster = jobs.ask("/overview");
      return new Answer(
          workers, cluster.path("taskmanagers").asInt(), cluster.path("slots-total").asInt());
    } finally {
      delete(directory);
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        LOG.debug("shutting down", e);
      }
    }
  }

  /**
   * Free slots; those of a job that just ended are so a moment later, and a JobManager that just
   * started answers a moment later.
   */
  private static int free(FlinkRest rest) throws InterruptedException, InfrastructureException {
    long until = System.nanoTime() + FREE_NANOS;
    while (true) {
      boolean late = System.nanoTime() > until;
      try {
        JsonNode cluster = rest.get("/overview");
        int free = cluster.path("slots-available").asInt();
        if (late || free == cluster.path("slots-total").asInt()) {
          return free;
        }
      } catch (IOException e) {
        if (late) {
          throw new InfrastructureException("no Flink cluster: " + e.getMessage(), e);
        }
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  private static void mark(String directory, String output) throws InfrastructureException {
    try {
      Files.write(Paths.join(directory, ProbeTransform.MARKER), "");
    } catch (IOException | IllegalArgumentException e) {
      throw new InfrastructureException(
          "this program cannot write below the output " + output + ": " + e, e);
    }
  }

  /** The job failed too often or takes too long. */
  private static final class GivenUpException extends IOException {
    private static final long serialVersionUID = 1;

    GivenUpException(String message) {
      super(message);
    }
  }

  private static void run(
      FlinkJobs jobs,
      String directory,
      ProbeTransform transform,
      Duration patience,
      Consumer<String> event,
      Runnable proceed)
      throws IOException, InterruptedException, InfrastructureException {
    String where = "the probe job on Flink at " + jobs.rest().master();
    long started = System.nanoTime();
    FlinkJobs.Watch watch =
        new FlinkJobs.Watch() {
          private final List<String> events = new ArrayList<>();
          private String apart;

          @Override
          public void event(String text) {
            if (text.contains(ProbeTransform.NOT_SHARED)) {
              apart = text.substring(text.indexOf(ProbeTransform.WORKER));
            } else {
              events.add(text);
              event.accept(text);
            }
          }

          @Override
          public void poll() throws IOException {
            proceed.run();
            if (apart != null) {
              throw new GivenUpException(where + " fails: " + apart);
            }
            if (events.stream().filter(e -> e.startsWith("tried again")).count() >= MOST_FAILURES) {
              throw new GivenUpException(where + " fails: " + events.get(events.size() - 1));
            }
            if (patience != null && System.nanoTime() - started > patience.toNanos()) {
              throw new GivenUpException(
                  where
                      + " did not end within "
                      + patience.toSeconds()
                      + " s"
                      + (events.isEmpty() ? "" : ": it " + events.get(events.size() - 1)));
            }
          }
        };
    try {
      jobs.run(
          "probe",
          transform.units(),
          p -> p.apply("Look", transform).apply("Index", new WriteIndex(directory)),
          watch);
    } catch (GivenUpException e) {
      throw new InfrastructureException(e.getMessage(), e);
    } catch (JobFailedException e) {
      throw new InfrastructureException(where + " failed: " + e.getMessage(), e);
    }
  }

  private static List<Worker> read(String directory, String output) throws InfrastructureException {
    List<Worker> workers = new ArrayList<>();
    try {
      for (Part p : WriteIndex.read(directory)) {
        workers.add(Json.read(p.path(), Worker.class));
      }
      return workers;
    } catch (IOException e) {
      throw new InfrastructureException(
          "the probe job succeeded, but what its workers wrote below "
              + directory
              + " is not visible here ("
              + e.getMessage()
              + "): the workers do not see the same OUTPUT as this program. It is "
              + output
              + "; use a folder that all machines share, or an object store",
          e);
    }
  }

  private static void delete(String directory) {
    try {
      Files.deleteTree(directory);
    } catch (IOException e) {
      LOG.warn("{} is left behind", directory, e);
    }
  }

  /**
   * What is right and wrong with the workers.
   *
   * @param files what they were asked for, by what it is for
   */
  static List<Finding> findings(Answer answer, Map<String, String> files) {
    List<Finding> found = new ArrayList<>();
    for (var p : answer.processes().entrySet()) {
      Worker w = p.getKey();
      found.add(worker(w, p.getValue()));
      for (String what : w.missing()) {
        found.add(
            Finding.fault(
                "data",
                what + ": " + files.get(what) + " is not there on worker " + w.name(),
                "the data have to be under the same path on every worker: in a folder that all"
                    + " machines share, or in an object store"));
      }
    }
    found.addAll(together(answer));
    return found;
  }

  private static Finding worker(Worker w, int slots) {
    String name = w.name() + ": ";
    if (!w.failure().isEmpty()) {
      return Finding.fault(
          "worker",
          name + "ND4J does not load: " + w.failure(),
          "put the jars of pipelines/target/lib of this build into its lib folder, and restart it");
    }
    String beam = ReleaseInfo.getReleaseInfo().getVersion();
    if (!w.beam().equals(beam)) {
      return Finding.fault(
          "worker",
          name + "has Beam " + w.beam() + "; this program is built with " + beam,
          "put the jars of pipelines/target/lib of this build into its lib folder, and restart it");
    }
    String release = release(CodeVersion.get());
    if (!release(w.code()).equals(release)) {
      return Finding.fault(
          "worker",
          name + "runs version " + release(w.code()) + " of this program, not " + release,
          "remove deepercluster-job.jar from its lib folder: it is sent with each job");
    }
    if (!w.cuda() && !w.oneDnn()) {
      return Finding.fault(
          "worker",
          name + w.backend(),
          "put deepercluster-native-*.jar of this build into its lib folder, set"
              + " -Dorg.eclipse.deeplearning4j.helpers.disable=false in env.java.opts.all, and"
              + " restart it");
    }
    String gpu =
        w.cuda() || !w.cudaReport().contains("not in this build") ? ", " + w.cudaReport() : "";
    return Finding.ok(
        "worker",
        name
            + String.format(
                Locale.ROOT,
                "%s%s, Java %s, Beam %s, %s asked, %s, %s each, heap up to %.0f MiB, native memory %s",
                w.backend(),
                gpu,
                w.java(),
                w.beam(),
                count(slots, "slot"),
                count(w.cores(), "core"),
                count(w.threads(), "thread"),
                w.heapBytes() / MIB,
                w.nativeBytes() > 0
                    ? String.format(Locale.ROOT, "up to %.0f MiB", w.nativeBytes() / MIB)
                    : "without limit"));
  }

  private static String release(String code) {
    return code.replaceFirst("[+].*", "");
  }

  private static List<Finding> together(Answer answer) {
    List<Finding> found = new ArrayList<>();
    Map<Worker, Integer> processes = answer.processes();
    if (processes.size() < answer.taskManagers()) {
      found.add(
          Finding.note(
              "workers",
              processes.size()
                  + " of "
                  + answer.taskManagers()
                  + " TaskManagers were asked; the others had no free slot",
              "try again when they have"));
    }
    differs(processes.keySet().stream().map(Worker::backend), "backend", found);
    differs(processes.keySet().stream().map(Worker::java), "Java", found);
    differs(processes.keySet().stream().map(w -> w.cores() + ""), "number of cores", found);
    found.addAll(
        crowded(
            processes,
            w -> w.threads(),
            Integer.MAX_VALUE,
            "set OMP_NUM_THREADS of the TaskManagers"));
    return found;
  }

  private static void differs(
      java.util.stream.Stream<String> values, String what, List<Finding> found) {
    Set<String> different = new TreeSet<>(values.toList());
    if (different.size() > 1) {
      found.add(
          Finding.note(
              "workers",
              "their " + what + " differs: " + String.join(" and ", different),
              what.equals("number of cores") ? "" : "results may differ in the last bits"));
    }
  }

  /**
   * Whether native threads get in each other's way.
   *
   * @param threads of the maths in each training worker
   * @param workers that run at the same time
   */
  static List<Finding> threads(Answer answer, int threads, int workers) {
    return crowded(
        answer.processes(),
        w -> threads,
        workers,
        "set execution.threads to the cores that a slot may use");
  }

  private static List<Finding> crowded(
      Map<Worker, Integer> processes,
      java.util.function.ToIntFunction<Worker> threads,
      int most,
      String fix) {
    record Host(int slots, int threads, int cores) {}
    Map<String, Host> hosts = new TreeMap<>();
    processes.forEach(
        (w, slots) ->
            hosts.merge(
                w.host(),
                new Host(slots, threads.applyAsInt(w), w.cores()),
                (a, b) ->
                    new Host(
                        a.slots() + b.slots(), Math.max(a.threads(), b.threads()), a.cores())));
    List<Finding> found = new ArrayList<>();
    hosts.forEach(
        (name, h) -> {
          int slots = Math.min(most, h.slots());
          if (slots * h.threads() > h.cores()) {
            found.add(
                Finding.note(
                    "threads",
                    count(slots, "slot")
                        + " × "
                        + count(h.threads(), "thread")
                        + " on the "
                        + count(h.cores(), "core")
                        + " of "
                        + name,
                    fix));
          }
        });
    return found;
  }

  /** {@code 1 slot}, {@code 2 slots}. */
  static String count(int n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }
}
