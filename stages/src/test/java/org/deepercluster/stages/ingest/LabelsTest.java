package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.ingest.IngestTables.ImageLabel;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelsTest {
  @TempDir Path folder;

  private final Label cat = new Label(0, "cat");
  private final Label dog = new Label(1, "dog");
  private final Label doubtfulDog = new Label(1, "dog", true);

  @Test
  void oneLabelPerImage() throws Exception {
    List<Part> labels = write(new ImageLabel("a", cat), new ImageLabel("b", dog));
    assertThat(IngestTables.labelsById(labels, "k-NN")).isEqualTo(Map.of("a", 0, "b", 1));
    assertThat(IngestTables.singleLabels(labels)).isEqualTo(Map.of("a", 0, "b", 1));
    assertThat(IngestTables.labelsById(List.of(), "k-NN")).isEmpty();
    assertThat(IngestTables.singleLabels(List.of())).isEmpty();
  }

  @Test
  void severalLabelsAreAnErrorWhereOneIsNeeded() throws Exception {
    List<Part> labels =
        write(new ImageLabel("a", cat), new ImageLabel("b", cat), new ImageLabel("b", dog));
    assertThatThrownBy(() -> IngestTables.labelsById(labels, "k-NN"))
        .isInstanceOf(StageException.class)
        .hasMessage("k-NN needs one label per image, but image b has 2: cat, dog");
    assertThat(IngestTables.singleLabels(labels)).isEqualTo(Map.of("a", 0));
  }

  @Test
  void difficultLabelsCountForNothing() throws Exception {
    List<Part> labels =
        write(
            new ImageLabel("a", cat),
            new ImageLabel("a", doubtfulDog),
            new ImageLabel("b", doubtfulDog),
            new ImageLabel("c", dog));
    assertThat(IngestTables.labelsById(labels, "k-NN")).isEqualTo(Map.of("a", 0, "c", 1));
    assertThat(IngestTables.singleLabels(labels)).isEqualTo(Map.of("c", 1));
  }

  private List<Part> write(ImageLabel... rows) throws Exception {
    return List.of(TableWriter.write(folder.toString(), 0, IngestTables.labels(List.of(rows))));
  }
}
