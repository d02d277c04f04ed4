package org.deepercluster.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.apache.beam.sdk.io.fs.CreateOptions.StandardCreateOptions;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against a name node and a data node of Hadoop itself. */
@Tag("cluster")
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HdfsFileSystemTest {
  @TempDir static Path root;
  private static MiniDFSCluster cluster;
  private static String home;
  private static final HdfsFileSystem HDFS = new HdfsFileSystem(Map.of());

  @BeforeAll
  static void start() throws IOException {
    Configuration configuration = new Configuration();
    configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, root.resolve("dfs").toString());
    cluster = new MiniDFSCluster.Builder(configuration).numDataNodes(1).build();
    cluster.waitActive();
    home = "hdfs://localhost:" + cluster.getNameNodePort() + "/runs/";
  }

  @AfterAll
  static void stop() {
    cluster.shutdown(true);
  }

  private static StoredFile file(String name) {
    return new StoredFile(home + name);
  }

  private static WritableByteChannel create(StoredFile file, boolean onlyNew) throws IOException {
    return HDFS.create(
        file,
        StandardCreateOptions.builder()
            .setMimeType("text/plain")
            .setExpectFileToNotExist(onlyNew)
            .build());
  }

  private static void write(String name, byte[] content) throws IOException {
    try (WritableByteChannel out = create(file(name), false)) {
      out.write(ByteBuffer.wrap(content));
    }
  }

  private static byte[] read(StoredFile file) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (var in = Channels.newInputStream(HDFS.open(file))) {
      in.transferTo(bytes);
    }
    return bytes.toByteArray();
  }

  private static List<String> found(String pattern) throws IOException {
    MatchResult result = HDFS.match(List.of(home + pattern)).get(0);
    return result.status() == MatchResult.Status.NOT_FOUND
        ? List.of()
        : result.metadata().stream()
            .map(m -> m.resourceId().toString().substring(home.length()))
            .sorted()
            .toList();
  }

  @Test
  void whatIsWrittenAppearsWholeAndIsReadFromAnyPosition() throws Exception {
    byte[] content = new byte[3_000_000];
    new SplittableRandom(4).nextBytes(content);
    StoredFile file = file("a/b/content");
    try (WritableByteChannel out = create(file, true)) {
      out.write(ByteBuffer.wrap(content));
      assertThat(HDFS.stat(file)).as("nothing is seen of it yet").isNull();
    }
    assertThat(HDFS.stat(file).size()).isEqualTo(content.length);
    assertThat(read(file)).isEqualTo(content);
    try (SeekableByteChannel in = (SeekableByteChannel) HDFS.open(file)) {
      assertThat(in.size()).isEqualTo(content.length);
      ByteBuffer got = ByteBuffer.allocate(1000);
      in.position(2_000_000);
      while (got.hasRemaining()) {
        assertThat(in.read(got)).isPositive();
      }
      assertThat(got.flip()).isEqualTo(ByteBuffer.wrap(content, 2_000_000, 1000));
      assertThat(in.position()).isEqualTo(2_001_000);
    }
    write("a/b/content", new byte[] {7});
    assertThat(read(file)).as("replaced").containsExactly(7);
    assertThat(found("a/**")).as("no temporary files").containsExactly("a/b/content");
  }

  @Test
  void ofTwoWhoMakeANewFileOneSucceeds() throws Exception {
    StoredFile file = file("new/x");
    WritableByteChannel first = create(file, true);
    WritableByteChannel second = create(file, true);
    first.write(ByteBuffer.wrap(new byte[] {1}));
    second.write(ByteBuffer.wrap(new byte[] {2}));
    first.close();
    first.close();
    assertThatThrownBy(second::close).isInstanceOf(FileAlreadyExistsException.class);
    assertThat(read(file)).containsExactly(1);
    assertThat(found("new/**")).containsExactly("new/x");
  }

  @Test
  void listsWhatAPatternReachesAndMovesAndDeletes() throws Exception {
    for (String name :
        List.of("p/a/1/run.json", "p/b [2] {x} ü/3/run.json", "p/b [2] {x} ü/x.json", "pq/c")) {
      write(name, name.getBytes(UTF_8));
    }
    assertThat(found("p/**")).hasSize(3);
    assertThat(found("p/*/*/run.json"))
        .containsExactly("p/a/1/run.json", "p/b [2] {x} ü/3/run.json");
    assertThat(found("p/b [2] {x} ü/*.json")).containsExactly("p/b [2] {x} ü/x.json");
    assertThat(found("p/a")).as("a folder").isEmpty();
    assertThat(found("none/**")).isEmpty();
    assertThat(found("none/*")).isEmpty();
    HDFS.rename(List.of(file("p/a/1/run.json")), List.of(file("q/run.json")));
    HDFS.copy(List.of(file("q/run.json")), List.of(file("q/copy.json")));
    assertThat(new String(read(file("q/copy.json")), UTF_8)).isEqualTo("p/a/1/run.json");
    HDFS.delete(List.of(file("q/run.json"), file("q/that-is-not-there")));
    assertThat(found("q/**")).containsExactly("q/copy.json");
  }

  @Test
  void whatIsWrongIsSaid() throws Exception {
    assertThatThrownBy(() -> HDFS.open(file("gone")))
        .isInstanceOf(FileNotFoundException.class)
        .hasMessageContaining(home + "gone: no such file");
    assertThatThrownBy(
            () -> new HdfsFileSystem(Map.of("HADOOP_CONF_DIR", "/no/such")).list(file("")))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("HADOOP_CONF_DIR must be the folder")
        .hasMessageContaining("/no/such");
    Path conf = Files.createDirectories(root.resolve("conf"));
    Files.writeString(
        conf.resolve("core-site.xml"),
        "<configuration><property><name>ipc.client.connect.max.retries</name><value>0</value>"
            + "</property></configuration>");
    HdfsFileSystem configured = new HdfsFileSystem(Map.of("HADOOP_CONF_DIR", conf.toString()));
    assertThatThrownBy(() -> configured.list(new StoredFile("hdfs://localhost:9/runs/")))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("hdfs://localhost:9/runs/: HDFS does not answer");
  }
}
