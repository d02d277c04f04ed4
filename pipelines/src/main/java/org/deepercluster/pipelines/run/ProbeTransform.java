package org.deepercluster.pipelines.run;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.beam.sdk.util.ReleaseInfo;
import org.bytedeco.javacpp.Pointer;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;

/** Has each worker write down what it is and what it sees. */
final class ProbeTransform extends StageTransform<Integer> {
  private static final long serialVersionUID = 1;

  /** Written into the folder by the orchestrator before the job. */
  static final String MARKER = "orchestrator";

  /** In the message of a worker that does not see it. */
  static final String NOT_SHARED = "does not see the OUTPUT folder of this program";

  /** Where that message begins. */
  static final String WORKER = "the worker on ";

  private final int count;
  private final String directory;
  private final TreeMap<String, String> files;

  /**
   * A probe.
   *
   * @param count units: as many workers answer, if there are as many free slots
   * @param directory URI of the folder that holds the marker and gets the answers
   * @param files files that each worker has to see, by what they are for
   */
  ProbeTransform(int count, String directory, Map<String, String> files) {
    super(IntStream.range(0, count).boxed().toList(), directory);
    this.count = count;
    this.directory = directory;
    this.files = new TreeMap<>(files);
  }

  @Override
  protected UnitWork<Integer> work() {
    return new Look(count, directory, files);
  }

  /**
   * What a worker says of itself.
   *
   * @param host name of its machine
   * @param pid its process
   * @param java its version
   * @param backend see {@link NativeRuntime#backend()}; empty when the natives do not load
   * @param failure why they do not load, or empty
   * @param oneDnn whether oneDNN's layers are on
   * @param cuda whether it computes on a GPU
   * @param cudaReport see {@link NativeRuntime#cudaReport()}
   * @param cores of the machine, as far as the process may use them
   * @param threads of native maths in each slot, where a stage does not say
   * @param beam version
   * @param heapBytes most that the heap may be
   * @param nativeBytes most that JavaCPP may allocate; 0: no limit
   * @param code version of the job's classes
   * @param missing which files it does not see, by what they are for
   */
  record Worker(
      @JsonProperty("host") String host,
      @JsonProperty("pid") long pid,
      @JsonProperty("java") String java,
      @JsonProperty("backend") String backend,
      @JsonProperty("failure") String failure,
      @JsonProperty("oneDnn") boolean oneDnn,
      @JsonProperty("cuda") boolean cuda,
      @JsonProperty("cudaReport") String cudaReport,
      @JsonProperty("cores") int cores,
      @JsonProperty("threads") int threads,
      @JsonProperty("beam") String beam,
      @JsonProperty("heapBytes") long heapBytes,
      @JsonProperty("nativeBytes") long nativeBytes,
      @JsonProperty("code") String code,
      @JsonProperty("missing") List<String> missing) {

    static Worker look(Map<String, String> files) throws IOException {
      String backend = "";
      String failure = "";
      boolean oneDnn = false;
      boolean cuda = false;
      String cudaReport = "";
      int threads = 0;
      long nativeBytes = 0;
      try {
        backend = NativeRuntime.backend();
        oneDnn = NativeRuntime.oneDnnActive();
        cuda = NativeRuntime.isCuda();
        cudaReport = NativeRuntime.cudaReport();
        threads = NativeRuntime.threads();
        nativeBytes = Pointer.maxBytes();
      } catch (IllegalStateException | LinkageError e) {
        failure = String.valueOf(e.getMessage());
      }
      List<String> missing = new ArrayList<>();
      for (var f : files.entrySet()) {
        if (!Files.exists(f.getValue())) {
          missing.add(f.getKey());
        }
      }
      return new Worker(
          RunLock.hostName(),
          ProcessHandle.current().pid(),
          System.getProperty("java.version"),
          backend,
          failure,
          oneDnn,
          cuda,
          cudaReport,
          Runtime.getRuntime().availableProcessors(),
          threads,
          ReleaseInfo.getReleaseInfo().getVersion(),
          Runtime.getRuntime().maxMemory(),
          nativeBytes,
          CodeVersion.get(),
          missing);
    }

    /** Host and process. */
    String name() {
      return host + " process " + pid;
    }
  }

  private record Look(int count, String directory, TreeMap<String, String> files)
      implements UnitWork<Integer> {
    private static final long MARKER_NANOS = 2_000_000_000L;
    private static final long OTHERS_NANOS = 5_000_000_000L;
    private static final long POLL_MILLIS = 50;

    @Override
    public List<Part> process(Unit<Integer> unit, Output output) throws Exception {
      String marker = Paths.join(directory, MARKER);
      if (!await(MARKER_NANOS, () -> Files.exists(marker))) {
        throw new IOException(
            WORKER
                + RunLock.hostName()
                + " (process "
                + ProcessHandle.current().pid()
                + ") "
                + NOT_SHARED
                + ": "
                + marker
                + " is not there; OUTPUT has to be a folder that all machines share, or an object"
                + " store");
      }
      Files.write(Paths.join(directory, "started", String.valueOf(unit.index())), "");
      Worker worker = Worker.look(files);
      // Whoever is done waits for the others: else one quick slot could do the work of all.
      await(OTHERS_NANOS, () -> Files.match(directory, "started/*").size() >= count);
      byte[] json = Json.text(worker).getBytes(StandardCharsets.UTF_8);
      return List.of(output.writeFile("worker", unit.index(), "json", out -> out.write(json)));
    }

    private interface Condition {
      boolean holds() throws IOException;
    }

    private static boolean await(long nanos, Condition condition)
        throws IOException, InterruptedException {
      long until = System.nanoTime() + nanos;
      while (!condition.holds()) {
        if (System.nanoTime() > until) {
          return false;
        }
        Thread.sleep(POLL_MILLIS);
      }
      return true;
    }
  }
}
