package org.deepercluster.pipelines.tracking;

import java.util.Objects;

/**
 * What a run reads, shown in MLflow's dataset column.
 *
 * @param name name of the collection, such as {@code fashion-mnist}
 * @param digest digest of its content; MLflow keeps 36 characters
 * @param sourceType kind of the source: {@code local}, {@code http}, ...
 * @param source JSON that says where it is, such as {@code {"uri": "file:///data/images"}}
 * @param schemaJson JSON of the columns, such as {@code {"mlflow_colspec": [{"name": "id", "type":
 *     "string"}]}}, or null
 * @param profileJson JSON of sizes, such as {@code {"num_rows": 5000}}, or null
 * @param context role in the run: {@code training}, {@code evaluation}
 */
public record Dataset(
    String name,
    String digest,
    String sourceType,
    String source,
    String schemaJson,
    String profileJson,
    String context) {
  public Dataset {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(digest, "digest");
    Objects.requireNonNull(sourceType, "sourceType");
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(context, "context");
  }
}
