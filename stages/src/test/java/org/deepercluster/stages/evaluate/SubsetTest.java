package org.deepercluster.stages.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubsetTest {
  @TempDir Path folder;
  private List<Part> images;
  private List<Part> labels;

  /** 30 images of class 0, 15 of class 1, 1 of class 2 and 4 without a label. */
  @BeforeEach
  void write() throws Exception {
    int n = 50;
    String[] ids = IntStream.range(0, n).mapToObj(i -> "id" + i).toArray(String[]::new);
    String[] uris =
        IntStream.range(0, n).mapToObj(i -> "/data/a.b/n" + i + ".JPEG").toArray(String[]::new);
    uris[49] = "train.tar#n49";
    String[] raw = new String[n];
    Arrays.fill(raw, "raw");
    int[] ones = new int[n];
    Arrays.fill(ones, 1);
    byte[][] bytes = new byte[n][1];
    images =
        List.of(
            TableWriter.write(
                folder.toString(),
                0,
                Columns.of(IngestTables.IMAGES, n)
                    .set("image_id", ids)
                    .set("uri", uris)
                    .set("width", ones)
                    .set("height", ones)
                    .set("channels", ones)
                    .set("encoding", raw)
                    .set("bytes", bytes)
                    .build()));
    int labelled = 46;
    String[] names = new String[labelled];
    Arrays.fill(names, "c");
    labels =
        List.of(
            TableWriter.write(
                folder.toString(),
                0,
                Columns.of(IngestTables.LABELS, labelled)
                    .set("image_id", Arrays.copyOf(ids, labelled))
                    .set(
                        "label",
                        IntStream.range(0, labelled)
                            .map(i -> i < 30 ? 0 : i < 45 ? 1 : 2)
                            .toArray())
                    .set("class_name", names)
                    .set("difficult", new int[labelled])
                    .build()));
  }

  private Set<String> of(String setting, long seed) throws Exception {
    return Subset.of(setting, "labelled", images, labels, seed);
  }

  @Test
  void aShareIsThatOfEveryClass() throws Exception {
    Set<String> tenth = of("0.1", 1);
    int[] perClass = new int[4];
    for (String id : tenth) {
      int i = Integer.parseInt(id.substring(2));
      perClass[i < 30 ? 0 : i < 45 ? 1 : i < 46 ? 2 : 3]++;
    }
    // round(3), round(1.5), and at least one
    assertThat(perClass).containsExactly(3, 2, 1, 1);
    assertThat(of("0.1", 1)).isEqualTo(tenth);
    assertThat(of("0.1", 2)).isNotEqualTo(tenth);
  }

  @Test
  void aListNamesFiles() throws Exception {
    Path list = folder.resolve("list.txt");
    Files.writeString(list, "n3.JPEG\n\n  n30 -1\nn49\n");
    assertThat(of(list.toString(), 1)).containsExactlyInAnyOrder("id3", "id30", "id49");
  }

  @Test
  void saysWhatAListHasTooMuch() throws Exception {
    Path list = folder.resolve("list.txt");
    Files.writeString(list, "n3\nn77\nn78.JPEG\n");
    assertThatThrownBy(() -> of(list.toString(), 1))
        .isInstanceOf(StageException.class)
        .hasMessage(
            "labelled = "
                + list
                + " lists 2 images that the training collection does not have, the first is n77");
    assertThatThrownBy(() -> of(folder + "/none", 1))
        .isInstanceOf(StageException.class)
        .hasMessage("labelled = " + folder + "/none is neither a share nor a file that exists");
  }

  @Test
  void settingsOfTheProtocol() {
    fails("labelled", "1.5", "labelled must be a share above 0 and below 1 or a file, got 1.5");
    fails("validation", "0", "validation must be a share above 0 and below 1 or a file, got 0");
    fails(
        "lrCandidates",
        "0.1, x",
        "lrCandidates must be numbers that lr allows, with commas between, got 0.1, x");
    fails("lrEveryCandidates", "1.5", "lrEveryCandidates must be numbers that lrEvery allows");
    fails("epochs", null, "epochs must be given where iterations is not, and only there");
    fails("iterations", 5, "epochs must be given where iterations is not, and only there");
    fails("layers", "linear", "foldSobel must be false where only the linear layers are trained");
    assertThatThrownBy(() -> AugmentedLinear.rates("conv1"))
        .hasMessageStartingWith("layerLr must be layers with a rate above 0 each");
    assertThatThrownBy(() -> AugmentedLinear.rates("conv1=1, conv1=2"))
        .hasMessageEndingWith("got conv1=1, conv1=2");
    assertThat(AugmentedLinear.rates("conv1=0.5, conv2 = 1"))
        .containsEntry("conv2", 1.0)
        .hasSize(2);
  }

  /** A fine-tuning that is right but for one setting. */
  private static void fails(String key, Object value, String message) {
    assertThatThrownBy(() -> with(key, value)).hasMessageStartingWith(message);
  }

  private static Record with(String key, Object value) {
    var schema = org.deepercluster.stages.config.Schema.of(FineTune.class);
    List<Object> values = new ArrayList<>();
    for (var setting : schema.components()) {
      values.add(
          switch (setting.path()) {
            case "epochs" -> key.equals("epochs") ? value : (Object) 3;
            case "foldSobel" -> true;
            default -> setting.path().equals(key) ? value : setting.defaultValue();
          });
    }
    return schema.create(values.toArray());
  }
}
