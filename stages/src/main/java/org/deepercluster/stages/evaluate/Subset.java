package org.deepercluster.stages.evaluate;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/** A part of a collection, by the ids of its images. */
final class Subset {
  private Subset() {}

  /**
   * What a setting describes: a share of the images, drawn by {@link #share}, or a file that lists
   * them.
   *
   * @param setting a number above 0 and below 1, or the URI of a list
   * @param key of the setting, for messages
   */
  static Set<String> of(String setting, String key, List<Part> images, List<Part> labels, long seed)
      throws IOException, StageException {
    return isShare(setting)
        ? share(Double.parseDouble(setting), images, labels, seed)
        : listed(setting, key, images);
  }

  /** Whether a setting is a number. */
  static boolean isShare(String setting) {
    try {
      Double.parseDouble(setting);
      return true;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  /**
   * A share of every class, at least one image of each: of n images round(share · n), drawn by
   * {@code seed}. Images with several classes count for the first of them; those without any are
   * one more class.
   */
  private static Set<String> share(double share, List<Part> images, List<Part> labels, long seed)
      throws IOException {
    Map<String, Integer> first = new java.util.HashMap<>();
    Columns c = TableReader.read(labels, IngestTables.LABELS, "image_id", "label");
    for (int i = 0; i < c.rows(); i++) {
      first.putIfAbsent(c.strings("image_id")[i], c.ints("label")[i]);
    }
    Map<Integer, List<String>> members = new TreeMap<>();
    for (String id :
        TableReader.read(images, IngestTables.IMAGES, "image_id").strings("image_id")) {
      members.computeIfAbsent(first.getOrDefault(id, -1), k -> new ArrayList<>()).add(id);
    }
    Set<String> chosen = new LinkedHashSet<>();
    members.forEach(
        (label, ids) -> {
          int[] order = new int[ids.size()];
          for (int i = 0; i < order.length; i++) {
            order[i] = i;
          }
          Seeds.shuffle(order, 0, order.length, Seeds.random(Seeds.of(seed, (long) label)));
          long taken = Math.max(1, Math.round(share * order.length));
          for (int i = 0; i < taken; i++) {
            chosen.add(ids.get(order[i]));
          }
        });
    return chosen;
  }

  /**
   * The images that a text file lists, one a line: the name of the image's file, with or without
   * its extension; what follows it after a blank is passed over. So are empty lines.
   *
   * @throws StageException where the collection has no image of a name
   */
  private static Set<String> listed(String uri, String key, List<Part> images)
      throws IOException, StageException {
    Set<String> names = new LinkedHashSet<>();
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(Files.open(uri), StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (!line.isBlank()) {
          names.add(line.strip().split("\\s+")[0]);
        }
      }
    } catch (java.io.FileNotFoundException e) {
      throw new StageException(key + " = " + uri + " is neither a share nor a file that exists");
    }
    Set<String> chosen = new HashSet<>();
    Set<String> found = new HashSet<>();
    Columns c = TableReader.read(images, IngestTables.IMAGES, "image_id", "uri");
    for (int i = 0; i < c.rows(); i++) {
      String file = c.strings("uri")[i];
      file = file.substring(Math.max(file.lastIndexOf('/'), file.lastIndexOf('#')) + 1);
      int dot = file.lastIndexOf('.');
      for (String name : dot < 0 ? List.of(file) : List.of(file, file.substring(0, dot))) {
        if (names.contains(name)) {
          found.add(name);
          chosen.add(c.strings("image_id")[i]);
        }
      }
    }
    if (found.size() < names.size()) {
      names.removeAll(found);
      throw new StageException(
          key
              + " = "
              + uri
              + " lists "
              + names.size()
              + " images that the training collection does not have, the first is "
              + names.iterator().next());
    }
    return chosen;
  }
}
