package org.deepercluster.pipelines.cluster;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.deepercluster.stages.table.Manifest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * Whole experiments whose images and outputs are in a real S3 server ({@code infra/s3/server}),
 * compared with one whose output is on the disk. Skipped where there is no Go to build the server.
 */
@Tag("cluster")
@Timeout(value = 8, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class S3Test {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PORT = freePort();
  private static final String FLINK_PORT = "18181";
  private static final String MASTER = "127.0.0.1:" + FLINK_PORT;
  private static final String BUCKET = "images-and-runs";
  private static final int PHOTOS = 180;

  @TempDir static Path root;

  /** For the server alone: its credentials are in it. */
  private static Path serverState;

  private static Path state;
  private static Path objects;
  private static Path yaml;
  private static final Map<String, String> ENV = new HashMap<>();
  private static String secret;
  private static JsonNode onDisk;

  private static String freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return String.valueOf(socket.getLocalPort());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @BeforeAll
  static void startServerAndRunOnDisk() throws Exception {
    serverState = root.resolve("server");
    state = root.resolve("state");
    Program server = server("start");
    for (String line : server.lines().stream().filter(l -> l.startsWith("export ")).toList()) {
      String[] pair = line.substring("export ".length()).split("=", 2);
      ENV.put(pair[0], pair[1]);
    }
    assumeThat(ENV).as(server.output()).isNotEmpty();
    secret = ENV.get("AWS_SECRET_ACCESS_KEY");
    objects = root.resolve("data/deepercluster/s3-" + PORT + "/objects/" + BUCKET);
    upload();
    yaml = root.resolve("small.yaml");
    Files.writeString(
        yaml,
        """
        name: small
        method: deepercluster
        seed: 5
        data: {format: images, path: "s3://%1$s/photos [1]", blockImages: 50, maxRejects: 0.1}
        model: {trunk: vgg-small, imageSize: 28, input: gray, width: 4}
        clustering: {m: 2, k: 6, reassignEvery: 2, pcaDim: 16, iterations: 2, singleJobMiB: 0}
        train: {epochs: 2, batchSize: 32, lr: 0.05, workers: 2, localSteps: 8}
        evaluation:
          train: {format: idx, path: s3://%1$s/idx/labelled-images-idx3-ubyte.gz, labels: s3://%1$s/idx/labelled-labels-idx1-ubyte.gz, limit: 500}
          test: {format: idx, path: s3://%1$s/idx/test-images-idx3-ubyte.gz, labels: s3://%1$s/idx/test-labels-idx1-ubyte.gz, limit: 500}
          linear: {epochs: 1}
          lowShot: {perClass: 5, draws: 1}
        execution: {parallelism: 2, threads: 1}
        tracking: {mode: journal}
        """
            .formatted(BUCKET));
    Program p = run(root.resolve("on-disk").toString());
    assertThat(p.await()).as(p.output()).isZero();
    onDisk = result(p);
  }

  @AfterAll
  static void stop() throws Exception {
    cluster("stop");
    server("stop");
  }

  private static S3Client client() {
    return S3Client.builder()
        .endpointOverride(URI.create(ENV.get("AWS_ENDPOINT_URL")))
        .region(Region.of(ENV.get("AWS_REGION")))
        .forcePathStyle(true)
        .httpClientBuilder(UrlConnectionHttpClient.builder())
        .credentialsProvider(
            StaticCredentialsProvider.create(
                AwsBasicCredentials.create(ENV.get("AWS_ACCESS_KEY_ID"), secret)))
        .build();
  }

  /** By the SDK itself: half of the photos JPEG, half PNG, and one that is broken. */
  private static void upload() throws Exception {
    try (S3Client s3 = client()) {
      SplittableRandom random = new SplittableRandom(3);
      for (int i = 0; i < PHOTOS; i++) {
        String format = i % 2 == 0 ? "png" : "jpg";
        BufferedImage image = new BufferedImage(32, 30, BufferedImage.TYPE_INT_RGB);
        double phase = random.nextDouble(6);
        for (int y = 0; y < image.getHeight(); y++) {
          for (int x = 0; x < image.getWidth(); x++) {
            double wave = Math.sin((i % 3 == 0 ? x : i % 3 == 1 ? y : x + y) * 0.8 + phase);
            image.setRGB(x, y, ((int) (100 + 90 * wave)) * 0x010101 + random.nextInt(20));
          }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, format, bytes);
        String key = String.format("photos [1]/%c/%03d.%s", 'a' + i % 3, i, format);
        s3.putObject(r -> r.bucket(BUCKET).key(key), RequestBody.fromBytes(bytes.toByteArray()));
      }
      s3.putObject(
          r -> r.bucket(BUCKET).key("photos [1]/broken.jpg"), RequestBody.fromString("no image"));
      Path idx = Program.HOME.resolve("experiments/data/fashion-mnist-small");
      for (String name :
          List.of(
              "labelled-images-idx3-ubyte.gz",
              "labelled-labels-idx1-ubyte.gz",
              "test-images-idx3-ubyte.gz",
              "test-labels-idx1-ubyte.gz")) {
        s3.putObject(
            r -> r.bucket(BUCKET).key("idx/" + name), RequestBody.fromFile(idx.resolve(name)));
      }
    }
  }

  @Test
  void aKilledRunIsFollowedAndContinuedFromItsAddress() throws Exception {
    String output = "s3://" + BUCKET + "/embedded";
    Program killed = run(output);
    killed.until(line -> line.contains("train-e000"));
    killed.kill();
    JsonNode lost =
        JSON.readTree(program("status", "--output", output, "--json").output()).get("runs").get(0);
    assertThat(lost.get("state").asText()).isEqualTo("lost");
    String directory = lost.get("directory").asText();
    assertThat(directory).startsWith(output + "/small/");

    Program p = run(output);
    assertThat(p.await()).as(p.output()).isZero();
    assertThat(p.output()).contains("Continuing").contains(directory);
    assertThat(result(p).get("directory").asText()).isEqualTo(directory);
    assertSame(result(p));
    assertThat(program("status", directory).output()).contains("State    finished");
    assertThat(program("logs", directory).output()).contains("Continuing").contains("train-e001");
    assertThat(local(directory).resolve("lock.json")).doesNotExist();
    assertNoSecret();
  }

  @Test
  void theWorkersOfAClusterUseTheirOwnEnvironment() throws Exception {
    cluster("start");
    Program p = run("s3://" + BUCKET + "/flink", "--flink", MASTER);
    assertThat(p.await()).as(p.output()).isZero();
    assertSame(result(p));

    List<String> asked = new ArrayList<>(List.of("/jobmanager/config", "/jobmanager/environment"));
    for (JsonNode job : JSON.readTree(rest("/jobs/overview")).get("jobs")) {
      String path = "/jobs/" + job.get("jid").asText();
      asked.addAll(List.of(path, path + "/config", path + "/plan", path + "/exceptions"));
    }
    assertThat(asked).hasSizeGreaterThan(20);
    for (String path : asked) {
      assertThat(rest(path)).as(path).doesNotContain(secret);
    }
    assertNoSecret();
  }

  /**
   * Collections in many layouts, as {@code formats.py} made them: networks are measured on them.
   */
  @Test
  void labelledImagesInEveryFormat() throws Exception {
    Path formats =
        Program.HOME.resolve("stages/src/test/resources/org/deepercluster/stages/ingest/formats");
    try (S3Client s3 = client();
        Stream<Path> files = Files.walk(formats)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String key = "formats/" + formats.relativize(file);
        s3.putObject(r -> r.bucket(BUCKET).key(key), RequestBody.fromFile(file));
      }
    }
    JsonNode local = measured("local", formats.toString(), root.resolve("formats").toString());
    JsonNode stored = measured("stored", "s3://" + BUCKET + "/formats", "s3://" + BUCKET + "/ev");
    assertThat(stored.get("metrics")).isEqualTo(local.get("metrics"));
    assertThat(stored.get("metrics").properties().stream().map(e -> e.getKey().split("/")[1]))
        .contains("zips", "shards", "cifar10", "stl10", "voc", "tars", "places205")
        .contains("bytes", "paths", "csv", "yfcc100m");
    assertNoSecret();
  }

  /**
   * Linear classifiers on each layout below {@code formats}, by a run that writes to {@code
   * output}.
   */
  private static JsonNode measured(String name, String formats, String output) throws Exception {
    Path experiment = root.resolve(name + ".yaml");
    StringBuilder text =
        new StringBuilder(
            """
            name: formats
            method: random
            model: {trunk: vgg-small, imageSize: 28, input: rgb, width: 2}
            execution: {parallelism: 2, threads: 1}
            tracking: {mode: journal}
            evaluation:
              protocols:
            """);
    Map<String, List<String>> layouts = new TreeMap<>();
    layouts.put("zips", List.of("format: zip, path: %s/zip, labels: folders"));
    layouts.put("shards", List.of("format: webdataset, path: %s/webdataset, labels: 'json:tags'"));
    layouts.put("bytes", List.of("format: parquet, path: %s/parquet/bytes"));
    layouts.put("paths", List.of("format: parquet, path: %s/parquet/paths.parquet"));
    layouts.put("csv", List.of("format: csv, path: %s/csv/images.csv"));
    layouts.put(
        "yfcc100m",
        List.of("format: yfcc100m, path: %s/yfcc100m, labels: %s/yfcc100m/hashtags.tsv"));
    layouts.put("voc", parts("voc, path: %s/voc", "trainval", "test"));
    layouts.put("cifar10", parts("cifar10, path: %s/cifar10", "train", "test"));
    layouts.put("stl10", parts("stl10, path: %s/stl10", "train", "test"));
    layouts.put("places205", parts("places205, path: %s/places205", "train", "val"));
    layouts.put("tars", parts("imagenet, path: %s/imagenet/tars", "train", "val"));
    layouts.forEach(
        (layout, data) -> {
          String train = data.get(0).replace("%s", formats);
          String test = data.get(data.size() - 1).replace("%s", formats);
          // the pictures have one colour each
          text.append(
              String.format(
                  "    - {protocol: voc07-linear, name: %s, epochs: 1, train: {%s, uniform: keep},"
                      + " test: {%s, uniform: keep}}%n",
                  layout, train, test));
        });
    Files.writeString(experiment, text);
    Program p =
        Program.start(
            state, ENV, "deepercluster", "run", experiment, "--json", "--set", "output=" + output);
    assertThat(p.await()).as(p.output()).isZero();
    return result(p);
  }

  private static List<String> parts(String data, String train, String test) {
    return List.of("format: " + data + ", split: " + train, "format: " + data + ", split: " + test);
  }

  @Test
  void whatIsWrongIsSaidBeforeAnythingRuns() throws Exception {
    assertFails(
        run("s3://no-such-bucket/runs"),
        "s3://no-such-bucket/runs/small/: there is no such bucket at http://127.0.0.1:" + PORT);
    assertFails(
        run("gs://bucket/runs"),
        "gs://bucket/runs/small: there is no connector for gs://; put"
            + " beam-sdks-java-extensions-google-cloud-platform-core");
    Map<String, String> stranger = new HashMap<>(ENV);
    stranger.put("AWS_SECRET_ACCESS_KEY", "not-the-secret");
    assertFails(run(stranger, "s3://" + BUCKET + "/runs"), "refused by http://127.0.0.1:" + PORT);
    Map<String, String> nobody = new HashMap<>(ENV);
    nobody.put("AWS_SECRET_ACCESS_KEY", "");
    nobody.put("AWS_ACCESS_KEY_ID", "");
    nobody.put("AWS_EC2_METADATA_DISABLED", "true");
    assertFails(run(nobody, "s3://" + BUCKET + "/runs"), "this process has no credentials");
    assertThat(objects.resolve("runs")).doesNotExist();

    assertThat(program("doctor", "--output", "s3://" + BUCKET + "/runs").output())
        .containsPattern("ok +output +s3://" + BUCKET + "/runs: written, listed, read and deleted");
    Program fault =
        Program.run(state, ENV, "deepercluster", "doctor", "--output", "s3://no-bucket");
    assertThat(fault.await()).isEqualTo(3);
    assertThat(fault.output()).containsPattern("fault +output .*there is no such bucket");
    assertNoSecret();
  }

  private static void assertFails(Program p, String message) throws Exception {
    assertThat(p.await()).as(p.output()).isEqualTo(3);
    assertThat(p.output()).contains(message).doesNotContain("\tat ");
  }

  private static Program run(String output, String... more) throws IOException {
    return run(ENV, output, more);
  }

  private static Program run(Map<String, String> environment, String output, String... more)
      throws IOException {
    List<Object> words =
        new ArrayList<>(
            List.of("deepercluster", "run", yaml, "--json", "--set", "output=" + output));
    words.addAll(List.of(more));
    return Program.start(state, environment, words.toArray());
  }

  private static Program program(String... words) throws Exception {
    List<Object> all = new ArrayList<>(List.of("deepercluster"));
    all.addAll(List.of(words));
    Program p = Program.run(state, ENV, all.toArray());
    assertThat(p.await()).as(p.output()).isZero();
    return p;
  }

  private static Program server(String action) throws Exception {
    Program p =
        Program.run(
            serverState,
            Map.of("XDG_DATA_HOME", root.resolve("data").toString()),
            "infra/s3/server",
            action,
            "--port",
            PORT,
            "--bucket",
            BUCKET);
    assertThat(p.await() == 0 || p.output().contains("Go is needed")).as(p.output()).isTrue();
    return p;
  }

  private static void cluster(String action) throws Exception {
    Program p =
        Program.run(
            state,
            ENV,
            "infra/flink/cluster",
            action,
            "--port",
            FLINK_PORT,
            "--taskmanagers",
            "2",
            "--slots",
            "1",
            "--heap",
            "640m",
            "--off-heap",
            "640m");
    assertThat(p.await()).as(p.output()).isZero();
  }

  private static String rest(String path) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://" + MASTER + path)).build(),
            BodyHandlers.ofString())
        .body();
  }

  /** Where the server keeps the objects of a folder. */
  private static Path local(String address) {
    return objects.resolve(address.substring(("s3://" + BUCKET + "/").length()));
  }

  /** The JSON object at the end of what a run printed. */
  private static JsonNode result(Program p) throws IOException {
    int begin = p.lines().lastIndexOf("{");
    return JSON.readTree(String.join("\n", p.lines().subList(begin, p.lines().size())));
  }

  private static void assertSame(JsonNode result) throws IOException {
    assertThat(result.get("metrics")).isEqualTo(onDisk.get("metrics"));
    Map<String, String> expected = digests(Path.of(onDisk.get("directory").asText()));
    assertThat(expected).hasSize(11);
    Path directory = local(result.get("directory").asText());
    assertThat(digests(directory)).isEqualTo(expected);
    assertThat(directory.resolve("report/report.html")).isNotEmptyFile();
    assertThat(directory.resolve("model/model.safetensors")).isNotEmptyFile();
  }

  /** Digest of every stage's output but the report's, which tells times and places. */
  private static Map<String, String> digests(Path directory) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    try (Stream<Path> all = Files.list(directory.resolve("stages"))) {
      for (Path stage : all.toList()) {
        String name = stage.getFileName().toString();
        if (!name.equals("report")) {
          digests.put(name, Manifest.read(stage.toString()).digest());
        }
      }
    }
    return digests;
  }

  /** Neither in what is stored, nor in any log or journal, of this program or of Flink. */
  private static void assertNoSecret() throws IOException {
    int files = 0;
    for (Path folder : List.of(objects, state, root.resolve("on-disk"))) {
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path file : all.filter(Files::isRegularFile).toList()) {
          assertThat(Files.readString(file, ISO_8859_1)).as("%s", file).doesNotContain(secret);
          files++;
        }
      }
    }
    assertThat(files).isGreaterThan(PHOTOS);
  }
}
