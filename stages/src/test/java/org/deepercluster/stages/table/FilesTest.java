package org.deepercluster.stages.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.deepercluster.stages.ingest.BucketFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FilesTest {
  @TempDir Path temporary;

  @BeforeEach
  void fileSystems() {
    BucketFileSystem.start();
  }

  private String root(String place) {
    return place.equals("local") ? temporary.resolve("root").toString() : place;
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "bucket://plain/root"})
  void writesReadsListsMovesAndDeletes(String place) throws IOException {
    String root = root(place);
    assertThat(Files.list(root)).as("no folder yet").isEmpty();
    assertThat(Files.exists(root + "/a.txt")).isFalse();
    Files.write(root + "/a.txt", "one");
    Files.write(root + "/a.txt", "two");
    Files.write(root + "/x/y/b.txt", "three");
    Files.write(root + "-other/c.txt", "four");
    assertThat(text(root + "/a.txt")).isEqualTo("two");
    assertThat(Files.exists(root + "/a.txt")).isTrue();
    assertThat(Files.list(root)).containsExactly(root + "/a.txt", root + "/x/y/b.txt");
    assertThat(Files.match(root, "*.txt")).containsExactly(root + "/a.txt");
    assertThat(Files.match(root, "*/y/*.txt")).containsExactly(root + "/x/y/b.txt");
    assertThat(Files.match(root, "*.json")).isEmpty();

    Files.move(root + "/x/y/b.txt", root + "/z/b.txt");
    assertThat(Files.list(root)).containsExactly(root + "/a.txt", root + "/z/b.txt");
    assertThat(text(root + "/z/b.txt")).isEqualTo("three");

    Files.delete(List.of(root + "/a.txt", root + "/gone.txt"));
    Files.delete(List.of());
    assertThat(Files.list(root)).containsExactly(root + "/z/b.txt");
    Files.deleteTree(root);
    Files.deleteTree(root);
    assertThat(Files.list(root)).isEmpty();
    assertThat(text(root + "-other/c.txt")).as("only what is below").isEqualTo("four");
    assertThatThrownBy(() -> Files.read(root + "/a.txt"))
        .isInstanceOf(FileNotFoundException.class)
        .hasMessageContaining("a.txt");
  }

  @Test
  void aTreeGoesWithItsFolders() throws IOException {
    Path root = temporary.resolve("root");
    Files.write(root + "/a/b/c.txt", "x");
    java.nio.file.Files.createDirectories(root.resolve("empty/deep"));
    Files.deleteTree(root.toString());
    assertThat(root).doesNotExist();
    assertThat(temporary).exists();

    Files.write(root + "/a/b/c.txt", "x");
    java.nio.file.Files.createDirectories(root.resolve("empty/deep"));
    Files.pruneEmpty(root.toString());
    assertThat(root.resolve("empty")).doesNotExist();
    assertThat(root.resolve("a/b/c.txt")).exists();
  }

  @Test
  void charactersOfPatternsInFolderNamesAreOrdinary() throws IOException {
    String root = temporary.resolve("photos [2], a*b {c,d}?").toString();
    Files.write(root + "/x/b.txt", "one");
    Files.write(root + "/a.txt", "two");
    assertThat(text(root + "/x/b.txt")).isEqualTo("one");
    assertThat(Files.list(root)).containsExactly(root + "/a.txt", root + "/x/b.txt");
    Files.deleteTree(root);
    assertThat(Path.of(root)).doesNotExist();
  }

  @Test
  void aReaderSeesTheOldFileOrTheNewOne() throws Exception {
    String path = temporary.resolve("state.json").toString();
    byte[] a = new byte[200_000];
    byte[] b = new byte[300_000];
    Arrays.fill(b, (byte) 1);
    Files.write(path, a);
    ExecutorService writer = Executors.newSingleThreadExecutor();
    try {
      Future<?> writing =
          writer.submit(
              () -> {
                for (int i = 0; i < 100; i++) {
                  Files.write(path, i % 2 == 0 ? b : a);
                }
                return null;
              });
      int reads = 0;
      while (!writing.isDone() || reads < 10) {
        byte[] seen = Files.read(path);
        assertThat(Arrays.equals(seen, a) || Arrays.equals(seen, b)).isTrue();
        reads++;
      }
      writing.get();
    } finally {
      writer.shutdownNow();
    }
    assertThat(Files.list(temporary.toString())).as("no temporary files").containsExactly(path);
  }

  @Test
  void jsonIsNamedWhenItIsOfAnotherForm() throws IOException {
    Json.write("bucket://plain/a.json", List.of(1, 2));
    assertThat(Json.read("bucket://plain/a.json", int[].class)).containsExactly(1, 2);
    assertThatThrownBy(() -> Json.read("bucket://plain/a.json", Part.class))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("bucket://plain/a.json");
    assertThatThrownBy(() -> Json.text(new Object())).isInstanceOf(IllegalArgumentException.class);
  }

  private static String text(String path) throws IOException {
    return new String(Files.read(path), StandardCharsets.UTF_8);
  }
}
