package org.deepercluster.stages.model;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;

/** Weights as files: what a training stage leaves and every later stage loads. */
public final class ModelFile {
  /** Name under which manifests list the training state. */
  public static final String CHECKPOINT = "checkpoint";

  /** What the names of the trunk's tensors begin with in a training state. */
  public static final String TRUNK_PREFIX = "trunk.";

  /** What the names of the heads' tensors begin with in a training state. */
  public static final String HEADS_PREFIX = "heads.";

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

  /**
   * The trunk's tensors of a training state, by their own names: what {@link Trunk#load} takes.
   *
   * @param path URI of the training state
   * @throws IOException when the file is damaged or holds no trunk
   */
  public static Map<String, Tensor> trunkTensors(String path) throws IOException {
    return tensors(path, TRUNK_PREFIX);
  }

  /**
   * The heads' tensors of a training state: {@code w.<s>.weight}, {@code w.<s>.bias} and so on.
   *
   * @param path URI of the training state
   * @throws IOException when the file is damaged or holds no heads
   */
  public static Map<String, Tensor> headTensors(String path) throws IOException {
    return tensors(path, HEADS_PREFIX);
  }

  private static Map<String, Tensor> tensors(String path, String prefix) throws IOException {
    Map<String, Tensor> part = new LinkedHashMap<>();
    contents(path)
        .tensors()
        .forEach(
            (name, tensor) -> {
              if (name.startsWith(prefix)) {
                part.put(name.substring(prefix.length()), tensor);
              }
            });
    if (part.isEmpty()) {
      throw new IOException(path + ": no tensor is called " + prefix + "…");
    }
    return part;
  }

  private static Safetensors.Contents contents(String path) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.open(path), 1 << 20)) {
      return Safetensors.readAll(in);
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
      trunk.load(trunkTensors(path));
      return trunk;
    } catch (IOException | RuntimeException e) {
      trunk.close();
      throw e;
    }
  }

  /**
   * Writes a trained trunk for use elsewhere: {@code model.safetensors}, with the architecture in
   * its metadata, and {@code model.zip}, Deeplearning4j's form.
   *
   * @param config architecture
   * @param tensors of the trunk, by their own names
   * @param directory URI of a folder
   * @return the files' URIs
   */
  public static List<String> export(
      ModelConfig config, Map<String, Tensor> tensors, String directory) throws IOException {
    Map<String, String> metadata = new TreeMap<>();
    Settings.of(config).forEach((k, v) -> metadata.put("model." + k, v));
    metadata.put("format", "pt");
    String safetensors = Paths.join(directory, "model.safetensors");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Safetensors.write(bytes, tensors, metadata);
    Files.write(safetensors, bytes.toByteArray());
    String zip = Paths.join(directory, "model.zip");
    bytes.reset();
    try (Trunk trunk = Trunk.create(config, 0)) {
      trunk.load(tensors);
      trunk.writeDl4j(bytes);
    }
    Files.write(zip, bytes.toByteArray());
    return List.of(safetensors, zip);
  }

  /**
   * An architecture that was written as text.
   *
   * @param settings its settings by key, among others
   * @param prefix of these keys
   */
  public static ModelConfig config(Map<String, String> settings, String prefix) {
    return new ModelConfig(
        settings.get(prefix + "trunk"),
        Integer.parseInt(settings.get(prefix + "imageSize")),
        settings.get(prefix + "input"),
        Integer.parseInt(settings.get(prefix + "width")),
        Double.parseDouble(settings.get(prefix + "dropout")));
  }

  /**
   * A trained trunk as a file.
   *
   * @param config architecture
   * @param tensors of the trunk, by their own names
   */
  public record Exported(ModelConfig config, Map<String, Tensor> tensors) {}

  /**
   * Reads what {@link #export} wrote.
   *
   * @param path URI of a {@code model.safetensors}
   * @throws IOException when the file is damaged or does not say its architecture
   */
  public static Exported read(String path) throws IOException {
    Safetensors.Contents contents = contents(path);
    Map<String, String> m = contents.metadata();
    if (!m.containsKey("model.trunk")) {
      throw new IOException(
          path
              + ": its metadata has no model.trunk; only models that this program exported are read");
    }
    return new Exported(config(m, "model."), contents.tensors());
  }

  /**
   * A trunk that {@link #export} wrote.
   *
   * @param path URI of a {@code model.safetensors}
   * @param threads that the calling thread's native calls may use
   * @throws IOException when the file is damaged or does not say its architecture
   */
  public static Trunk load(String path, int threads) throws IOException {
    NativeRuntime.setThreads(threads);
    Exported exported = read(path);
    Trunk trunk = Trunk.create(exported.config(), 0);
    try {
      trunk.load(exported.tensors());
      return trunk;
    } catch (RuntimeException e) {
      trunk.close();
      throw new IOException(path + ": " + e.getMessage(), e);
    }
  }
}
