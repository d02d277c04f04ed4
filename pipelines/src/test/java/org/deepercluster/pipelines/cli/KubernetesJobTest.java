package org.deepercluster.pipelines.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.experiment.ExperimentReader;
import org.deepercluster.pipelines.run.InfrastructureException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

class KubernetesJobTest {
  private static final Instant TIME = Instant.parse("2026-01-02T03:04:05Z");
  @TempDir Path root;
  private Path yaml;

  @BeforeEach
  void write() throws Exception {
    yaml = root.resolve("tiny.yaml");
    Files.createDirectories(root.resolve("photos"));
    Files.writeString(
        yaml,
        """
        name: My_photos.v2
        method: rotnet
        data: {format: images, path: photos}
        output: s3://bucket/runs
        """);
  }

  @Test
  void namesAreDnsLabels() {
    assertThat(KubernetesJob.nameFor("My_photos.v2", TIME))
        .isEqualTo("my-photos-v2-20260102-030405");
    assertThat(KubernetesJob.nameFor("a".repeat(200), TIME))
        .hasSize(63)
        .endsWith("a-20260102-030405");
    assertThat(KubernetesJob.nameFor("a".repeat(46) + "_.", TIME))
        .isEqualTo("a".repeat(46) + "-20260102-030405");
  }

  @Test
  void theJobRunsTheExperimentOfItsConfigMap() {
    Cli cli =
        Cli.run(
            "submit",
            yaml,
            "--set",
            "seed=7",
            "--flink",
            "flink-rest:8081",
            "--kubernetes",
            "--namespace",
            "ml",
            "--image",
            "registry.example.org/deepercluster:1",
            "--secret",
            "s3-credentials",
            "--memory",
            "8Gi",
            "--dry-run");
    assertThat(cli.code()).as(cli.err()).isZero();
    assertThat(cli.err()).contains("photos has to be there in the image too");
    List<Map<String, Object>> documents = documents(cli.out());
    assertThat(documents).extracting(d -> d.get("kind")).containsExactly("ConfigMap", "Job");
    Map<String, Object> metadata = map(documents.get(0).get("metadata"));
    assertThat(documents.get(1).get("metadata")).isEqualTo(metadata);
    assertThat(metadata).containsEntry("namespace", "ml");
    assertThat((String) metadata.get("name")).matches("my-photos-v2-\\d{8}-\\d{6}");
    String text = (String) map(documents.get(0).get("data")).get("experiment.yaml");
    Experiment expected =
        ExperimentReader.read(yaml, List.of("seed=7", "execution.flink=flink-rest:8081"), Map.of());
    assertThat(text).isEqualTo(expected.toYaml());

    Map<String, Object> spec = map(documents.get(1).get("spec"));
    Map<String, Object> pod = map(map(spec.get("template")).get("spec"));
    assertThat(pod).containsEntry("restartPolicy", "Never");
    Map<String, Object> container = map(list(pod.get("containers")).get(0));
    assertThat(container)
        .containsEntry("image", "registry.example.org/deepercluster:1")
        .containsEntry("command", List.of("./deepercluster", "run", "/experiment/experiment.yaml"))
        .containsEntry("envFrom", List.of(Map.of("secretRef", Map.of("name", "s3-credentials"))));
    assertThat(container.get("resources"))
        .isEqualTo(
            Map.of(
                "requests",
                Map.of("cpu", "1", "memory", "8Gi"),
                "limits",
                Map.of("memory", "8Gi")));
    assertThat(map(list(container.get("volumeMounts")).get(0)))
        .containsEntry("name", "experiment")
        .containsEntry("mountPath", "/experiment");
    assertThat(map(list(pod.get("volumes")).get(0)))
        .isEqualTo(Map.of("name", "experiment", "configMap", Map.of("name", metadata.get("name"))));
  }

  @Test
  void theTrackingServerIsHandedOn() {
    Experiment e = ExperimentReader.read(yaml, List.of(), Map.of());
    String text = new KubernetesJob("n", null, "i", null, "http://mlflow:5000", "512Mi").yaml(e);
    Map<String, Object> job = documents(text).get(1);
    Map<String, Object> pod = map(map(map(job.get("spec")).get("template")).get("spec"));
    Map<String, Object> container = map(list(pod.get("containers")).get(0));
    assertThat(container.get("env"))
        .isEqualTo(List.of(Map.of("name", "MLFLOW_TRACKING_URI", "value", "http://mlflow:5000")));
    assertThat(container).doesNotContainKey("envFrom");
    assertThat(map(job.get("metadata"))).doesNotContainKey("namespace");
  }

  @Test
  void whatCannotWorkIsRefusedWithItsReason() {
    Cli local = Cli.run("submit", yaml, "--set", "output=runs", "--kubernetes", "--dry-run");
    assertThat(local.code()).isEqualTo(2);
    assertThat(local.err()).contains("output must be an address that outlives the pod");
    Cli name = Cli.run("submit", yaml, "--kubernetes", "--dry-run", "--namespace", "Ml_1");
    assertThat(name.code()).isEqualTo(2);
    assertThat(name.err()).contains("--namespace must be", "got Ml_1");
    Cli memory = Cli.run("submit", yaml, "--kubernetes", "--dry-run", "--memory", "4 GB");
    assertThat(memory.code()).isEqualTo(2);
    assertThat(memory.err()).contains("--memory must be a size such as 512Mi or 8Gi, got 4 GB");
    Cli fault = Cli.run("submit", yaml, "--set", "trian.epochs=1", "--kubernetes", "--dry-run");
    assertThat(fault.code()).isEqualTo(2);
    assertThat(Cli.run("submit", yaml, "--dry-run").code()).isEqualTo(2);
  }

  @Test
  void kubectlGetsTheYamlAndItsFaultsAreReported() throws Exception {
    Path kubectl =
        Files.createFile(
            root.resolve("kubectl"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    Files.writeString(kubectl, "#!/bin/sh\necho \"$@\"\ncat > " + root + "/got\necho made\n");
    assertThat(KubernetesJob.apply(kubectl.toString(), "kind: Job\n"))
        .isEqualTo("apply -f -\nmade");
    assertThat(root.resolve("got")).hasContent("kind: Job\n");

    Files.writeString(kubectl, "#!/bin/sh\necho no cluster >&2\nexit 1\n");
    assertThatThrownBy(() -> KubernetesJob.apply(kubectl.toString(), "kind: Job\n"))
        .isInstanceOf(InfrastructureException.class)
        .hasMessageContaining("exit code 1: no cluster");
    assertThatThrownBy(() -> KubernetesJob.apply(root + "/none", "kind: Job\n"))
        .isInstanceOf(InfrastructureException.class)
        .hasMessageContaining("none cannot be started", "--dry-run");
  }

  private static List<Map<String, Object>> documents(String text) {
    List<Map<String, Object>> documents = new ArrayList<>();
    new Yaml().loadAll(text).forEach(d -> documents.add(map(d)));
    return documents;
  }

  @SuppressWarnings("unchecked") // YAML's mappings have text as keys here
  private static Map<String, Object> map(Object value) {
    return (Map<String, Object>) value;
  }

  private static List<?> list(Object value) {
    return (List<?>) value;
  }
}
