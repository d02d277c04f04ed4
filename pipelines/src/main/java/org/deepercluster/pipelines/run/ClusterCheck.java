package org.deepercluster.pipelines.run;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.util.TimeUtils;
import org.deepercluster.natives.NativeRuntime;

/** Compares a Flink cluster with what this program needs, through its REST address. */
final class ClusterCheck {
  private static final Pattern JAR =
      Pattern.compile("([A-Za-z][A-Za-z0-9._-]*?)-([0-9][A-Za-z0-9._-]*)[.]jar");

  /** Jars that have to be in the cluster's {@code lib/} in this program's version. */
  static final List<String> NEEDED =
      List.of(
          "deepercluster-native",
          "deepercluster-storage",
          "javacpp",
          "nd4j-api",
          "deeplearning4j-nn",
          "beam-sdks-java-core",
          "beam-runners-flink",
          "parquet-hadoop");

  /** What Flink's own loader has to load for every job. */
  static final List<String> PARENT_FIRST =
      List.of(
          "org.nd4j.",
          "org.bytedeco.",
          "org.deeplearning4j.",
          "org.apache.beam.",
          "org.deepercluster.natives.");

  /** Packages of {@code java.base} that serialisation and the natives look into. */
  static final List<String> OPENED =
      List.of(
          "java.lang",
          "java.util",
          "java.nio",
          "java.time",
          "java.util.concurrent",
          "java.lang.reflect",
          "java.text",
          "sun.nio.ch");

  private static final long MIB = 1L << 20;
  private static final long SMALL = 512 * MIB;

  /** Buffers that a slot needs beside those of its result: what it reads through. */
  private static final long READING = 64;

  private ClusterCheck() {}

  /**
   * Checks everything without which no job can succeed and that can be known before one is sent.
   *
   * @throws InfrastructureException when the cluster does not answer or does not fit
   */
  static void require(FlinkRest rest) throws InterruptedException, InfrastructureException {
    List<Finding> found;
    try {
      found = compatibility(rest);
    } catch (IOException e) {
      throw new InfrastructureException(
          "no Flink cluster: "
              + e.getMessage()
              + ". Is it started, and is this its REST address? `infra/flink/cluster start` starts one"
              + " on this machine.",
          e);
    }
    List<String> faults = found.stream().filter(Finding::isFault).map(Finding::text).toList();
    if (!faults.isEmpty()) {
      throw new InfrastructureException(
          "the Flink cluster at "
              + rest.master()
              + " does not fit this program:\n  "
              + String.join("\n  ", faults)
              + "\nNothing was submitted. infra/flink/README.md says how such a cluster is set up.",
          null);
    }
  }

  /**
   * Versions, jars and class loading.
   *
   * @throws IOException when the cluster does not answer
   */
  static List<Finding> compatibility(FlinkRest rest) throws IOException, InterruptedException {
    List<Finding> found = new ArrayList<>();
    String own = EnvironmentInformation.getVersion();
    String version = rest.get("/config").path("flink-version").asText("unknown");
    if (!line(version).equals(line(own))) {
      found.add(
          Finding.fault(
              "flink",
              "it is Flink " + version + "; this program is built for Flink " + line(own),
              "use a cluster of Flink " + line(own)));
      return found;
    }
    found.add(Finding.ok("flink", version + " at " + rest.master()));
    JsonNode environment = rest.get("/jobmanager/environment");
    found.add(java(environment.path("jvm").path("version").asText("")));
    Map<String, TreeSet<String>> there = new TreeMap<>();
    for (JsonNode entry : environment.path("classpath")) {
      put(there, entry.asText());
    }
    Map<String, TreeSet<String>> here = own();
    for (String name : NEEDED) {
      found.add(jar(name, here.get(name), there.get(name)));
    }
    found.addAll(
        loading(
            config(rest).getOrDefault("classloader.parent-first-patterns.additional", "").strip()));
    return found;
  }

  private static Finding java(String version) {
    Matcher feature = Pattern.compile("/(\\d+)(\\S*)").matcher(version);
    if (!feature.find()) {
      return Finding.note("java", "unknown: '" + version + "'", "Java 17 or newer is needed");
    }
    return Integer.parseInt(feature.group(1)) < 17
        ? Finding.fault("java", "its Java is " + version, "Java 17 or newer is needed")
        : Finding.ok("java", feature.group(1) + feature.group(2) + " (JobManager)");
  }

