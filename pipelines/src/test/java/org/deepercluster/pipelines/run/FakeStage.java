package org.deepercluster.pipelines.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.table.Column;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;
import org.deepercluster.stages.table.TableWriter;

/**
 * A stage without a pipeline: table {@code sum} holds the setting {@code add} and the sums of its
 * inputs, table {@code big} the same; with the setting {@code fail} it fails after having written.
 */
record FakeStage(String name, Map<String, String> given) implements Stage {
  static final TableSchema SUM = TableSchema.named("sum").with("value", Column.Type.LONG).build();
  static final TableSchema BIG = TableSchema.named("big").with("value", Column.Type.LONG).build();

  @Override
  public SortedMap<String, String> settings() {
    TreeMap<String, String> s = new TreeMap<>(given);
    s.remove("fail");
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of("sum", "big");
  }

  @Override
  public StageResult run(StageContext context) throws Exception {
    long sum = Long.parseLong(given.getOrDefault("add", "0"));
    for (String role : List.of("a", "b")) {
      if (context.hasInput(role)) {
        sum += sum(context.input(role));
      }
    }
    List<Part> parts = new ArrayList<>();
    for (TableSchema schema : List.of(SUM, BIG)) {
      parts.add(
          TableWriter.write(
              context.directory(),
              0,
              Columns.of(schema, 1).set("value", new long[] {sum}).build()));
    }
    Files.write(Paths.join(context.directory(), "progress", "000000-000000.json"), "{}");
    if (given.containsKey("fail")) {
      throw new StageException(given.get("fail"));
    }
    return StageResult.of(parts, Map.of("sum", (double) sum));
  }

  static long sum(Manifest m) throws java.io.IOException {
    return TableReader.read(m.table("sum"), SUM).longs("value")[0];
  }
}
