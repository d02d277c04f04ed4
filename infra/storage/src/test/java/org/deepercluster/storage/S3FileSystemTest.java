package org.deepercluster.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.beam.sdk.io.fs.CreateOptions.StandardCreateOptions;
import org.deepercluster.storage.StoreFileSystem.Entry;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a real S3 server, {@code infra/s3/server}; skipped where there is no Go to build it. */
@Tag("cluster")
@Timeout(value = 8, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class S3FileSystemTest {
  private static final String PORT = freePort();
  private static final String SECRET = "aws.secretAccessKey";
  private static final Path HOME = Path.of("").toAbsolutePath().getParent().getParent();

  @TempDir static Path root;
  private static final Map<String, String> ENV = new HashMap<>();
  private static String secret;
  private static S3FileSystem s3;

  private static String freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return String.valueOf(socket.getLocalPort());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @BeforeAll
  static void startServer() throws Exception {
    String printed = server("start");
    for (String line : printed.lines().filter(l -> l.startsWith("export ")).toList()) {
      String[] pair = line.substring("export ".length()).split("=", 2);
      ENV.put(pair[0], pair[1]);
    }
    assumeThat(ENV).as(printed).isNotEmpty();
    // The SDK takes credentials from system properties too, unlike the environment changeable here.
    System.setProperty("aws.disableEc2Metadata", "true");
    System.setProperty("aws.accessKeyId", ENV.get("AWS_ACCESS_KEY_ID"));
    secret = ENV.get("AWS_SECRET_ACCESS_KEY");
    System.setProperty(SECRET, secret);
    s3 = new S3FileSystem(ENV);
  }

  @AfterAll
  static void stopServer() throws Exception {
    server("stop");
    for (String p : List.of("aws.disableEc2Metadata", "aws.accessKeyId", SECRET)) {
      System.clearProperty(p);
    }
  }

  private static String server(String action) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
                HOME.resolve("infra/s3/server").toString(),
                action,
                "--port",
                PORT,
                "--bucket",
                "b-1")
            .redirectErrorStream(true);
    builder.environment().put("XDG_STATE_HOME", root.resolve("state").toString());
    builder.environment().put("XDG_DATA_HOME", root.resolve("data").toString());
    Process process = builder.start();
    String printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    int code = process.waitFor();
    assertThat(code == 0 || printed.contains("Go is needed")).as(printed).isTrue();
    return printed;
  }

  private static StoredFile file(String key) {
    return new StoredFile("s3://b-1/" + key);
  }

  private static void write(StoredFile file, byte[] content, int pieces, boolean onlyNew)
      throws IOException {
    StandardCreateOptions options =
        StandardCreateOptions.builder()
            .setMimeType("application/octet-stream")
            .setExpectFileToNotExist(onlyNew)
            .build();
    Entry before = s3.stat(file);
    try (WritableByteChannel out = s3.create(file, options)) {
      for (int i = 0; i < pieces; i++) {
        int from = (int) ((long) content.length * i / pieces);
        int to = (int) ((long) content.length * (i + 1) / pieces);
        assertThat(out.write(ByteBuffer.wrap(content, from, to - from))).isEqualTo(to - from);
      }
      assertThat(s3.stat(file)).as("nothing is seen of it yet").isEqualTo(before);
    }
  }

  private static void write(String key, String content) throws IOException {
    write(file(key), content.getBytes(UTF_8), 1, false);
  }

  private static byte[] read(StoredFile file) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Channels.newInputStream(s3.open(file)).transferTo(bytes);
    return bytes.toByteArray();
  }

  private static String text(String key) throws IOException {
    return new String(read(file(key)), UTF_8);
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(length).nextBytes(bytes);
    return bytes;
  }

  @ParameterizedTest
  @ValueSource(
      ints = {0, 1, S3Writer.PART - 1, S3Writer.PART, S3Writer.PART + 1, 3 * S3Writer.PART + 5})
  void whatIsWrittenIsReadFromAnyPosition(int length) throws Exception {
    byte[] content = random(length);
    StoredFile file = file("sizes/" + length);
    write(file, content, 7, false);
    assertThat(s3.stat(file).size()).isEqualTo(length);
    assertThat(read(file)).isEqualTo(content);
    SplittableRandom at = new SplittableRandom(1);
    try (SeekableByteChannel in = (SeekableByteChannel) s3.open(file)) {
      assertThat(in.size()).isEqualTo(length);
      for (int i = 0; i < 40 && length > 1; i++) {
        int from = at.nextInt(length);
        int n = Math.min(length - from, 1 + at.nextInt(i % 2 == 0 ? 100 : 3_000_000));
        in.position(from);
        ByteBuffer got = ByteBuffer.allocate(n);
        while (got.hasRemaining()) {
          assertThat(in.read(got)).isPositive();
        }
        assertThat(in.position()).isEqualTo(from + n);
        assertThat(got.flip()).isEqualTo(ByteBuffer.wrap(content, from, n));
      }
      in.position(length);
      assertThat(in.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
  }

  @Test
  void listsWhatAPatternReaches() throws Exception {
    for (String key :
        List.of("p/a/1/run.json", "p/a/2/run.json", "p/b/3/run.json", "p/b/3/x.json", "p/c.json")) {
      write(key, key);
    }
    write("pq/other.json", "");
    assertThat(found("p/**")).hasSize(5).isSorted();
    assertThat(found("p/*/*/run.json"))
        .containsExactly("p/a/1/run.json", "p/a/2/run.json", "p/b/3/run.json");
    assertThat(found("p/a/*/run.json")).containsExactly("p/a/1/run.json", "p/a/2/run.json");
    assertThat(found("p/*.json")).containsExactly("p/c.json");
    assertThat(found("p/b/3/*")).containsExactly("p/b/3/run.json", "p/b/3/x.json");
    assertThat(found("p/c.json")).containsExactly("p/c.json");
    assertThat(found("p/a")).as("a folder").isEmpty();
    assertThat(found("none/**")).isEmpty();
    assertThat(found("none/*.json")).isEmpty();
  }

  private static List<String> found(String pattern) throws IOException {
    return s3.match(List.of("s3://b-1/" + pattern)).get(0).status().name().equals("NOT_FOUND")
        ? List.of()
        : s3.match(List.of("s3://b-1/" + pattern)).get(0).metadata().stream()
            .map(m -> m.resourceId().toString().substring("s3://b-1/".length()))
            .toList();
  }

  @Test
  void namesAreTakenAsTheyAre() throws Exception {
    String key = "names/photos [2] {a,b}/über + & % %20 #1?.jpg";
    write(key, "x");
    assertThat(text(key)).isEqualTo("x");
    assertThat(found("names/**")).containsExactly(key);
    assertThat(found("names/*/*.jpg")).containsExactly(key);
    s3.copy(List.of(file(key)), List.of(file("names/copy ü")));
    s3.delete(List.of(file(key)));
    assertThat(found("names/**")).containsExactly("names/copy ü");
    s3.rename(List.of(file("names/copy ü")), List.of(file("names/b")));
    assertThat(found("names/**")).containsExactly("names/b");
  }

  @Test
  void manyFilesAreListedAndDeleted() throws Exception {
    List<StoredFile> all = new ArrayList<>();
    for (int i = 0; i < 1005; i++) {
      all.add(file("many/" + i));
      write("many/" + i, "");
    }
    assertThat(s3.walk(file("many/")).stream().map(Entry::file)).hasSameElementsAs(all);
    all.add(file("many/that-is-not-there"));
    s3.delete(all);
    assertThat(s3.walk(file("many/"))).isEmpty();
  }

  @Test
  void ofManyWhoMakeANewFileOneSucceeds() throws Exception {
    int rivals = 6;
    ExecutorService pool = Executors.newFixedThreadPool(rivals);
    try {
      for (int round = 0; round < 10; round++) {
        StoredFile file = file("new/" + round);
        CyclicBarrier start = new CyclicBarrier(rivals);
        List<Future<Boolean>> tries = new ArrayList<>();
        for (int i = 0; i < rivals; i++) {
          byte[] mine = {(byte) i};
          tries.add(
              pool.submit(
                  () -> {
                    start.await();
                    try (WritableByteChannel out =
                        s3.create(
                            file,
                            StandardCreateOptions.builder()
                                .setMimeType("text/plain")
                                .setExpectFileToNotExist(true)
                                .build())) {
                      out.write(ByteBuffer.wrap(mine));
                    } catch (FileAlreadyExistsException e) {
                      return false;
                    }
                    return true;
                  }));
        }
        int winner = -1;
        for (int i = 0; i < rivals; i++) {
          if (tries.get(i).get()) {
            assertThat(winner).as("a second winner").isEqualTo(-1);
            winner = i;
          }
        }
        assertThat(read(file)).containsExactly(winner);
      }
    } finally {
      pool.shutdownNow();
    }
    byte[] large = random(S3Writer.PART + 1);
    write(file("new/large"), large, 3, true);
    assertThatThrownBy(() -> write(file("new/large"), random(9_000_000), 3, true))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(read(file("new/large"))).isEqualTo(large);
  }

  @Test
  void piecesOfTwoVersionsAreNotMixed() throws Exception {
    StoredFile file = file("versions");
    write(file, random(9_000_000), 1, false);
    try (SeekableByteChannel in = (SeekableByteChannel) s3.open(file)) {
      assertThat(in.read(ByteBuffer.allocate(10))).isEqualTo(10);
      write(file, random(9_000_001), 1, false);
      in.position(8_000_000);
      assertThatThrownBy(() -> in.read(ByteBuffer.allocate(10)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("s3://b-1/versions: was written anew while it was read");
    }
  }

  @Test
  void whatIsNotThereIsSaidSo() throws Exception {
    assertThat(s3.stat(file("gone"))).isNull();
    assertThatThrownBy(() -> read(file("gone")))
        .isInstanceOf(FileNotFoundException.class)
        .hasMessageContaining("s3://b-1/gone: no such file");
    StoredFile elsewhere = new StoredFile("s3://no-such-bucket/x");
    for (Operation o :
        List.<Operation>of(
            () -> read(elsewhere),
            () -> s3.list(new StoredFile("s3://no-such-bucket/")),
            () -> write(elsewhere, new byte[1], 1, false),
            () -> write(elsewhere, random(S3Writer.PART + 1), 1, false),
            () -> s3.delete(List.of(elsewhere)))) {
      assertThatThrownBy(o::run)
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("s3://no-such-bucket/")
          .hasMessageContaining("there is no such bucket at http://127.0.0.1:" + PORT);
    }
  }

  private interface Operation {
    void run() throws IOException;
  }

  @Test
  void refusedCredentialsAndNoneAndNoServerAreSaidWithoutThem() throws Exception {
    try {
      System.setProperty(SECRET, "wrong-secret-0123456789");
      assertThatThrownBy(() -> new S3FileSystem(ENV).list(file("")))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("s3://b-1/: refused by http://127.0.0.1:" + PORT)
          .hasMessageContaining("SignatureDoesNotMatch")
          .hasMessageNotContaining("wrong-secret");
      System.clearProperty(SECRET);
      assertThatThrownBy(() -> new S3FileSystem(ENV).list(file("")))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("this process has no credentials for http://127.0.0.1:" + PORT)
          .hasMessageContaining("AWS_ACCESS_KEY_ID");
    } finally {
      System.setProperty(SECRET, secret);
    }
    Map<String, String> nobody = new HashMap<>(ENV);
    nobody.put("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    assertThatThrownBy(() -> new S3FileSystem(nobody).list(file("")))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("http://127.0.0.1:9 does not answer (ConnectException")
        .hasMessageNotContaining(secret);
  }
}
