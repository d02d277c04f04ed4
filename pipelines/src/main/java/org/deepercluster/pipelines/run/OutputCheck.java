package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Paths;

/** Examines a place for outputs: whether this process can write, list, read and delete there. */
public final class OutputCheck {
  private static final String NAME = "output";

  private OutputCheck() {}

  /**
   * Examines with a small file, which is deleted again.
   *
   * @param output folder or URI
   */
  public static Finding examine(String output) {
    String root = RunStore.absolute(output);
    String directory = Paths.join(root, ".probe-" + UUID.randomUUID());
    String file = Paths.join(directory, "doctor");
    long started = System.nanoTime();
    try {
      boolean fresh = Files.onDisk(root) && java.nio.file.Files.notExists(Path.of(root));
      Files.write(file, directory);
      String wrong = null;
      if (!Files.list(directory).equals(List.of(file))) {
        wrong = "does not list what was written";
      } else if (!new String(Files.read(file), java.nio.charset.StandardCharsets.UTF_8)
          .equals(directory)) {
        wrong = "gives back something else than was written";
      }
      Files.deleteTree(directory);
      if (wrong == null && Files.exists(file)) {
        wrong = "keeps what was deleted";
      }
      if (fresh) {
        Files.pruneEmpty(root);
      }
      return wrong != null
          ? Finding.fault(NAME, root + " " + wrong, "")
          : Finding.ok(
              NAME,
              root
                  + ": written, listed, read and deleted in "
                  + (System.nanoTime() - started) / 1_000_000
                  + " ms");
    } catch (IOException | RuntimeException e) {
      return Finding.fault(NAME, e.getMessage() == null ? e.toString() : e.getMessage(), "");
    }
  }
}
