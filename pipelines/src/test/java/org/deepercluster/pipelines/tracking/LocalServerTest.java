package org.deepercluster.pipelines.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said when the server cannot be had; shell scripts stand for the Python at fault. */
class LocalServerTest {
  @TempDir Path dir;
  private final Map<String, String> environment = new HashMap<>();
  private final List<String> said = new CopyOnWriteArrayList<>();

  @BeforeEach
  void environment() throws IOException {
    Files.createDirectories(dir.resolve("bin"));
    environment.put("HOME", dir.toString());
    environment.put("PATH", dir.resolve("bin").toString());
  }

  private LocalServer server() {
    return new LocalServer(environment);
  }

  private void python(String name, String script) throws IOException {
    Path file = dir.resolve("bin").resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private void failsWith(Class<? extends Exception> type, String... parts) {
    assertThatThrownBy(() -> server().ensureStarted(said::add).join())
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOf(type)
        .hasMessageContainingAll(parts);
    assertThat(server().status().installed()).isFalse();
    assertThat(server().status().running()).isFalse();
  }

  @Test
  void noPython() {
    failsWith(
        PythonMissingException.class,
        "Python 3.10 or newer, which MLflow's server needs, was not found",
        "install python3 and python3-venv, or name one in DEEPERCLUSTER_PYTHON");
    environment.put("DEEPERCLUSTER_PYTHON", "/nowhere/python");
    failsWith(PythonMissingException.class, "DEEPERCLUSTER_PYTHON=/nowhere/python");
  }

  @Test
  void oldPython() throws IOException {
    python("python3", "echo 3.8");
    failsWith(PythonMissingException.class, "bin/python3 is Python 3.8");
  }

  @Test
  void anotherPythonIsTakenWhenTheFirstIsOld() throws IOException {
    python("python3", "echo 3.8");
    python("python3.12", "if [ \"$2\" = venv ]; then echo the second; exit 1; fi; echo 3.12");
    failsWith(PythonMissingException.class, "python3.12 cannot make a virtual environment");
  }

  @Test
  void noEnsurepip() throws IOException {
    python(
        "python3",
        "if [ \"$2\" = venv ]; then echo because ensurepip is not available; exit 1; fi; echo 3.11");
    failsWith(PythonMissingException.class, "ensurepip", "sudo apt install python3-venv");
  }

  @Test
  void pipFails() throws IOException {
    python(
        "python3",
        "if [ \"$2\" != venv ]; then echo 3.11; exit; fi\n"
            + "/bin/mkdir -p $3/bin\n"
            + "printf '#!/bin/sh\\necho Collecting mlflow\\necho no matching distribution\\nexit 1'"
            + " > $3/bin/python\n"
            + "/bin/chmod +x $3/bin/python");
    failsWith(
        PythonMissingException.class,
        "no matching distribution",
        "check the network",
        "tracking.uri");
    assertThat(said).first().asString().startsWith("installing MLflow " + LocalServer.VERSION);
    // an installation that was broken off is not taken for a complete one, and is tidied away
    failsWith(PythonMissingException.class, "no matching distribution");
    try (var left = Files.list(dir.resolve(".cache/deepercluster/mlflow-" + LocalServer.VERSION))) {
      assertThat(left.filter(p -> p.getFileName().toString().startsWith("venv-"))).hasSize(1);
    }
  }

  @Test
  void serverThatEndsAtOnce() throws IOException {
    python(
        "python3",
        "if [ \"$2\" != venv ]; then echo 3.11; exit; fi\n"
            + "/bin/mkdir -p $3/bin\n"
            + "printf '#!/bin/sh\\n[ \"$2\" = pip ] || { echo database is broken; exit 1; }'"
            + " > $3/bin/python\n"
            + "/bin/chmod +x $3/bin/python");
    assertThatThrownBy(() -> server().ensureStarted(said::add).join())
        .cause()
        .isInstanceOf(TrackingException.class)
        .hasMessageContainingAll("MLflow did not start", "server.log", "database is broken");
    assertThat(server().status().installed()).isTrue();
    assertThat(server().status().running()).isFalse();
    assertThat(server().home().resolve("server.json")).doesNotExist();
  }

  @Test
  void aStateFileOfAnotherProcessIsNotBelieved() throws IOException {
    environment.put("DEEPERCLUSTER_MLFLOW_HOME", dir.resolve("data").toString());
    LocalServer server = server();
    assertThat(server.home()).isEqualTo(dir.resolve("data"));
    Files.createDirectories(server.home());
    Files.writeString(
        server.home().resolve("server.json"),
        "{\"pid\": "
            + ProcessHandle.current().pid()
            + ", \"processStart\": 1000, \"port\": 1, \"version\": \"3.17.2\", \"started\": 1000}");
    assertThat(server.status().running()).isFalse();
    assertThat(server.stop()).isFalse();
    assertThat(ProcessHandle.current().isAlive()).isTrue();
  }

  @Test
  void foldersFollowTheEnvironment() {
    assertThat(server().home()).isEqualTo(dir.resolve(".local/share/deepercluster/mlflow"));
    environment.put("XDG_DATA_HOME", "/data");
    assertThat(server().home()).isEqualTo(Path.of("/data/deepercluster/mlflow"));
    environment.put("XDG_DATA_HOME", "relative");
    assertThat(server().home()).isEqualTo(dir.resolve(".local/share/deepercluster/mlflow"));
  }

  @Test
  void theRequirementsFileNamesTheVersion() throws IOException {
    Path folder = Path.of("").toAbsolutePath();
    List<Path> candidates = new ArrayList<>();
    for (Path p = folder; p != null; p = p.getParent()) {
      candidates.add(p.resolve("infra/mlflow/requirements.txt"));
    }
    Path file = candidates.stream().filter(Files::exists).findFirst().orElseThrow();
    assertThat(Files.readString(file).strip()).isEqualTo("mlflow==" + LocalServer.VERSION);
  }
}
