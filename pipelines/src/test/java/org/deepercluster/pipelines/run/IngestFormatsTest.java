package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.ingest.CollectionReader;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.ingest.IngestStage;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.TableReader;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The ingest stage on Flink over collections in several layouts; see {@code formats.py}. */
@ExtendWith(SharedFlink.class)
class IngestFormatsTest {
  private static final Path FORMATS =
      Path.of("../stages/src/test/resources/org/deepercluster/stages/ingest/formats");

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "voc/trainval, voc, voc, , trainval",
    "imagenet/train, imagenet, imagenet/tars, , train",
    "webdataset/json:tags, webdataset, webdataset, json:tags, ",
    "parquet/bytes, parquet, parquet/bytes, , ",
    "cifar10/train, cifar10, cifar10, , train",
  })
  void writesImagesAndLabels(String key, String format, String path, String labels, String split)
      throws Exception {
    DataConfig d = new DataConfig("images", "a", null, null, 0.05, 3);
    DataConfig config =
        new DataConfig(
            format,
            FORMATS.resolve(path).toString(),
            labels,
            split,
            null,
            null,
            null,
            d.maxRejects(),
            d.blockImages(),
            d.minSide(),
            d.maxPixels(),
            d.truncated(),
            d.animated(),
            "keep", // the pictures have one colour each
            d.duplicates());
    Manifest ingested = ingest(config);

    JsonNode expected =
        new ObjectMapper().readTree(FORMATS.resolve("expected.json").toFile()).required(key);
    Columns images = TableReader.read(ingested.table("images"), IngestTables.IMAGES);
    assertThat(images.rows()).isEqualTo(expected.size());
    List<String> wanted = new ArrayList<>();
    int labelled = 0;
    for (int i = 0; i < expected.size(); i++) {
      for (JsonNode label : expected.get(i).get("labels")) {
        String name = label.asText().replace("?", "");
        wanted.add(
            images.strings("image_id")[i] + name + (name.equals(label.asText()) ? " 0" : " 1"));
      }
      labelled += expected.get(i).get("labels").isEmpty() ? 0 : 1;
    }
    Columns found = TableReader.read(ingested.table("labels"), IngestTables.LABELS);
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < found.rows(); i++) {
      rows.add(
          found.strings("image_id")[i]
              + found.strings("class_name")[i]
              + " "
              + found.ints("difficult")[i]);
    }
    assertThat(rows).isEqualTo(wanted).isNotEmpty();
    assertThat(ingested.numbers())
        .containsEntry("images", (double) expected.size())
        .containsEntry("labelled", (double) labelled)
        .containsEntry("rejected", 0.0);
  }

  private Manifest ingest(DataConfig config) throws Exception {
    Plan plan =
        new Plan(
            List.of(
                new StageInstance(
                    "ingest",
                    new IngestStage(config, CollectionReader.of(config).list()),
                    0,
                    new TreeMap<>(),
                    Set.of(),
                    null)));
    try (Clusters clusters = Clusters.embedded(2, 0)) {
      return new Orchestrator(plan, folder.toString(), clusters, 2, true, "code", List.of())
          .run()
          .get("ingest");
    }
  }
}
