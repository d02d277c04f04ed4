package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
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
 * IngestTables#LABELS}, {@link IngestTables#UNITS}, {@link IngestTables#DUPLICATES}.
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
    s.remove("list");
    s.put("digest", listing.digest().sha256());
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of("images", "rejects", "labels", "units", "duplicates");
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
    parts = new ArrayList<>(parts);
    List<Part> duplicates =
        Duplicates.find(context::run, Part.of(parts, IngestTables.HASHES.name()));
    if (!duplicates.isEmpty() && config.duplicates().equals("drop")) {
      accepted -= drop(context, parts, duplicates);
    }
    parts.removeIf(p -> p.table().equals(IngestTables.HASHES.name()));
    parts.addAll(duplicates);
    numbers.put("images", (double) accepted);
    Duplicates.Counts repeated = Duplicates.count(duplicates);
    numbers.put("duplicates/exact", (double) repeated.exact());
    numbers.put("duplicates/near", (double) repeated.near());
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

  /** Replaces the files of images and labels that hold duplicates; how many images were dropped. */
  private static long drop(StageContext context, List<Part> parts, List<Part> duplicates)
      throws Exception {
    Map<Integer, DropDuplicates.Block> blocks = new TreeMap<>();
    duplicates.forEach(d -> blocks.put(d.index(), new DropDuplicates.Block(d, new ArrayList<>())));
    parts.removeIf(
        p -> {
          boolean hasIds = p.table().equals("images") || p.table().equals("labels");
          return hasIds && blocks.containsKey(p.index()) && blocks.get(p.index()).tables().add(p);
        });
    parts.addAll(context.run("drop", out -> new DropDuplicates(List.copyOf(blocks.values()), out)));
    return duplicates.stream().mapToLong(Part::rows).sum();
  }

  private String refusal(
      long candidates,
      long accepted,
      Map<String, Integer> causes,
      Columns rejects,
      List<Part> files) {
    if (candidates == 0) {
      return config.path() + ": no image found";
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
