package org.deepercluster.stages.evaluate;

import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.table.Files;

/**
 * Queries of Oxford5k or Paris6k with what is right for each: files {@code NAME_query.txt}, {@code
 * NAME_good.txt}, {@code NAME_ok.txt} and {@code NAME_junk.txt} of a folder.
 */
final class Landmarks {
  private static final String QUERY = "_query.txt";

  private Landmarks() {}

  /**
   * A query.
   *
   * @param name of its files
   * @param image name of the image that it is a part of
   * @param box x and y of the upper left corner, then of the lower right one, in pixels
   * @param positive images that show the same (good and ok)
   * @param junk images that count neither for nor against
   */
  record Query(String name, String image, List<Double> box, Set<String> positive, Set<String> junk)
      implements Serializable {}

  /**
   * Reads all queries, in order of their names.
   *
   * @throws StageException naming what is missing or wrong in which file
   */
  static List<Query> read(String folder) throws IOException, StageException {
    List<Query> queries = new ArrayList<>();
    for (String path : Files.match(folder, "*" + QUERY).stream().sorted().toList()) {
      String base = path.substring(0, path.length() - QUERY.length());
      String[] words = text(path).strip().split("\\s+");
      List<Double> box = new ArrayList<>();
      try {
        for (int i = 1; i < words.length; i++) {
          box.add(Double.parseDouble(words[i]));
        }
      } catch (NumberFormatException e) {
        box.clear();
      }
      if (box.size() != 4 || box.get(2) <= box.get(0) || box.get(3) <= box.get(1)) {
        throw new StageException(
            path
                + ": must be an image's name and a box of four numbers, x1 y1 x2 y2, got "
                + String.join(" ", words));
      }
      Set<String> positive = names(base + "_good.txt");
      positive.addAll(names(base + "_ok.txt"));
      if (positive.isEmpty()) {
        throw new StageException(base + "_good.txt and _ok.txt name no image");
      }
      queries.add(
          new Query(
              base.substring(base.lastIndexOf('/') + 1),
              // as Oxford's queries are written
              words[0].replaceFirst("^oxc1_", ""),
              box,
              positive,
              names(base + "_junk.txt")));
    }
    if (queries.isEmpty()) {
      throw new StageException(
          folder
              + ": no file NAME_query.txt; groundTruth is the folder of Oxford5k's or Paris6k's");
    }
    return queries;
  }

  private static Set<String> names(String path) throws IOException, StageException {
    if (!Files.exists(path)) {
      throw new StageException(path + " is not there");
    }
    Set<String> names = new TreeSet<>(text(path).lines().map(String::strip).toList());
    names.remove("");
    return names;
  }

  private static String text(String path) throws IOException {
    return new String(Files.read(path), StandardCharsets.UTF_8);
  }

  /**
   * Average precision of a ranking as Oxford5k's own program computes it: the area under precision
   * over recall by trapezoids, beginning at precision 1; junk images are passed over.
   *
   * @param ranked names of images, best first
   */
  static double averagePrecision(List<String> ranked, Set<String> positive, Set<String> junk) {
    double area = 0;
    double recall = 0;
    double precision = 1;
    int seen = 0;
    int hits = 0;
    for (String name : ranked) {
      if (junk.contains(name)) {
        continue;
      }
      seen++;
      hits += positive.contains(name) ? 1 : 0;
      double nextRecall = (double) hits / positive.size();
      double nextPrecision = (double) hits / seen;
      area += (nextRecall - recall) * (precision + nextPrecision) / 2;
      recall = nextRecall;
      precision = nextPrecision;
    }
    return area;
  }
}
