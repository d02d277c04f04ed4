package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.List;
import java.util.function.Function;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/** The search for duplicates, as a sequence of jobs. */
public final class Duplicates {
  private Duplicates() {}

  /** Runs one job and gives the files it wrote. */
  public interface Jobs {
    List<Part> run(String name, Function<String, StageTransform<?>> transform) throws Exception;
  }

  /** How many images repeat an earlier one. */
  public record Counts(long exact, long near) {}

  /**
   * Searches.
   *
   * @param hashes files of the hashes table, in the order of the images
   * @return files of {@link IngestTables#DUPLICATES}
   */
  public static List<Part> find(Jobs jobs, List<Part> hashes) throws Exception {
    if (hashes.isEmpty()) {
      return List.of();
    }
    List<Part> found =
        jobs.run(
            "duplicates", out -> new FindDuplicates(hashes, FindDuplicates.PARTITION_ROWS, out));
    if (found.isEmpty()) {
      return List.of();
    }
    int units = FindDuplicates.count(hashes, FindDuplicates.PARTITION_ROWS);
    int blocks = hashes.get(hashes.size() - 1).index() + 1;
    return jobs.run("merge", out -> new MergeDuplicates(found, blocks, units, out));
  }

  /** Counts the rows of the duplicates table. */
  public static Counts count(List<Part> duplicates) throws IOException {
    long exact = 0;
    long all = 0;
    for (Part p : duplicates) {
      for (String kind :
          TableReader.read(p.path(), IngestTables.DUPLICATES, "kind").strings("kind")) {
        exact += kind.equals("exact") ? 1 : 0;
        all++;
      }
    }
    return new Counts(exact, all - exact);
  }
}