  private static Finding jar(String name, TreeSet<String> needed, TreeSet<String> found) {
    String right = needed == null ? "" : needed.last();
    String file = name + (right.isEmpty() ? "" : "-" + right) + ".jar";
    String fix =
        "put the jars of pipelines/target/lib of this build there, no other versions, and restart it";
    if (found == null) {
      return Finding.fault("lib", file + " is not in its lib folder", fix);
    }
    String versions = String.join(" and ", found);
    if (found.size() > 1 || (needed != null && !found.first().equals(right))) {
      return Finding.fault(
          "lib",
          "its lib folder has "
              + name
              + " "
              + versions
              + (needed == null
                  ? "; one version is needed"
                  : "; this program is built with " + right),
          fix);
    }
    return Finding.ok("lib", name + " " + versions);
  }

  private static List<Finding> loading(String patterns) {
    List<String> set = List.of(patterns.split("[;,\\[\\]'\" ]+"));
    List<Finding> found = new ArrayList<>();
    for (String pattern : PARENT_FIRST) {
      if (!set.contains(pattern)) {
        found.add(
            Finding.fault(
                "loading",
                "classloader.parent-first-patterns.additional lacks " + pattern,
                "set it to " + String.join(";", PARENT_FIRST)));
      }
    }
    return found.isEmpty()
        ? List.of(Finding.ok("loading", "parent first: " + String.join(" ", PARENT_FIRST)))
        : found;
  }

  /**
   * Task slots, memory and settings that decide how well jobs run.
   *
   * @throws IOException when the cluster does not answer
   */
  static List<Finding> settings(FlinkRest rest) throws IOException, InterruptedException {
    Map<String, String> config = config(rest);
    JsonNode workers = rest.get("/taskmanagers").path("taskmanagers");
    List<Finding> found = new ArrayList<>();
    found.add(javaOptions(config));
    found.add(restarts(config));
    found.add(heartbeat(config));
    found.addAll(slots(workers));
    for (JsonNode w : workers) {
      found.add(memory(w));
      found.add(network(w, config));
    }
    return found;
  }

  private static Finding javaOptions(Map<String, String> config) {
    String options = "";
    for (String key : List.of("env.java.opts", "env.java.opts.all", "env.java.opts.taskmanager")) {
      options += " " + config.getOrDefault(key, "");
    }
    String helpers = "-D" + NativeRuntime.HELPERS_PROPERTY + "=";
    List<String> missing = new ArrayList<>();
    if (!options.contains(helpers + "false")) {
      missing.add(helpers + "false");
    }
    for (String p : OPENED) {
      if (!options.matches(
          "(?s).*--add-opens[= ]java[.]base/" + Pattern.quote(p) + "=ALL-UNNAMED.*")) {
        missing.add("--add-opens=java.base/" + p + "=ALL-UNNAMED");
      }
    }
    if (options.contains(helpers + "true")) {
      return Finding.fault(
          "options",
          helpers + "true switches oneDNN's layers off",
          "set " + helpers + "false in env.java.opts.all");
    }
    return missing.isEmpty()
        ? Finding.ok("options", "helpers on, packages opened")
        : Finding.note(
            "options",
            "env.java.opts.all lacks " + missing.size() + " of the options that are known to work",
            "add " + String.join(" ", missing));
  }

  private static Finding restarts(Map<String, String> config) {
    String kind =
        config
            .getOrDefault("restart-strategy.type", config.getOrDefault("restart-strategy", "none"))
            .toLowerCase(Locale.ROOT);
    String fix =
        "set restart-strategy.type: fixed-delay and restart-strategy.fixed-delay.attempts: 10";
    return switch (kind) {
      case "none", "off", "disable" ->
          Finding.note("restarts", "none: a lost TaskManager or a failed unit ends the stage", fix);
      case "fixed-delay", "fixeddelay" -> {
        String attempts = config.getOrDefault("restart-strategy.fixed-delay.attempts", "1");
        yield attempts.matches("[0-3]")
            ? Finding.note(
                "restarts",
                "fixed-delay, "
                    + attempts
                    + (attempts.equals("1") ? " attempt" : " attempts")
                    + "; a lost TaskManager costs two or three",
                fix)
            : Finding.ok("restarts", "fixed-delay, " + attempts + " attempts");
      }
      default -> Finding.ok("restarts", kind);
    };
  }

  private static Finding heartbeat(Map<String, String> config) {
    String timeout = config.getOrDefault("heartbeat.timeout", "50000");
    long seconds;
    try {
      seconds = TimeUtils.parseDuration(timeout).toSeconds();
    } catch (IllegalArgumentException e) {
      return Finding.note("heartbeat", "timeout '" + timeout + "' is not understood", "");
    }
    String found = "a lost TaskManager is noticed within " + seconds + " s";
    if (seconds > 60) {
      return Finding.note("heartbeat", found, "set heartbeat.timeout: 10000");
    }
    return seconds < 5
        ? Finding.note(
            "heartbeat",
            found + "; a pause of the garbage collector may look like one",
            "set heartbeat.timeout: 10000")
        : Finding.ok("heartbeat", found);
  }

