package org.deepercluster.stages.cluster;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Paths;

/**
 * The folder of a clustering's intermediate results, kept until the stage is complete. A step that
 * has finished leaves a record under the step's name, written last and as a whole; whoever comes
 * next, after a kill at any moment, takes the record and does not repeat the step. All other files
 * have names that nobody else uses, so that what a dead process left is in nobody's way.
 *
 * @param directory URI of the folder
 */
record Scratch(String directory) implements Serializable {

  /** A name for a new file. */
  String fresh(String name) {
    return Paths.join(
        directory, name + "-" + UUID.randomUUID().toString().replace("-", "") + ".bin");
  }

  /** The result of a step: as it was recorded, or computed and recorded now. */
  <T extends Serializable> T once(String step, Class<T> type, Callable<T> compute)
      throws Exception {
    String path = Paths.join(directory, step + ".step");
    if (Files.exists(path)) {
      return load(path, type);
    }
    T result = compute.call();
    save(path, result);
    return result;
  }

  /** Writes a value that several units read, under a new name. */
  String share(String name, Serializable value) throws IOException {
    String path = fresh(name);
    save(path, value);
    return path;
  }

  private static void save(String path, Serializable value) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    write(bytes, value);
    Files.write(path, bytes.toByteArray());
  }

  static void write(java.io.OutputStream to, Serializable value) throws IOException {
    ObjectOutputStream out = new ObjectOutputStream(to);
    out.writeObject(value);
    out.flush();
  }

  static <T> T load(String path, Class<T> type) throws IOException {
    try (ObjectInputStream in =
        new ObjectInputStream(new BufferedInputStream(Files.open(path), 1 << 20))) {
      return type.cast(in.readObject());
    } catch (ClassNotFoundException e) {
      throw new IOException(path + ": written by another version of this program", e);
    }
  }

  /** Deletes files that no later step reads. */
  static void delete(List<String> paths) throws IOException {
    Files.delete(paths);
  }
}
