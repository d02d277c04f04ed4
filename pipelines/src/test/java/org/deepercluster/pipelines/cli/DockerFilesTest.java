package org.deepercluster.pipelines.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.deepercluster.pipelines.cli.InfraFiles.at;
import static org.deepercluster.pipelines.cli.InfraFiles.list;
import static org.deepercluster.pipelines.cli.InfraFiles.map;
import static org.deepercluster.pipelines.cli.InfraFiles.pairs;
import static org.deepercluster.pipelines.cli.InfraFiles.text;
import static org.deepercluster.pipelines.cli.InfraFiles.yaml;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of {@code infra/docker}: their schema, and that they keep in step with the program. */
class DockerFilesTest {
  private static final String COMPOSE = "infra/docker/compose.yaml";
  private static final String GPU = "infra/docker/compose.gpu.yaml";

  private static JsonNode schema() throws Exception {
    try (InputStream in = DockerFilesTest.class.getResourceAsStream("compose-spec.json")) {
      // Its name is relative, which the validator does not take.
      return ((ObjectNode) new ObjectMapper().readTree(in)).without("$id");
    }
  }

  private static Set<String> matches(String regex, String text) {
    return Pattern.compile(regex, Pattern.MULTILINE)
        .matcher(text)
        .results()
        .map((MatchResult m) -> m.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {COMPOSE, GPU})
  void theComposeFilesFitTheirSchema(String file) throws Exception {
    Map<String, Object> document = yaml(file);
    assertThat(KubernetesSchemas.jsonFault(schema(), document)).isEmpty();
    map(at(document, "services", "taskmanager")).put("enviroment", Map.of());
    assertThat(KubernetesSchemas.jsonFault(schema(), document))
        .hasValueSatisfying(fault -> assertThat(fault).contains("enviroment"));
  }

  @Test
  void whatServicesReferToIsThere() throws Exception {
    Map<String, Object> document = yaml(COMPOSE);
    Map<String, Object> services = map(document.get("services"));
    Set<String> stages = matches("^FROM \\S+ AS (\\S+)$", text("infra/docker/Dockerfile"));
    Set<String> volumes = map(document.get("volumes")).keySet();
    services.forEach(
        (name, value) -> {
          Map<String, Object> service = map(value);
          if (service.get("build") != null) {
            assertThat(stages).as(name).contains(at(service, "build", "target").toString());
          }
          assertThat(service).as(name).containsKeys("mem_limit", "cpus", "image");
          if (service.get("depends_on") != null) {
            map(service.get("depends_on"))
                .forEach(
                    (other, how) -> {
                      Map<String, Object> needed = map(services.get(other));
                      if (map(how).get("condition").equals("service_healthy")) {
                        assertThat(needed).as(other).containsKey("healthcheck");
                      }
                    });
          }
          for (Object volume :
              service.get("volumes") == null ? List.of() : list(service.get("volumes"))) {
            String source = volume.toString().split(":")[0];
            if (source.startsWith(".")) {
              assertThat(InfraFiles.ROOT.resolve("infra/docker").resolve(source)).exists();
            } else {
              assertThat(volumes).contains(source);
            }
          }
        });
    assertThat(stages)
        .contains(at(yaml(GPU), "services", "taskmanager", "build", "target").toString());
  }

  @Test
  void nothingListensBeyondTheLoopbackInterfaceAndNoPasswordHasADefault() throws Exception {
    Map<String, Object> services = map(yaml(COMPOSE).get("services"));
    services.forEach(
        (name, service) -> {
          Object ports = map(service).get("ports");
          if (ports != null) {
            assertThat(list(ports))
                .as(name)
                .allSatisfy(port -> assertThat(port.toString()).startsWith("127.0.0.1:"));
          }
        });
    Map<String, String> example = pairs(text("infra/docker/.env.example"), '=');
    String compose = text(COMPOSE) + text(GPU);
    for (String secret :
        List.of("POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")) {
      assertThat(example).containsEntry(secret, "");
      assertThat(matches("\\$\\{" + secret + "(..)", compose)).containsExactly(":?");
    }
    Set<String> optional = matches("\\$\\{([A-Z_]+):-[^}]*\\}", compose);
    optional.remove("COMMIT"); // of whoever builds
    assertThat(example.keySet()).containsAll(optional);
  }

  @Test
  void theClusterHasTheSettingsAndTheMemoryThatFitItsContainers() throws Exception {
    Map<String, Object> services = map(yaml(COMPOSE).get("services"));
    assertJobManager(map(services.get("jobmanager")));
    assertTaskManager(map(services.get("taskmanager")));
    Map<String, Object> gpu = map(at(yaml(GPU), "services", "taskmanager"));
    Map<String, String> settings = assertTaskManager(gpu);
    assertThat(settings)
        .containsEntry("taskmanager.numberOfTaskSlots", "1")
        .containsEntry("external-resources", "gpu");
    assertThat(text("infra/docker/Dockerfile"))
        .contains(
            "COPY --chown=flink:flink infra/flink/conf/config.yaml /opt/flink/conf/config.yaml");
  }

  private static void assertJobManager(Map<String, Object> service) throws Exception {
    InfraFiles.assertJobManagerFits(settings(service), service.get("mem_limit").toString());
  }

  private static Map<String, String> assertTaskManager(Map<String, Object> service)
      throws Exception {
    Map<String, String> settings = settings(service);
    settings.put("taskmanager.cpu.cores", service.get("cpus").toString());
    InfraFiles.assertTaskManagerFits(
        settings,
        at(service, "environment", "FLINK_ENV_JAVA_OPTS_TM").toString(),
        service.get("mem_limit").toString());
    int threads = Integer.parseInt(at(service, "environment", "OMP_NUM_THREADS").toString());
    int slots = Integer.parseInt(settings.get("taskmanager.numberOfTaskSlots"));
    assertThat(threads * slots).isEqualTo((int) service.get("cpus"));
    return settings;
  }

  /**
   * The image's settings with those of the service over them, as the image's entrypoint does it.
   */
  private static Map<String, String> settings(Map<String, Object> service) throws Exception {
    Map<String, String> settings = new LinkedHashMap<>(InfraFiles.sharedSettings());
    Map<String, String> own = pairs(at(service, "environment", "FLINK_PROPERTIES").toString(), ':');
    assertThat(own.values()).allSatisfy(value -> assertThat(value).doesNotContain(" "));
    assertThat(own.keySet()).doesNotContainAnyElementsOf(settings.keySet());
    settings.putAll(own);
    return settings;
  }

  @Test
  void theImagesAreMadeFromWhatTheRepositoryHas() throws Exception {
    String dockerfile = text("infra/docker/Dockerfile");
    assertThat(dockerfile)
        .contains("ARG FLINK_IMAGE=flink:" + EnvironmentInformation.getVersion() + "-java17\n");
    Set<String> copied = matches("^COPY (?!--from)(?:--chown=\\S+ )?(.*) \\S+$", dockerfile);
    for (String sources : copied) {
      for (String source : sources.split(" ")) {
        assertThat(Files.exists(InfraFiles.ROOT.resolve(source))).as(source).isTrue();
      }
    }
    // What the launcher puts on the class path.
    String launcher = text("deepercluster");
    for (String place : matches("^COPY --from=build /src/(\\S+?)/? \\S+$", dockerfile)) {
      if (!place.endsWith("lib")) {
        assertThat(launcher).contains("$home/" + place);
      }
    }
    assertThat(launcher).contains("lib=\"$home/pipelines/target/lib\"", "DEEPERCLUSTER_NO_BUILD");
  }
}