  private static List<Finding> slots(JsonNode workers) {
    if (workers.isEmpty()) {
      return List.of(
          Finding.note(
              "slots",
              "no TaskManager is registered; a job waits for them",
              "start TaskManagers, unless this cluster starts them when a job comes"));
    }
    Map<String, int[]> hosts = new TreeMap<>();
    int total = 0;
    int free = 0;
    for (JsonNode w : workers) {
      int[] host = hosts.computeIfAbsent(host(w), h -> new int[2]);
      host[0] += w.path("slotsNumber").asInt();
      host[1] = w.path("hardware").path("cpuCores").asInt();
      total += w.path("slotsNumber").asInt();
      free += w.path("freeSlots").asInt();
    }
    List<Finding> found = new ArrayList<>();
    String text = FlinkProbe.count(workers.size(), "TaskManager") + ", " + free + " of " + total;
    text += " slots free";
    found.add(
        free > 0
            ? Finding.ok("slots", text)
            : Finding.note("slots", text, "a job waits until some are free"));
    hosts.forEach(
        (host, h) -> {
          if (h[0] > h[1]) {
            found.add(
                Finding.note(
                    "slots",
                    FlinkProbe.count(h[0], "slot") + " on the " + h[1] + " cores of " + host,
                    "set taskmanager.numberOfTaskSlots so that the slots of a machine are at most its"
                        + " cores"));
          }
        });
    return found;
  }

  /** Machine of a TaskManager: its id has it only in some deployments, its address in all. */
  private static String host(JsonNode worker) {
    Matcher m = Pattern.compile("@([^:/]+)").matcher(worker.path("path").asText());
    return m.find() ? m.group(1) : worker.path("id").asText();
  }

  private static Finding memory(JsonNode worker) {
    JsonNode m = worker.path("memoryConfiguration");
    long heap = m.path("taskHeap").asLong();
    long offHeap = m.path("taskOffHeap").asLong();
    List<String> fixes = new ArrayList<>();
    if (heap < SMALL) {
      fixes.add("taskmanager.memory.task.heap.size: 512m");
    }
    if (offHeap < SMALL) {
      fixes.add("taskmanager.memory.task.off-heap.size: 512m");
    }
    String found =
        String.format(
            Locale.ROOT,
            "task heap %d MiB, task off-heap %d MiB (%s)",
            heap / MIB,
            offHeap / MIB,
            worker.path("id").asText());
    return fixes.isEmpty()
        ? Finding.ok("memory", found)
        : Finding.note("memory", found, "set at least " + String.join(" and ", fixes));
  }

  private static Finding network(JsonNode worker, Map<String, String> config) {
    long memory = worker.path("memoryConfiguration").path("networkMemory").asLong();
    int slots = worker.path("slotsNumber").asInt();
    long segment;
    long buffers;
    try {
      segment =
          MemorySize.parseBytes(config.getOrDefault("taskmanager.memory.segment-size", "32kb"));
      buffers =
          Long.parseLong(
              config.getOrDefault("taskmanager.network.sort-shuffle.min-buffers", "512"));
    } catch (IllegalArgumentException e) {
      return Finding.note("network", "its settings are not understood: " + e.getMessage(), "");
    }
    long there = memory / segment;
    long needed = slots * (buffers + READING);
    String found =
        memory / MIB
            + " MiB, "
            + there
            + " buffers; "
            + FlinkProbe.count(slots, "slot")
            + " with results of "
            + buffers
            + " need about "
            + needed;
    return there >= needed
        ? Finding.ok("network", found)
        : Finding.note(
            "network",
            found,
            "set taskmanager.network.sort-shuffle.min-buffers: 16, or more"
                + " taskmanager.memory.network.min and .max");
  }

  private static Map<String, String> config(FlinkRest rest)
      throws IOException, InterruptedException {
    Map<String, String> config = new TreeMap<>();
    for (JsonNode entry : rest.get("/jobmanager/config")) {
      config.put(entry.path("key").asText(), entry.path("value").asText());
    }
    return config;
  }

  /** The jars of this process: versions by name. */
  static Map<String, TreeSet<String>> own() {
    Map<String, TreeSet<String>> here = new TreeMap<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      put(here, entry);
    }
    return here;
  }

  private static void put(Map<String, TreeSet<String>> jars, String path) {
    Matcher m = JAR.matcher(path.substring(path.lastIndexOf('/') + 1));
    if (m.matches() && !m.group(2).contains("linux")) {
      jars.computeIfAbsent(m.group(1), n -> new TreeSet<>()).add(m.group(2));
    }
  }

  private static String line(String version) {
    String[] parts = version.split("[.]");
    return parts.length < 2 ? version : parts[0] + "." + parts[1];
  }
}
