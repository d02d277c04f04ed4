package org.deepercluster.stages.train;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;

/** Weights as files: what a training stage leaves and every later stage loads. */
public final class ModelFile {
  /** Name under which manifests list the training state. */
  public static final String CHECKPOINT = "checkpoint";

  private ModelFile() {}

  /**
   * URI of the training state in a stage's result.
   *
   * @throws IOException when the stage left none, or more than one
   */
  public static String path(Manifest manifest) throws IOException {
    List<Part> files = manifest.table(CHECKPOINT);
    if (files.size() != 1) {
      throw new IOException(
          manifest.instance() + " lists " + files.size() + " checkpoints where one is needed");
    }
    return files.get(0).path();
  }

  /** Reads a training state. */
  public static Checkpoint read(String path) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.open(path), 1 << 20)) {
      return Checkpoint.read(in);
    } catch (IOException e) {
      throw new IOException(path + ": " + e.getMessage(), e);
    }
  }

  /**
   * The trunk of a training state, for inference.
   *
   * @param config its architecture
   * @param path URI of the training state
   * @param threads that the calling thread's native calls may use
   */
  public static Trunk trunk(ModelConfig config, String path, int threads) throws IOException {
    NativeRuntime.setThreads(threads);
    Trunk trunk = Trunk.create(config, 0);
    try {
      trunk.load(read(path).trunk());
      return trunk;
    } catch (IOException | RuntimeException e) {
      trunk.close();
      throw e;
    }
  }
}
