package org.deepercluster.pipelines.run;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.runtime.util.EnvironmentInformation;

/** Compares a Flink cluster with what this program needs, through its REST address. */
public final class ClusterCheck {
  private static final Pattern JAR =
      Pattern.compile("([A-Za-z][A-Za-z0-9._-]*?)-([0-9][A-Za-z0-9._-]*)[.]jar");

  /** Jars that have to be in the cluster's {@code lib/} in this program's version. */
  private static final List<String> NEEDED =
      List.of(
          "deepercluster-native",
          "javacpp",
          "nd4j-api",
          "deeplearning4j-nn",
          "beam-sdks-java-core",
          "beam-runners-flink",
          "parquet-hadoop");

  private ClusterCheck() {}

  /**
   * Checks everything that can be known before a job is sent.
   *
   * @throws InfrastructureException when the cluster does not answer or does not fit
   */
  static void require(FlinkRest rest) throws InterruptedException, InfrastructureException {
    List<String> faults;
    try {
      faults = faults(rest);
    } catch (IOException e) {
      throw new InfrastructureException(
          "no Flink cluster: "
              + e.getMessage()
              + ". Is it started, and is this its REST address? `infra/flink/cluster start` starts one"
              + " on this machine.",
          e);
    }
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

  /** What does not fit, each with what would. */
  static List<String> faults(FlinkRest rest) throws IOException, InterruptedException {
    List<String> faults = new ArrayList<>();
    String own = EnvironmentInformation.getVersion();
    String version = rest.get("/config").path("flink-version").asText("unknown");
    if (!line(version).equals(line(own))) {
      faults.add("it is Flink " + version + "; this program is built for Flink " + line(own));
      return faults;
    }
    JsonNode environment = rest.get("/jobmanager/environment");
    String java = environment.path("jvm").path("version").asText("");
    Matcher feature = Pattern.compile("/(\\d+)").matcher(java);
    if (feature.find() && Integer.parseInt(feature.group(1)) < 17) {
      faults.add("its Java is " + java + "; Java 17 or newer is needed");
    }
    TreeMap<String, String> there = new TreeMap<>();
    for (JsonNode entry : environment.path("classpath")) {
      put(there, entry.asText());
    }
    TreeMap<String, String> here = new TreeMap<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      put(here, entry);
    }
    for (String name : NEEDED) {
      String needed = here.get(name);
      String found = there.get(name);
      if (found == null) {
        faults.add(name + (needed == null ? "" : "-" + needed) + ".jar is not in its lib folder");
      } else if (needed != null && !found.equals(needed)) {
        faults.add(
            "its lib folder has " + name + " " + found + "; this program is built with " + needed);
      }
    }
    JsonNode config = rest.get("/jobmanager/config");
    String patterns = "";
    for (JsonNode entry : config) {
      if (entry.path("key").asText().equals("classloader.parent-first-patterns.additional")) {
        patterns = entry.path("value").asText();
      }
    }
    for (String pattern :
        List.of(
            "org.nd4j.",
            "org.bytedeco.",
            "org.deeplearning4j.",
            "org.apache.beam.",
            "org.deepercluster.natives.")) {
      if (!List.of(patterns.split("[;,\\[\\] ]+")).contains(pattern)) {
        faults.add("classloader.parent-first-patterns.additional lacks " + pattern);
      }
    }
    return faults;
  }

  private static void put(TreeMap<String, String> jars, String path) {
    Matcher m = JAR.matcher(path.substring(path.lastIndexOf('/') + 1));
    if (m.matches() && !m.group(2).contains("linux")) {
      jars.put(m.group(1), m.group(2));
    }
  }

  private static String line(String version) {
    String[] parts = version.split("[.]");
    return parts.length < 2 ? version : parts[0] + "." + parts[1];
  }
}
