package org.deepercluster.stages.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.deepercluster.stages.ingest.BucketFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestTest {
  @BeforeEach
  void fileSystems() {
    BucketFileSystem.start();
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "bucket://seekable/run/stages/cluster-e003"})
  void pathsAreRelativeInTheFileAndAbsoluteWhenRead(String place, @TempDir Path temporary)
      throws IOException {
    String dir = place.equals("local") ? temporary.resolve("cluster-e003").toString() : place;
    Manifest written =
        manifest(
            List.of(
                part("b", 1, dir + "/attempt-1/b/part-1.parquet", "11"),
                part("a", 0, dir + "/attempt-1/a/part-0.parquet", "22"),
                part("b", 0, dir + "/attempt-1/b/part-0.parquet", "33")));
    written.write(dir);
    String text = new String(Files.read(Paths.join(dir, Manifest.FILE)), StandardCharsets.UTF_8);
    assertThat(text)
        .contains("\"attempt-1/a/part-0.parquet\"")
        .contains("\"format\" : 1")
        .doesNotContain(dir);
    assertThat(Manifest.read(dir)).isEqualTo(written);
    assertThat(written.table("b")).extracting(Part::index).containsExactly(0, 1);
    assertThat(written.table("c")).isEmpty();
    assertThat(written.rows()).isEqualTo(Map.of("a", 10L, "b", 20L));

    String moved = dir + "-moved";
    Files.move(Paths.join(dir, Manifest.FILE), Paths.join(moved, Manifest.FILE));
    assertThat(Manifest.read(moved).parts())
        .as("a run that was moved is read where it is")
        .allSatisfy(p -> assertThat(p.path()).startsWith(moved + "/attempt-1/"));
  }

  @Test
  void aPartElsewhereIsRefused() {
    Manifest m = manifest(List.of(part("a", 0, "bucket://seekable/other/a.parquet", "1")));
    assertThatThrownBy(() -> m.write("bucket://seekable/run"))
        .hasMessage("part bucket://seekable/other/a.parquet is not below bucket://seekable/run/");
    assertThat(BucketFileSystem.keys()).isEmpty();
  }

  @Test
  void anotherFormatAnUnreadableFileAndNoFileAreNamed() throws IOException {
    String dir = "bucket://seekable/run";
    Files.write(Paths.join(dir, Manifest.FILE), "{\"format\": 2, \"parts\": [], \"new\": 1}");
    assertThatThrownBy(() -> Manifest.read(dir))
        .isInstanceOf(IOException.class)
        .hasMessage(dir + "/manifest.json: format 2; this program reads format 1");
    Files.write(Paths.join(dir, Manifest.FILE), "{\"format\": 1, \"par");
    assertThatThrownBy(() -> Manifest.read(dir))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(dir + "/manifest.json");
    Files.write(Paths.join(dir, Manifest.FILE), "{\"format\": 1}");
    assertThatThrownBy(() -> Manifest.read(dir))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(dir + "/manifest.json");
    assertThatThrownBy(() -> Manifest.read("bucket://seekable/none"))
        .isInstanceOf(FileNotFoundException.class)
        .hasMessageContaining("bucket://seekable/none/manifest.json");
  }

  @Test
  void theDigestIsOfContentInOrderAndNotOfNames() {
    String digest = Manifest.digestOf(List.of(part("a", 0, "x", "1"), part("a", 1, "y", "2")));
    assertThat(Manifest.digestOf(List.of(part("a", 1, "p", "2"), part("a", 0, "q", "1"))))
        .as("other names, other order of arrival")
        .isEqualTo(digest);
    assertThat(
            List.of(
                Manifest.digestOf(List.of(part("a", 0, "x", "2"), part("a", 1, "y", "1"))),
                Manifest.digestOf(List.of(part("a", 0, "x", "1"), part("b", 1, "y", "2"))),
                Manifest.digestOf(List.of(part("a", 0, "x", "1"), part("a", 2, "y", "2"))),
                Manifest.digestOf(List.of(part("a", 0, "x", "1"))),
                Manifest.digestOf(List.of())))
        .doesNotContain(digest)
        .doesNotHaveDuplicates();
  }

  @Test
  void withoutSomeTablesTheDigestStays() {
    Manifest m =
        manifest(List.of(part("a", 0, "x", "1"), part("b", 0, "y", "2"), part("b", 1, "z", "3")));
    Manifest less = m.without(Set.of("b", "c"));
    assertThat(less.parts()).extracting(Part::table).containsExactly("a");
    assertThat(less.digest()).isEqualTo(m.digest());
    assertThat(less.config()).isEqualTo(m.config());
    assertThat(less.rows()).isEqualTo(Map.of("a", 10L));
  }

  private static Part part(String table, int index, String path, String sha256) {
    return new Part(table, index, path, 10, 100, sha256);
  }

  private static Manifest manifest(List<Part> parts) {
    return new Manifest(
        Manifest.FORMAT,
        "cluster",
        "cluster-e003",
        "attempt-1",
        new TreeMap<>(Map.of("features", "f00")),
        new TreeMap<>(Map.of("k", "32")),
        "0.1.0",
        "2026-01-02T03:04:05Z",
        1.5,
        Manifest.digestOf(parts),
        parts,
        new TreeMap<>(Map.of("loss", 0.25)));
  }
}
