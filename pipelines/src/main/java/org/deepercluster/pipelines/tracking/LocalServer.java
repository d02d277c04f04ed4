package org.deepercluster.pipelines.tracking;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The MLflow server on this machine that is used when no other is named: installed once into a
 * virtual environment in the user's cache folder, with its database and artifacts in the user's
 * data folder, on the loopback interface only. It outlives the program that started it.
 *
 * <pre>
 * ~/.cache/deepercluster/mlflow-3.17.2/        the installation (XDG_CACHE_HOME is respected)
 * ~/.local/share/deepercluster/mlflow/         XDG_DATA_HOME, or DEEPERCLUSTER_MLFLOW_HOME itself
 *   mlflow.db  artifacts/  server.log          runs, files, what the server says
 *   server.json                                process, port, version and start of the server
 * </pre>
 *
 * <p>Runs on Linux and macOS. Instances hold no state; several processes may use the same server.
 */
public final class LocalServer {
  /** The version of MLflow that is installed; {@code infra/mlflow/requirements.txt} has it too. */
  public static final String VERSION = "3.17.2";

  private static final Logger LOG = LoggerFactory.getLogger(LocalServer.class);
  private static final int FIRST_PORT = 5000;
  private static final int LAST_PORT = 5099;
  private static final int OLDEST_PYTHON_MINOR = 10;
  private static final int NEWEST_PYTHON_MINOR = 14;
  private static final int PACKAGES = 90;
  private static final Duration START_LIMIT = Duration.ofMinutes(3);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);

  // a process's start is counted from the machine's, which moves when the clock is set
  private static final long START_TOLERANCE_MILLIS = 5000;
  private static final String LOOPBACK = "127.0.0.1";

  // Leaves the terminal's process group, so that Ctrl-C on the program does not reach the server.
  private static final String DETACH =
      "import os, sys; os.setsid(); os.execv(sys.executable, [sys.executable] + sys.argv[1:])";

  private final Path installation;
  private final Path home;
  private final Map<String, String> environment;
  private final HttpClient http;
  private final ObjectMapper json = new ObjectMapper();

  /** What {@code server.json} holds; times in milliseconds since 1970. */
  record State(long pid, long processStart, int port, String version, long started) {}

  /**
   * The server's state.
   *
   * @param installed the virtual environment is complete
   * @param running the server answers
   * @param uri its address; empty when it does not run
   * @param pid its process; empty when it does not run
   * @param version version of MLflow that answers; empty when it does not run
   * @param home folder of database, artifacts and log
   */
  public record Status(
      boolean installed,
      boolean running,
      Optional<URI> uri,
      Optional<Long> pid,
      Optional<String> version,
      Path home) {}

  /** The user's server, with the folders that the environment names. */
  public LocalServer() {
    this(System.getenv());
  }

  LocalServer(Map<String, String> environment) {
    this.environment = environment;
    String userHome = environment.getOrDefault("HOME", System.getProperty("user.home"));
    this.installation =
        folder("XDG_CACHE_HOME", Path.of(userHome, ".cache"))
            .resolve("deepercluster")
            .resolve("mlflow-" + VERSION);
    String own = environment.getOrDefault("DEEPERCLUSTER_MLFLOW_HOME", "");
    this.home =
        own.isEmpty()
            ? folder("XDG_DATA_HOME", Path.of(userHome, ".local", "share"))
                .resolve("deepercluster")
                .resolve("mlflow")
            : Path.of(own).toAbsolutePath();
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
  }

  private Path folder(String variable, Path otherwise) {
    String value = environment.getOrDefault(variable, "");
    // the XDG rules: a relative path is as good as none
    return value.isEmpty() || !Path.of(value).isAbsolute() ? otherwise : Path.of(value);
  }

  /** Folder of database, artifacts and log. */
  public Path home() {
    return home;
  }

  /** The file that the server writes its messages to. */
  public Path log() {
    return home.resolve("server.log");
  }

  /**
   * Installs MLflow if it is missing, starts the server if it is down, and waits until it answers,
   * all in the background.
   *
   * @param progress is told in short sentences what is going on; called from another thread
   * @return the server's address; fails with {@link PythonMissingException} or another {@link
   *     TrackingException}, whose messages name the remedy
   */
  public CompletableFuture<URI> ensureStarted(Consumer<String> progress) {
    CompletableFuture<URI> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(start(progress));
              } catch (IOException e) {
                result.completeExceptionally(
                    new TrackingException("cannot start MLflow in " + home + ": " + e, e));
              } catch (InterruptedException | RuntimeException e) {
                result.completeExceptionally(e);
              }
            },
            "mlflow-start");
    thread.setDaemon(true);
    thread.start();
    return result;
  }

  /** Whether it is installed and runs. */
  public Status status() {
    Optional<State> alive = alive();
    Optional<String> version = alive.flatMap(s -> version(s.port()));
    return new Status(
        installedPython().isPresent(),
        version.isPresent(),
        version.isPresent() ? alive.map(s -> uri(s.port())) : Optional.empty(),
        version.isPresent() ? alive.map(State::pid) : Optional.empty(),
        version,
        home);
  }

  /** Ends the server; its data stay. False when it was not running. */
  public boolean stop() {
    try (Locked lock = lock(home.resolve("server.lock"), () -> {})) {
      return stopLocked();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot stop MLflow of " + home, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrackingException("interrupted while MLflow was being stopped", e);
    }
  }

  private boolean stopLocked() throws IOException, InterruptedException {
    Optional<ProcessHandle> process = alive().flatMap(s -> ProcessHandle.of(s.pid()));
    if (process.isPresent()) {
      List<ProcessHandle> all = new ArrayList<>(process.get().descendants().toList());
      all.add(process.get());
      all.forEach(ProcessHandle::destroy);
      long deadline = System.nanoTime() + STOP_LIMIT.toNanos();
      for (ProcessHandle one : all) {
        if (!ended(one, deadline)) {
          one.destroyForcibly();
          ended(one, System.nanoTime() + STOP_LIMIT.toNanos());
        }
      }
    }
    Files.deleteIfExists(stateFile());
    return process.isPresent();
  }

  private static boolean ended(ProcessHandle process, long deadline) throws InterruptedException {
    while (process.isAlive() && System.nanoTime() < deadline) {
      Thread.sleep(50);
    }
    return !process.isAlive();
  }

  private URI start(Consumer<String> progress) throws IOException, InterruptedException {
    Path python = install(progress);
    Files.createDirectories(home);
    try (Locked lock =
        lock(
            home.resolve("server.lock"),
            () -> progress.accept("another process is starting MLflow; waiting for it"))) {
      Optional<State> alive = alive();
      if (alive.isPresent()) {
        State state = alive.get();
        Optional<String> version = version(state.port());
        if (version.isEmpty()) {
          progress.accept("MLflow is coming up at " + uri(state.port()));
          version = awaitHealth(state, ProcessHandle.of(state.pid()));
        }
        if (version.equals(Optional.of(VERSION))) {
          progress.accept("MLflow runs at " + uri(state.port()));
          return uri(state.port());
        }
        progress.accept(
            version.isPresent()
                ? "MLflow " + version.get() + " is running; it is replaced by " + VERSION
                : "MLflow does not answer; it is started again");
        stopLocked();
      }
      upgradeDatabase(python, progress);
      return launch(python, progress);
    }
  }

  private URI launch(Path python, Consumer<String> progress)
      throws IOException, InterruptedException {
    for (int port = FIRST_PORT; port <= LAST_PORT; port++) {
      if (!free(port)) {
        continue;
      }
      progress.accept("starting MLflow at " + uri(port) + " (about 10 seconds)");
      Process process = launch(python, port);
      State state =
          new State(
              process.pid(),
              processStart(process.toHandle()),
              port,
              VERSION,
              Instant.now().toEpochMilli());
      Path fresh = home.resolve("server.json.new");
      json.writeValue(fresh.toFile(), state);
      Files.move(
          fresh, stateFile(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      if (awaitHealth(state, Optional.of(process.toHandle())).isPresent()) {
        Files.writeString(home.resolve("database-version"), VERSION);
        progress.accept("MLflow runs at " + uri(port));
        return uri(port);
      }
      String said = lastLines(log());
      stopLocked();
      if (!said.contains("address already in use")) {
        throw new TrackingException(
            "MLflow did not start; see " + log() + ", which ends with:\n" + said);
      }
    }
    throw new TrackingException(
        "no free port for MLflow from "
            + FIRST_PORT
            + " to "
            + LAST_PORT
            + "; end a program that uses one of them, or name a server of your own in tracking.uri");
  }

  private Process launch(Path python, int port) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            python.toString(),
            "-c",
            DETACH,
            "-m",
            "mlflow",
            "server",
            "--backend-store-uri",
            databaseUri(),
            "--artifacts-destination",
            home.resolve("artifacts").toString(),
            "--host",
            LOOPBACK,
            "--port",
            String.valueOf(port),
            "--workers",
            "1",
            "--uvicorn-opts",
            "--log-level warning");
    clean(builder.environment());
    // the job runner serves language-model features: eight more processes, half the memory
    builder.environment().put("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false");
    builder.directory(home.toFile());
    builder.redirectInput(new File("/dev/null"));
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.to(log().toFile()));
    return builder.start();
  }

  /** A database that another version of MLflow has made is brought up to date. */
  private void upgradeDatabase(Path python, Consumer<String> progress)
      throws IOException, InterruptedException {
    Path marker = home.resolve("database-version");
    boolean current = Files.exists(marker) && Files.readString(marker).strip().equals(VERSION);
    if (current || !Files.exists(home.resolve("mlflow.db"))) {
      return;
    }
    progress.accept("bringing the MLflow database in " + home + " up to date");
    Output output = run(List.of(python.toString(), "-m", "mlflow", "db", "upgrade", databaseUri()));
    if (output.status() != 0) {
      throw new TrackingException(
          "the MLflow database in "
              + home
              + " does not fit MLflow "
              + VERSION
              + "; move it away, or name another folder in DEEPERCLUSTER_MLFLOW_HOME:\n"
              + output.end());
    }
  }

  private String databaseUri() {
    return "sqlite:///" + home.resolve("mlflow.db");
  }

  // ---- installation ----

  /** Python of the complete installation, if there is one. */
  private Optional<Path> installedPython() {
    try {
      Path current = installation.resolve("current");
      if (!Files.exists(current)) {
        return Optional.empty();
      }
      Path python = python(installation.resolve(Files.readString(current).strip()));
      // the Python that it was made from may have been removed since
      return Files.isExecutable(python) ? Optional.of(python) : Optional.empty();
    } catch (IOException e) {
      LOG.debug("cannot read {}", installation, e);
      return Optional.empty();
    }
  }

  private static Path python(Path venv) {
    return venv.resolve("bin").resolve("python");
  }

  /** The interpreter that MLflow is installed for; installs it first where it is missing. */
  Path install(Consumer<String> progress) throws IOException, InterruptedException {
    Optional<Path> installed = installedPython();
    if (installed.isPresent()) {
      return installed.get();
    }
    String system = systemPython();
    Files.createDirectories(installation);
    try (Locked lock =
        lock(
            installation.resolve("install.lock"),
            () -> progress.accept("another process is installing MLflow; waiting for it"))) {
      installed = installedPython();
      if (installed.isPresent()) {
        return installed.get();
      }
      removeLeftovers();
      // A virtual environment cannot be moved. So each attempt has a folder of its own, and the
      // file "current", written last and at once, says which one is complete.
      String name = "venv-" + ProcessHandle.current().pid() + "-" + System.currentTimeMillis();
      Path venv = installation.resolve(name);
      progress.accept("installing MLflow " + VERSION + " (once: 850 MB, one to two minutes)");
      create(system, venv);
      download(python(venv), progress);
      Path fresh = installation.resolve("current.new");
      Files.writeString(fresh, name);
      Files.move(
          fresh,
          installation.resolve("current"),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
      progress.accept("MLflow " + VERSION + " is installed");
      return python(venv);
    }
  }

  private void removeLeftovers() throws IOException {
    try (Stream<Path> all = Files.list(installation)) {
      for (Path one : all.filter(p -> p.getFileName().toString().startsWith("venv-")).toList()) {
        try (Stream<Path> files = Files.walk(one)) {
          for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
            Files.deleteIfExists(file);
          }
        }
      }
    }
  }

  private void create(String system, Path venv) throws IOException, InterruptedException {
    Output output = run(List.of(system, "-m", "venv", venv.toString()));
    if (output.status() != 0) {
      boolean debian = output.end().contains("ensurepip");
      throw new PythonMissingException(
          debian
              ? system
                  + " lacks the module ensurepip, which MLflow's installation needs; on Debian and"
                  + " Ubuntu: sudo apt install python3-venv"
              : system
                  + " cannot make a virtual environment in "
                  + venv
                  + "; name another Python (3.10 or newer) in DEEPERCLUSTER_PYTHON: "
                  + output.end());
    }
  }

  private void download(Path python, Consumer<String> progress)
      throws IOException, InterruptedException {
    int[] packages = {0};
    Output output =
        run(
            List.of(
                python.toString(),
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-input",
                "--progress-bar",
                "off",
                "mlflow==" + VERSION),
            line -> {
              if (line.startsWith("Collecting ") && ++packages[0] % 10 == 0) {
                progress.accept(
                    "installing MLflow: " + packages[0] + " of about " + PACKAGES + " packages");
              } else if (line.startsWith("Installing collected packages")) {
                progress.accept("installing MLflow: unpacking");
              }
            });
    if (output.status() != 0) {
      throw new PythonMissingException(
          "pip could not install MLflow "
              + VERSION
              + "; check the network (or pip's index and proxy settings), or name a server of your"
              + " own in tracking.uri: "
              + output.end());
    }
  }

  /** A Python that is new enough: the one that is named, python3, or python3.14 ... python3.10. */
  private String systemPython() throws InterruptedException {
    String named = environment.getOrDefault("DEEPERCLUSTER_PYTHON", "");
    List<String> candidates = new ArrayList<>();
    if (!named.isEmpty()) {
      candidates.add(named);
    } else {
      candidates.add("python3");
      for (int minor = NEWEST_PYTHON_MINOR; minor >= OLDEST_PYTHON_MINOR; minor--) {
        candidates.add("python3." + minor);
      }
    }
    String found = null;
    for (String candidate : candidates) {
      Optional<String> executable = onPath(candidate);
      if (executable.isEmpty()) {
        continue;
      }
      try {
        Output output =
            run(
                List.of(
                    executable.get(), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"));
        // after what else it may have said
        String version = output.end().substring(output.end().lastIndexOf('\n') + 1).strip();
        if (output.status() == 0 && newEnough(version)) {
          return executable.get();
        }
        found = found == null ? executable.get() + " is Python " + version : found;
      } catch (IOException e) {
        LOG.debug("cannot run {}", executable.get(), e);
      }
    }
    String wanted = "Python 3." + OLDEST_PYTHON_MINOR + " or newer, which MLflow's server needs, ";
    throw new PythonMissingException(
        wanted
            + (found == null
                ? "was not found" + (named.isEmpty() ? "" : " at DEEPERCLUSTER_PYTHON=" + named)
                : "was not found (" + found + ")")
            + "; install python3 and python3-venv, or name one in DEEPERCLUSTER_PYTHON");
  }

  private Optional<String> onPath(String command) {
    if (command.contains("/")) {
      return Files.isExecutable(Path.of(command)) ? Optional.of(command) : Optional.empty();
    }
    for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator)) {
      Path file = Path.of(folder.isEmpty() ? "." : folder, command);
      if (Files.isRegularFile(file) && Files.isExecutable(file)) {
        return Optional.of(file.toString());
      }
    }
    return Optional.empty();
  }

  private static boolean newEnough(String version) {
    String[] parts = version.split("\\.");
    try {
      int major = Integer.parseInt(parts[0]);
      return major > 3 || (major == 3 && Integer.parseInt(parts[1]) >= OLDEST_PYTHON_MINOR);
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      return false;
    }
  }

  // ---- processes, ports, files ----

  /** How a command ended: its status and its last lines. */
  private record Output(int status, String end) {}

  private Output run(List<String> command) throws IOException, InterruptedException {
    return run(command, line -> {});
  }

  private Output run(List<String> command, Consumer<String> lines)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectInput(new File("/dev/null"));
    clean(builder.environment());
    Process process = builder.start();
    Thread ender =
        new Thread(
            () -> {
              process.descendants().forEach(ProcessHandle::destroy);
              process.destroy();
            });
    Runtime.getRuntime().addShutdownHook(ender); // no installation without somebody who waits
    Deque<String> end = new ArrayDeque<>();
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        LOG.debug("{}", line);
        lines.accept(line);
        end.addLast(line);
        if (end.size() > 8) {
          end.removeFirst();
        }
      }
      return new Output(process.waitFor(), String.join("\n", end));
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(ender);
      } catch (IllegalStateException e) {
        LOG.debug("the program is ending", e);
      }
    }
  }

  private void clean(Map<String, String> variables) {
    variables.clear();
    variables.putAll(environment);
    // these would lead into another Python, or keep compiled modules from being stored
    List.of(
            "PYTHONPATH",
            "PYTHONHOME",
            "PYTHONDONTWRITEBYTECODE",
            "VIRTUAL_ENV",
            "PIP_TARGET",
            "PIP_PREFIX",
            "PIP_USER")
        .forEach(variables::remove);
    // a server's settings for its clients are none for itself
    variables.keySet().removeIf(name -> name.startsWith("MLFLOW_"));
    variables.put("MLFLOW_DISABLE_TELEMETRY", "true");
    variables.put("MLFLOW_DISABLE_AGENT_HINT", "true");
    variables.put("DO_NOT_TRACK", "true");
  }

  private Path stateFile() {
    return home.resolve("server.json");
  }

  /** The state of the server's process, if it is alive and the same that was started. */
  private Optional<State> alive() {
    try {
      if (!Files.exists(stateFile())) {
        return Optional.empty();
      }
      State state = json.readValue(stateFile().toFile(), State.class);
      return ProcessHandle.of(state.pid())
          .filter(ProcessHandle::isAlive)
          .filter(
              process ->
                  Math.abs(processStart(process) - state.processStart()) <= START_TOLERANCE_MILLIS)
          .map(process -> state);
    } catch (IOException e) {
      LOG.warn("{} is damaged", stateFile(), e);
      return Optional.empty();
    }
  }

  /** Start of a process, milliseconds since 1970: tells it from a later one with its number. */
  private static long processStart(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  private static URI uri(int port) {
    return URI.create("http://" + LOOPBACK + ":" + port);
  }

  private static boolean free(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** The version that answers once the server is healthy; empty when its process has ended. */
  private Optional<String> awaitHealth(State state, Optional<ProcessHandle> process)
      throws InterruptedException {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (System.nanoTime() < deadline && process.map(ProcessHandle::isAlive).orElse(false)) {
      Optional<String> version = version(state.port());
      if (version.isPresent()) {
        return version;
      }
      TimeUnit.MILLISECONDS.sleep(200);
    }
    return Optional.empty();
  }

  private Optional<String> version(int port) {
    return get(uri(port).resolve("/health"))
        .filter(answer -> answer.strip().equals("OK"))
        .flatMap(answer -> get(uri(port).resolve("/version")))
        .map(String::strip);
  }

  private Optional<String> get(URI address) {
    try {
      HttpResponse<String> response =
          http.send(
              HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(5)).build(),
              HttpResponse.BodyHandlers.ofString());
      return response.statusCode() == 200 ? Optional.of(response.body()) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  private static String lastLines(Path file) throws IOException {
    List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
  }

  private interface Locked extends AutoCloseable {
    @Override
    void close() throws IOException;
  }

  private static Locked lock(Path file, Runnable waiting) throws IOException, InterruptedException {
    Files.createDirectories(file.getParent());
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    for (boolean first = true; ; first = false) {
      FileLock lock = null;
      try {
        lock = channel.tryLock();
      } catch (OverlappingFileLockException e) {
        LOG.debug("{} is held by another thread", file);
      }
      if (lock != null) {
        return channel::close; // which releases the lock
      }
      if (first) {
        waiting.run();
      }
      Thread.sleep(200);
    }
  }
}
