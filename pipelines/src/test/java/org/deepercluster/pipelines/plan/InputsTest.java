package org.deepercluster.pipelines.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.pipelines.experiment.ExperimentReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run depends on beside its settings: a run is continued where all of this is the same. */
class InputsTest {
  @TempDir Path folder;

  private Inputs inputs() throws IOException {
    Files.createDirectories(folder.resolve("photos/a"));
    Path yaml = folder.resolve("e.yaml");
    Files.writeString(
        yaml,
        """
        name: e
        method: random
        model: {trunk: vgg-small, imageSize: 28}
        evaluation:
          train: {format: images, path: photos, labels: folders}
          test: {format: images, path: photos, labels: folders}
          protocols:
            - {protocol: imagenet-semi-1, labelled: some.txt}
            - {protocol: imagenet-semi-10, name: share}
            - {protocol: retrieval, groundTruth: lists}
        """);
    Experiment e = ExperimentReader.read(yaml, List.of(), Map.of());
    return Inputs.list(e, Map.of("evaluation.train", 1L, "evaluation.test", 1L));
  }

  @Test
  void aListCountsByWhatItHolds() throws IOException {
    Path list = folder.resolve("some.txt");
    Path query = Files.createDirectories(folder.resolve("lists")).resolve("x_query.txt");
    Files.writeString(list, "a.jpg\n");
    Files.writeString(query, "a 0 0 1 1");
    Inputs first = inputs();
    assertThat(first.files())
        .containsOnlyKeys(
            "evaluation.protocols.imagenet-semi-1.labelled",
            "evaluation.protocols.retrieval.groundTruth");
    assertThat(first.digests()).containsAllEntriesOf(first.files());
    assertThat(inputs().digests()).isEqualTo(first.digests());

    Files.writeString(list, "b.jpg\n");
    assertThat(changed(first)).containsExactly("evaluation.protocols.imagenet-semi-1.labelled");
    Files.writeString(list, "a.jpg\n");
    assertThat(changed(first)).isEmpty();
    Files.writeString(query, "b 0 0 1 1");
    assertThat(changed(first)).containsExactly("evaluation.protocols.retrieval.groundTruth");
    Files.writeString(query, "a 0 0 1 1");
    Files.createFile(folder.resolve("lists/x_junk.txt"));
    assertThat(changed(first)).containsExactly("evaluation.protocols.retrieval.groundTruth");
  }

  private List<String> changed(Inputs first) throws IOException {
    Map<String, String> now = inputs().digests();
    return now.keySet().stream()
        .filter(key -> !now.get(key).equals(first.digests().get(key)))
        .toList();
  }

  @Test
  void aListThatIsNotThereIsNamed() {
    assertThatThrownBy(this::inputs)
        .isInstanceOf(FileNotFoundException.class)
        .hasMessage(
            "evaluation.protocols.imagenet-semi-1.labelled = %s does not exist",
            folder.resolve("some.txt"));
  }
}
