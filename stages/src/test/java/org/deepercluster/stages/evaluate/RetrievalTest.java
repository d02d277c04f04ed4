package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.deepercluster.stages.beam.StageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetrievalTest {
  @TempDir Path folder;

  /** NumPy's; rmac.py. */
  @Test
  void vectorsAreTheSumOfTheRegionsLargestActivations() {
    JsonNode cases = Golden.read("rmac.json").get("maps");
    assertThat(cases).hasSize(5);
    for (JsonNode c : cases) {
      int[] shape = Golden.ints(c.get("shape"));
      float[] v =
          Rmac.vectors(
              Golden.floats(c.get("map")),
              shape[0],
              shape[1],
              shape[2],
              c.get("levels").intValue());
      assertThat(v).hasSize(c.get("regions").intValue() * shape[0]);
      assertThat(Rmac.sum(v, shape[0]))
          .containsExactly(Golden.floats(c.get("vector")), within(1e-6f));
    }
  }

  @Test
  void regionsLieInTheMapAndTheFirstOfASquareIsAllOfIt() {
    assertThat(Rmac.regions(7, 7, 1)).containsExactly(new Rmac.Region(0, 0, 7));
    for (int w = 1; w < 20; w++) {
      for (int h = 1; h < 20; h++) {
        for (Rmac.Region r : Rmac.regions(w, h, 4)) {
          assertThat(r.x()).isBetween(0, w - r.side());
          assertThat(r.y()).isBetween(0, h - r.side());
        }
      }
    }
  }

  @Test
  void aMapOfZerosHasTheZeroVector() {
    assertThat(Rmac.sum(Rmac.vectors(new float[18], 2, 3, 3, 2), 2)).containsOnly(0);
  }

  /** The trapezoids, by NumPy; rmac.py. */
  @Test
  void averagePrecisionIsOxfords() {
    JsonNode cases = Golden.read("rmac.json").get("rankings");
    assertThat(cases).hasSize(5);
    for (JsonNode c : cases) {
      assertThat(
              Landmarks.averagePrecision(
                  strings(c.get("ranked")),
                  new TreeSet<>(strings(c.get("positive"))),
                  new TreeSet<>(strings(c.get("junk")))))
          .isCloseTo(c.get("ap").doubleValue(), within(1e-12));
    }
    assertThat(Landmarks.averagePrecision(List.of("a", "b"), Set.of("a", "b"), Set.of()))
        .isEqualTo(1);
  }

  @Test
  void readsOxfordsLists() throws Exception {
    write("all_souls_1", "oxc1_all_souls_000013 136.5 34.1 648.5 955.7", "a\n b \n", "c", "d\n\n");
    List<Landmarks.Query> queries = Landmarks.read(folder.toString());
    assertThat(queries)
        .containsExactly(
            new Landmarks.Query(
                "all_souls_1",
                "all_souls_000013",
                List.of(136.5, 34.1, 648.5, 955.7),
                Set.of("a", "b", "c"),
                Set.of("d")));
  }

  @Test
  void namesWhatIsWrongWithTheLists() throws Exception {
    assertThatThrownBy(() -> Landmarks.read(folder.toString()))
        .isInstanceOf(StageException.class)
        .hasMessageContaining("no file NAME_query.txt");
    write("q", "image 1 2 3", "a", "", "");
    assertThatThrownBy(() -> Landmarks.read(folder.toString()))
        .hasMessageContaining("q_query.txt: must be an image's name and a box of four numbers")
        .hasMessageContaining("got image 1 2 3");
    write("q", "image 1 2 3 4", "", "", "");
    assertThatThrownBy(() -> Landmarks.read(folder.toString()))
        .hasMessageContaining("q_good.txt and _ok.txt name no image");
    Files.delete(folder.resolve("q_junk.txt"));
    write("r", "image 1 2 3 4", "a", "", "");
    Files.delete(folder.resolve("q_good.txt"));
    assertThatThrownBy(() -> Landmarks.read(folder.toString()))
        .hasMessageContaining("q_good.txt is not there");
  }

  private void write(String name, String query, String good, String ok, String junk)
      throws IOException {
    Files.writeString(folder.resolve(name + "_query.txt"), query);
    Files.writeString(folder.resolve(name + "_good.txt"), good);
    Files.writeString(folder.resolve(name + "_ok.txt"), ok);
    Files.writeString(folder.resolve(name + "_junk.txt"), junk);
  }

  private static List<String> strings(JsonNode array) {
    List<String> values = new ArrayList<>();
    array.forEach(v -> values.add(v.asText()));
    return values;
  }
}
