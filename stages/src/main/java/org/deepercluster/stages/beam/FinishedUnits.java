package org.deepercluster.stages.beam;

import java.io.IOException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;

/**
 * What units wrote that an earlier attempt finished: one file for each, with the references to its
 * files, which stay where that attempt put them.
 *
 * @param folder URI, for the same units alone
 */
public record FinishedUnits(String folder) implements Serializable {
  private String file(int unit) {
    return Paths.join(folder, String.format("unit-%06d.json", unit));
  }

  /** How many there are. */
  public int count() throws IOException {
    return Files.list(folder).size();
  }

  /** The files that a unit wrote, or null when it is not finished or one of them is gone. */
  List<Part> read(int unit) throws IOException {
    if (!Files.exists(file(unit))) {
      return null;
    }
    List<Part> parts = Arrays.asList(Json.read(file(unit), Part[].class));
    for (Part part : parts) {
      if (!Files.exists(part.path())) {
        return null;
      }
    }
    return parts;
  }

  void write(int unit, List<Part> parts) throws IOException {
    Json.write(file(unit), parts);
  }
}
