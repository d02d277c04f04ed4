package org.deepercluster.pipelines.cli;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.pipelines.experiment.ExecutionConfig;
import org.deepercluster.pipelines.run.ClusterDoctor;
import org.deepercluster.pipelines.run.CodeVersion;
import org.deepercluster.pipelines.run.EmbeddedFlinkCheck;
import org.deepercluster.pipelines.run.Finding;
import org.deepercluster.pipelines.run.OutputCheck;
import org.deepercluster.pipelines.tracking.LocalServer;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Checks the machine. */
@Command(
    name = "doctor",
    description = {
      "Checks what the program needs on this machine, with a fix for each fault.",
      "With --flink it checks a Flink cluster instead: its versions, memory and settings, and with"
          + " two small jobs what its workers compute with and whether they see the output."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./deepercluster doctor",
      "  ./deepercluster doctor --json",
      "  ./deepercluster doctor --output s3://bucket/runs",
      "  ./deepercluster doctor --flink flink.example.org:8081 --output /shared/runs"
    })
final class DoctorCommand extends ConsoleCommand {
  private static final long GIB = 1L << 30;

  @Option(names = "--json", description = "Prints one JSON object.")
  private boolean json;

  @Option(
      names = "--flink",
      paramLabel = "HOST:PORT",
      description = "Checks the Flink cluster with this REST address.")
  private String flink;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description =
          "Folder or URI to check: can it be written, listed, read and deleted? With --flink, the"
              + " workers have to see it as this machine does; there the default is runs.")
  private String output;

  private final List<Finding> findings = new ArrayList<>();

  @Override
  public Integer call() throws InterruptedException {
    add("program", "ok", CodeVersion.get(), "");
    if (flink == null) {
      java();
      memory();
      cpu();
      natives();
      flink();
      mlflow();
      if (output != null) {
        findings.add(OutputCheck.examine(output));
      }
    } else {
      ExecutionConfig.requireAddress(flink);
      findings.addAll(
          ClusterDoctor.examine(
              flink,
              output == null ? "runs" : output,
              text -> console.err().println("Flink: " + text)));
    }
    boolean fault = findings.stream().anyMatch(f -> f.state().equals("fault"));
    if (json) {
      console.out().println(Json.text(Map.of("healthy", !fault, "findings", findings)));
    } else {
      for (Finding f : findings) {
        console
            .out()
            .printf(
                "%-6s %-10s %s%s%n",
                f.state(),
                f.name(),
                f.found(),
                f.fix().isEmpty() ? "" : "\n                  fix: " + f.fix());
      }
    }
    return fault ? Console.INFRASTRUCTURE : Console.DONE;
  }

  private void add(String name, String state, String found, String fix) {
    findings.add(new Finding(name, state, found, fix));
  }

  private void java() {
    int version = Runtime.version().feature();
    add(
        "java",
        version >= 17 ? "ok" : "fault",
        System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + ")",
        version >= 17 ? "" : "install a JDK 17 and set JAVA_HOME to it");
  }

  private void memory() {
    long heap = Runtime.getRuntime().maxMemory();
    long machine =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    boolean small = machine < 4 * GIB;
    add(
        "memory",
        small ? "note" : "ok",
        String.format(
            Locale.ROOT,
            "%.1f GiB, heap up to %.1f GiB",
            (double) machine / GIB,
            (double) heap / GIB),
        small
            ? "below 4 GiB large networks do not fit; DEEPERCLUSTER_JAVA_OPTS=-Xmx... sets the heap"
            : "");
  }

  private void cpu() {
    String model = System.getProperty("os.arch");
    String flags = "";
    Path info = Path.of("/proc/cpuinfo");
    if (Files.isReadable(info)) {
      try {
        for (String line : Files.readAllLines(info)) {
          if (line.startsWith("model name")) {
            model = line.substring(line.indexOf(':') + 1).strip();
          } else if (line.startsWith("flags")) {
            flags = " " + line.substring(line.indexOf(':') + 1).strip() + " ";
          }
        }
      } catch (java.io.IOException e) {
        flags = "";
      }
    }
    boolean unknown = flags.isEmpty();
    boolean avx2 = flags.contains(" avx2 ");
    String features = (avx2 ? "AVX2" : "") + (flags.contains(" avx512f ") ? " AVX-512" : "");
    add(
        "cpu",
        unknown ? "note" : avx2 ? "ok" : "fault",
        Runtime.getRuntime().availableProcessors()
            + " cores, "
            + model
            + (unknown ? "" : ", " + (features.isEmpty() ? "no AVX2" : features.strip())),
        unknown || avx2 ? "" : "the native libraries need a CPU with AVX2 (any x86-64 since 2013)");
  }

  private void natives() {
    try {
      String backend = NativeRuntime.backend();
      boolean fast = NativeRuntime.isCuda() || NativeRuntime.oneDnnActive();
      add(
          "nd4j",
          fast ? "ok" : "fault",
          backend + ", Deeplearning4j 1.0.0-M2.1",
          fast
              ? ""
              : "oneDNN layers are off: start with ./deepercluster, which puts deepercluster-native on"
                  + " the class path and sets -D"
                  + NativeRuntime.HELPERS_PROPERTY
                  + "=false");
    } catch (IllegalStateException e) {
      add("nd4j", "fault", e.getMessage(), "run `mvn package` on this machine, then try again");
    }
    String cuda = NativeRuntime.cudaReport();
    add("cuda", "note", cuda.replaceFirst("^CUDA: ", ""), "");
  }

  private void flink() {
    try {
      add("flink", "ok", EmbeddedFlinkCheck.run(), "");
    } catch (Exception e) {
      add(
          "flink",
          "fault",
          "the embedded Flink does not run: " + e.getMessage(),
          "the loopback interface must be usable and `localhost` must resolve to it");
    }
  }

  private void mlflow() {
    String named = System.getenv("MLFLOW_TRACKING_URI");
    if (named != null && !named.isBlank()) {
      add("mlflow", "ok", "MLFLOW_TRACKING_URI names " + named, "");
      return;
    }
    LocalServer.Status s = new LocalServer().status();
    String found =
        s.running()
            ? "running at " + s.uri().orElseThrow() + ", version " + s.version().orElse("?")
            : s.installed()
                ? "installed, not running; `deepercluster ui` starts it"
                : "not installed yet; the first run installs it";
    add("mlflow", "ok", found + ", data in " + s.home(), "");
  }
}
