package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * Images → Parquet. Tables: {@link IngestTables#IMAGES}, {@link IngestTables#REJECTS}, {@link
 * IngestTables#LABELS}, {@link IngestTables#UNITS}.
 *
 * @param config the collection
 * @param listing what it was when the run began
 */
public record IngestStage(DataConfig config, Listing listing) implements Stage {
  @Override
  public String name() {
    return "ingest";
  }

  @Override
  public SortedMap<String, String> settings() {
    SortedMap<String, String> s = Settings.of(config);
    // A copy of the collection elsewhere is the same collection.
    s.remove("path");
    s.remove("labels");
    s.put("digest", listing.digest().sha256());
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of("images", "rejects", "labels", "units");
  }

  @Override
  public Work work(ToLongFunction<String> images) {
    return Work.decoding(listing.files());
  }

  @Override
  public StageResult run(StageContext context) throws Exception {
    List<Part> parts = context.run("", out -> new IngestImages(listing.units(), out));
    long candidates = 0;
    long skipped = 0;
    Columns units = TableReader.read(Part.of(parts, "units"), IngestTables.UNITS);
    for (int i = 0; i < units.rows(); i++) {
      candidates += units.longs("candidates")[i];
      skipped += units.longs("skipped")[i];
    }
    Map<String, Integer> causes = new TreeMap<>();
    Columns rejects = TableReader.read(Part.of(parts, "rejects"), IngestTables.REJECTS);
    for (String cause : rejects.strings("cause")) {
      causes.merge(cause, 1, Integer::sum);
    }
    long accepted = candidates - rejects.rows();
    if (rejects.rows() > config.maxRejects() * candidates || accepted == 0) {
      throw new StageException(
          refusal(candidates, accepted, causes, rejects, Part.of(parts, "rejects")));
    }
    TreeMap<String, Double> numbers = new TreeMap<>();
    numbers.put("images", (double) accepted);
    numbers.put("rejected", (double) rejects.rows());
    numbers.put("skipped_files", (double) skipped);
    numbers.put("labelled", (double) labelled(parts));
    causes.forEach((cause, n) -> numbers.put("rejected/" + cause, (double) n));
    return StageResult.of(parts, numbers);
  }

  /** Images with a label. */
  private static int labelled(List<Part> parts) throws IOException {
    Columns labels = TableReader.read(Part.of(parts, "labels"), IngestTables.LABELS, "image_id");
    return (int) Arrays.stream(labels.strings("image_id")).distinct().count();
  }

  private String refusal(
      long candidates,
      long accepted,
      Map<String, Integer> causes,
      Columns rejects,
      List<Part> files) {
    if (candidates == 0) {
      return config.path() + ": no JPEG or PNG image found";
    }
    StringBuilder b =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "%s: %d of %d images rejected (%.1f %%), more than data.maxRejects = %s allows; by"
                    + " cause: %s",
                config.path(),
                candidates - accepted,
                candidates,
                100.0 * (candidates - accepted) / candidates,
                config.maxRejects(),
                causes));
    for (int i = 0; i < Math.min(3, rejects.rows()); i++) {
      b.append(
          String.format(
              "%n  %s: %s: %s",
              rejects.strings("uri")[i],
              rejects.strings("cause")[i],
              rejects.strings("detail")[i]));
    }
    if (!files.isEmpty()) {
      b.append(String.format("%n  all of them: %s", files.get(0).path()));
    }
    return b.toString();
  }
}
