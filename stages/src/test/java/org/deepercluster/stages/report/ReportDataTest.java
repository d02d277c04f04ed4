package org.deepercluster.stages.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.report.ReportData.Score;
import org.junit.jupiter.api.Test;

class ReportDataTest {

  @Test
  void jsonRoundTrip() throws Exception {
    for (ReportData data : List.of(Examples.complete(), Examples.minimal("rotnet"))) {
      byte[] json = data.toJson();
      assertThat(new String(json, StandardCharsets.UTF_8)).doesNotContain(": NaN", "\"NaN\"");
      assertThat(ReportData.fromJson(json))
          .usingRecursiveComparison()
          .ignoringFields("gallery") // compared as JSON below: byte by byte is slow
          .withEqualsForType(Double::equals, Double.class)
          .isEqualTo(data);
      assertThat(ReportData.fromJson(json).toJson()).isEqualTo(json);
    }
  }

  @Test
  void javaSerialisationRoundTrip() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(Examples.complete());
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(((ReportData) in.readObject()).toJson()).isEqualTo(Examples.complete().toJson());
    }
  }

  @Test
  void scoresComeFromTheStableNames() {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("eval/knn/top1", 0.7);
    metrics.put("eval/lowshot10/top1/conv5", 0.6);
    metrics.put("eval/lowshot10/top1_sd/conv5", 0.02);
    metrics.put("random/eval/knn/top1", 0.5);
    metrics.put("train/loss", 3.0);
    assertThat(Score.fromMetrics(metrics, "eval/"))
        .containsExactly(
            new Score("knn", "top1", null, 0.7, Double.NaN),
            new Score("lowshot10", "top1", "conv5", 0.6, 0.02));
    assertThat(Score.fromMetrics(metrics, "random/eval/"))
        .containsExactly(new Score("knn", "top1", null, 0.5, Double.NaN));
  }

  @Test
  void whatMustBeThereIsNamed() {
    assertThatThrownBy(
            () -> new ReportData(null, null, null, null, null, null, null, null, null, null, null))
        .hasMessageContaining("run (experiment, id, method)");
    assertThatThrownBy(
            () ->
                new ReportData.Run(
                    "e", null, "m", null, 0, null, null, null, null, null, null, null))
        .hasMessageContaining("id=null");
    assertThatThrownBy(() -> new Thumbnail(2, 2, 3, new byte[11]))
        .hasMessage("a thumbnail of 2×2×3 needs 12 bytes, got 11");
    assertThatThrownBy(() -> new Thumbnail(2, 2, 2, new byte[8]))
        .hasMessageContaining("1 or 3 channels, got 2×2×2");
  }
}
