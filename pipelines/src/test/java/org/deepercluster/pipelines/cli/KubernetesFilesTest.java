package org.deepercluster.pipelines.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.deepercluster.pipelines.cli.InfraFiles.at;
import static org.deepercluster.pipelines.cli.InfraFiles.list;
import static org.deepercluster.pipelines.cli.InfraFiles.map;
import static org.deepercluster.pipelines.cli.InfraFiles.pairs;
import static org.deepercluster.pipelines.cli.InfraFiles.text;
import static org.deepercluster.pipelines.cli.InfraFiles.yaml;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The files of {@code infra/kubernetes}: their schemas, that they fit each other, and that they
 * keep in step with the program and the Job that {@code submit} makes.
 */
class KubernetesFilesTest {
  private static final String FOLDER = "infra/kubernetes/";
  private static final List<String> KUSTOMIZED = List.of("", "gpu/", "object-store/");
  @TempDir Path root;

  /** All objects by kind and name. */
  private static Map<String, Map<String, Object>> objects() throws IOException {
    Map<String, Map<String, Object>> objects = new HashMap<>();
    try (Stream<Path> files = Files.walk(InfraFiles.ROOT.resolve(FOLDER))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".yaml")).toList()) {
        if (!file.endsWith("kustomization.yaml") && !file.endsWith("images.yaml")) {
          for (Map<String, Object> d : InfraFiles.documents(Files.readString(file))) {
            String name = d.get("kind") + "/" + at(d, "metadata", "name");
            assertThat(objects.put(name, d)).as(name).isNull();
          }
        }
      }
    }
    assertThat(objects).hasSizeGreaterThan(10);
    return objects;
  }

  /** Specifications of pods, of a Flink cluster's as the operator merges them, by name. */
  private static Map<String, Map<String, Object>> pods(Map<String, Map<String, Object>> objects) {
    Map<String, Map<String, Object>> pods = new HashMap<>();
    objects.forEach(
        (name, o) -> {
          switch (o.get("kind").toString()) {
            case "Deployment", "StatefulSet", "Job" ->
                pods.put(name, map(at(o, "spec", "template", "spec")));
            case "FlinkDeployment" -> pods.put(name, map(at(o, "spec", "podTemplate", "spec")));
            default -> {}
          }
        });
    return pods;
  }

  @Test
  void everyObjectFitsItsSchema() throws Exception {
    for (Map.Entry<String, Map<String, Object>> o : objects().entrySet()) {
      assertThat(KubernetesSchemas.fault(o.getValue())).as(o.getKey()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "Deployment/mlflow, replicas, three, three",
    "Deployment/mlflow, replica, 3, replica",
    "StatefulSet/postgres, serviceNam, x, serviceNam",
    "FlinkDeployment/flink, flinkVersion, v1_99, flinkVersion",
    "FlinkDeployment/flink, taskManagers, 3, taskManagers",
    "FlinkDeployment/flink-gpu, mode, both, mode"
  })
  void theSchemasFindFaults(String object, String key, String value, String found)
      throws Exception {
    Map<String, Object> o = objects().get(object);
    map(o.get("spec")).put(key, value);
    assertThat(KubernetesSchemas.fault(o))
        .hasValueSatisfying(fault -> assertThat(fault).contains(found));
  }

  @Test
  void kustomizeTakesEveryFile() throws Exception {
    Set<String> taken = new TreeSet<>();
    for (String folder : KUSTOMIZED) {
      Map<String, Object> kustomization = yaml(FOLDER + folder + "kustomization.yaml");
      assertThat(kustomization).containsEntry("namespace", "deepercluster");
      list(kustomization.get("resources")).forEach(r -> taken.add(folder + r));
    }
    try (Stream<Path> files = Files.walk(InfraFiles.ROOT.resolve(FOLDER))) {
      Path base = InfraFiles.ROOT.resolve(FOLDER);
      Set<String> there =
          files
              .map(f -> base.relativize(f).toString())
              .filter(f -> f.endsWith(".yaml"))
              .filter(f -> !f.endsWith("kustomization.yaml") && !f.endsWith("images.yaml"))
              .collect(Collectors.toCollection(TreeSet::new));
      there.remove("quickstart.yaml"); // applied by itself
      assertThat(taken).isEqualTo(there);
    }
    assertThat(text(FOLDER + "gpu/images.yaml")).isEqualTo(text(FOLDER + "images.yaml"));
  }

  @ParameterizedTest
  @CsvSource({"flink, 2", "flink-gpu, 1"})
  void theFlinkClustersHaveTheProgramsSettingsAndMemory(String name, String slots)
      throws Exception {
    Map<String, Object> spec = map(objects().get("FlinkDeployment/" + name).get("spec"));
    String[] version = EnvironmentInformation.getVersion().split("[.]");
    assertThat(spec).containsEntry("flinkVersion", "v" + version[0] + "_" + version[1]);
    Map<String, String> settings = new HashMap<>();
    map(spec.get("flinkConfiguration")).forEach((k, v) -> settings.put(k, (String) v));
    assertThat(settings)
        .containsAllEntriesOf(InfraFiles.sharedSettings())
        .containsEntry("taskmanager.numberOfTaskSlots", slots);

    // As the operator sets them.
    String limit = at(spec, "taskManager", "resource", "memory").toString();
    settings.put("taskmanager.memory.process.size", limit);
    settings.put("taskmanager.cpu.cores", at(spec, "taskManager", "resource", "cpu").toString());
    InfraFiles.assertTaskManagerFits(settings, settings.get("env.java.opts.taskmanager"), limit);
    limit = at(spec, "jobManager", "resource", "memory").toString();
    settings.put("jobmanager.memory.process.size", limit);
    InfraFiles.assertJobManagerFits(settings, limit);

    Map<String, Object> worker =
        map(at(spec, "taskManager", "podTemplate", "spec", "containers", 0));
    int threads = Integer.parseInt(at(worker, "env", 0, "value").toString());
    assertThat(at(worker, "env", 0, "name")).isEqualTo("OMP_NUM_THREADS");
    assertThat(threads * Integer.parseInt(slots))
        .isEqualTo(at(spec, "taskManager", "resource", "cpu"));
    assertThat(at(worker, "readinessProbe", "tcpSocket", "port"))
        .hasToString(settings.get("taskmanager.rpc.port"));
    if (name.equals("flink-gpu")) {
      assertThat(at(worker, "resources", "limits"))
          .isEqualTo(
              Map.of(
                  settings.get("external-resource.gpu.kubernetes.config-key"),
                  settings.get("external-resource.gpu.amount")));
    }
  }

  @Test
  void secretsAndAccountsThatPodsNameAreThere() throws Exception {
    Map<String, Map<String, Object>> objects = objects();
    Map<String, Set<String>> secrets = secrets();
    pods(objects)
        .forEach(
            (name, pod) -> {
              List<Object> containers = new ArrayList<>(list(pod.get("containers")));
              if (pod.get("initContainers") != null) {
                containers.addAll(list(pod.get("initContainers")));
              }
              for (Object c : containers) {
                for (Object from : orEmpty(map(c).get("envFrom"))) {
                  assertThat(secrets)
                      .as(name)
                      .containsKey(at(from, "secretRef", "name").toString());
                }
                for (Object env : orEmpty(map(c).get("env"))) {
                  if (map(env).containsKey("valueFrom")) {
                    Map<String, Object> ref = map(at(env, "valueFrom", "secretKeyRef"));
                    assertThat(secrets.get(ref.get("name").toString()))
                        .as(name)
                        .contains(ref.get("key").toString());
                  }
                }
              }
            });
    for (String cluster : List.of("flink", "flink-gpu")) {
      assertThat(objects)
          .containsKey(
              "ServiceAccount/"
                  + at(objects.get("FlinkDeployment/" + cluster), "spec", "serviceAccount"));
    }
  }

  /** Keys by secret, from the examples beside the kustomization. */
  private static Map<String, Set<String>> secrets() throws IOException {
    Map<String, Set<String>> secrets = new HashMap<>();
    for (Object g : list(yaml(FOLDER + "kustomization.yaml").get("secretGenerator"))) {
      String file = at(g, "envs", 0).toString();
      Map<String, String> example = pairs(text(FOLDER + file + ".example"), '=');
      secrets.put(at(g, "name").toString(), example.keySet());
      example.forEach(
          (key, value) -> {
            if (key.contains("PASSWORD") || key.contains("KEY")) {
              assertThat(value).as(key).isEmpty();
            }
          });
    }
    return secrets;
  }

  private static List<?> orEmpty(Object value) {
    return value == null ? List.of() : list(value);
  }

  @Test
  void everyPodIsRestricted() throws Exception {
    Map<String, Map<String, Object>> objects = objects();
    assertThat(
            at(
                objects.get("Namespace/deepercluster"),
                "metadata",
                "labels",
                "pod-security.kubernetes.io/enforce"))
        .isEqualTo("restricted");
    pods(objects).forEach(KubernetesFilesTest::assertRestricted);
  }

  private static void assertRestricted(String name, Map<String, Object> pod) {
    assertThat(pod).as(name).containsEntry("automountServiceAccountToken", false);
    assertThat(at(pod, "securityContext", "runAsNonRoot")).as(name).isEqualTo(true);
    assertThat(at(pod, "securityContext", "seccompProfile", "type")).isEqualTo("RuntimeDefault");
    for (String kind : List.of("containers", "initContainers")) {
      for (Object c : orEmpty(pod.get(kind))) {
        Map<String, Object> context = map(at(c, "securityContext"));
        assertThat(context).as(name).containsEntry("allowPrivilegeEscalation", false);
        assertThat(at(context, "capabilities", "drop")).as(name).isEqualTo(List.of("ALL"));
      }
    }
  }

  @Test
  void theSameObjectStoreServesComposeAndKubernetes() throws Exception {
    Map<String, Map<String, Object>> objects = objects();
    assertThat(
            at(
                objects.get("StatefulSet/object-store"),
                "spec",
                "template",
                "spec",
                "containers",
                0,
                "image"))
        .isEqualTo(at(yaml("infra/docker/compose.yaml"), "services", "object-store", "image"));
    assertThat(
            at(
                objects.get("StatefulSet/postgres"),
                "spec",
                "template",
                "spec",
                "containers",
                0,
                "image"))
        .isEqualTo(at(yaml("infra/docker/compose.yaml"), "services", "postgres", "image"));
  }

  @Test
  void theJobOfSubmitFitsTheseFiles() throws Exception {
    Path yaml = root.resolve("tiny.yaml");
    Files.writeString(
        yaml,
        "name: tiny\nmethod: rotnet\ndata: {format: images, path: \"s3://deepercluster/p\"}\n");
    Matcher command =
        Pattern.compile("(?m)^MLFLOW_TRACKING_URI=(\\S+) \\./deepercluster submit my\\.yaml (.*)$")
            .matcher(text(FOLDER + "README.md").replace("\\\n", " "));
    assertThat(command.find()).isTrue();
    List<Object> words = new ArrayList<>(List.of("submit", yaml));
    words.addAll(List.of(command.group(2).strip().split("\\s+")));
    words.add("--dry-run");
    Cli cli = Cli.run(words.toArray());
    assertThat(cli.code()).as(cli.err()).isZero();

    Map<String, Map<String, Object>> objects = objects();
    List<Map<String, Object>> made = InfraFiles.documents(cli.out());
    for (Map<String, Object> o : made) {
      assertThat(KubernetesSchemas.fault(o)).isEmpty();
      assertThat(objects).containsKey("Namespace/" + at(o, "metadata", "namespace"));
    }
    Map<String, Object> pod = map(at(made.get(1), "spec", "template", "spec"));
    assertRestricted("submit", pod);
    Object container = at(pod, "containers", 0);
    assertThat(secrets()).containsKey(at(container, "envFrom", 0, "secretRef", "name").toString());
    assertThat(command.group(1)).isEqualTo("http://" + service(objects, "mlflow"));
    assertThat(at(made.get(0), "data", "experiment.yaml").toString())
        .contains("flink: \"flink-rest:8081\"");

    // The Job of the quickstart is one that submit could have made.
    Map<String, Object> quickstart = objects.get("Job/quickstart");
    assertThat(at(quickstart, "spec", "podFailurePolicy"))
        .isEqualTo(at(made.get(1), "spec", "podFailurePolicy"));
    assertThat(at(quickstart, "spec", "template", "spec", "securityContext"))
        .isEqualTo(pod.get("securityContext"));
    assertThat(at(quickstart, "spec", "template", "spec", "containers", 0, "env", 0, "value"))
        .isEqualTo(command.group(1));
  }

  private static String service(Map<String, Map<String, Object>> objects, String name) {
    return name + ":" + at(objects.get("Service/" + name), "spec", "ports", 0, "port");
  }
}
