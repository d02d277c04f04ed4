package org.deepercluster.pipelines.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessSpec;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessUtils;
import org.apache.flink.runtime.jobmanager.JobManagerProcessUtils;
import org.yaml.snakeyaml.Yaml;

/** Reads the files of {@code infra/} for the tests. */
final class InfraFiles {
  static final Path ROOT = Path.of("..");

  private InfraFiles() {}

  static String text(String file) throws IOException {
    return Files.readString(ROOT.resolve(file));
  }

  static Map<String, Object> yaml(String file) throws IOException {
    return map(new Yaml().load(text(file)));
  }

  static List<Map<String, Object>> documents(String yaml) {
    List<Map<String, Object>> documents = new ArrayList<>();
    new Yaml().loadAll(yaml).forEach(d -> documents.add(map(d)));
    return documents;
  }

  @SuppressWarnings("unchecked") // YAML's mappings have text as keys here
  static Map<String, Object> map(Object value) {
    return (Map<String, Object>) value;
  }

  static List<?> list(Object value) {
    return (List<?>) value;
  }

  /** The value below keys, one after the other; a number is an index. */
  static Object at(Object value, Object... path) {
    Object found = value;
    for (Object key : path) {
      found = key instanceof Integer i ? list(found).get(i) : map(found).get(key);
      assertThat(found).as("%s of %s", key, value).isNotNull();
    }
    return found;
  }

  /** Names with values, one a line, as in a {@code .env} file; comments left out. */
  static Map<String, String> pairs(String text, char separator) {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String line : text.lines().map(String::strip).toList()) {
      if (!line.isEmpty() && !line.startsWith("#")) {
        int at = line.indexOf(separator);
        assertThat(at).as(line).isPositive();
        assertThat(pairs.put(line.substring(0, at).strip(), line.substring(at + 1).strip()))
            .as("twice: " + line)
            .isNull();
      }
    }
    return pairs;
  }

  /** What every cluster needs: {@code infra/flink/conf/config.yaml}. */
  static Map<String, String> sharedSettings() throws IOException {
    Map<String, String> settings = new LinkedHashMap<>();
    yaml("infra/flink/conf/config.yaml").forEach((k, v) -> settings.put(k, v.toString()));
    return settings;
  }

  /**
   * Flink's own arithmetic takes the memory settings of a TaskManager and arrives at its
   * container's limit, and JavaCPP's limits are those of the same memory.
   */
  static void assertTaskManagerFits(
      Map<String, String> settings, String javaOptions, String containerLimit) {
    TaskExecutorProcessSpec spec =
        TaskExecutorProcessUtils.processSpecFromConfig(Configuration.fromMap(settings));
    MemorySize limit = MemorySize.parse(containerLimit);
    assertThat(spec.getTotalProcessMemorySize()).isEqualTo(limit);
    assertThat(javaSize(javaOptions, "maxbytes")).isEqualTo(spec.getTaskOffHeapSize());
    assertThat(javaSize(javaOptions, "maxphysicalbytes")).isEqualTo(limit);
    int slots = Integer.parseInt(settings.get("taskmanager.numberOfTaskSlots"));
    assertThat(spec.getTaskHeapSize().getMebiBytes()).isGreaterThanOrEqualTo(1024);
    assertThat(spec.getTaskOffHeapSize().getMebiBytes()).isGreaterThanOrEqualTo(1024 * slots);
  }

  static void assertJobManagerFits(Map<String, String> settings, String containerLimit) {
    assertThat(
            JobManagerProcessUtils.processSpecFromConfigWithNewOptionToInterpretLegacyHeap(
                    Configuration.fromMap(settings), JobManagerOptions.JVM_HEAP_MEMORY)
                .getTotalProcessMemorySize())
        .isEqualTo(MemorySize.parse(containerLimit));
  }

  private static MemorySize javaSize(String options, String name) {
    Matcher m =
        Pattern.compile("-Dorg\\.bytedeco\\.javacpp\\." + name + "=(\\S+)").matcher(options);
    assertThat(m.find()).as(name + " in " + options).isTrue();
    return MemorySize.parse(m.group(1));
  }
}
