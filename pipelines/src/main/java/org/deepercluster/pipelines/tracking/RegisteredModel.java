package org.deepercluster.pipelines.tracking;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deepercluster.stages.config.Schema;

/** A version of a model in MLflow's registry. */
public final class RegisteredModel {
  private static final Pattern FORM = Pattern.compile("models:/([^/]+)/([0-9]+)");
  private static final String FILE = "model.safetensors";
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  private RegisteredModel() {}

  /** Whether this names a registered model. */
  public static boolean isOne(String model) {
    return model.startsWith("models:/");
  }

  /**
   * Fetches its weights, unless they are there: a version never changes.
   *
   * @param model {@code models:/NAME/VERSION}
   * @param server address of MLflow
   * @param environment with credentials, as for tracking
   * @param folder to keep weights in
   * @return the file
   * @throws IOException when there is no such version, or what it holds is no {@code
   *     model.safetensors}
   */
  public static Path fetch(String model, URI server, Map<String, String> environment, Path folder)
      throws IOException {
    Matcher named = FORM.matcher(model);
    Schema.require(
        named.matches(), "must have the form models:/NAME/VERSION, got " + model, "MODEL");
    Path file =
        folder
            .resolve(server.getAuthority().replaceAll("[^A-Za-z0-9.-]", "_"))
            .resolve(named.group(1).replaceAll("[^A-Za-z0-9._-]", "_"))
            .resolve(named.group(2))
            .resolve(FILE);
    if (Files.exists(file)) {
      return file;
    }
    Files.createDirectories(file.getParent());
    Path partial = Files.createTempFile(file.getParent(), FILE, ".part");
    try (MlflowApi api = new MlflowApi(server, TIMEOUT, environment)) {
      String source = api.modelVersionUri(named.group(1), named.group(2));
      api.download(source.endsWith(".safetensors") ? source : source + "/" + FILE, partial);
      Files.move(partial, file);
    } catch (ApiException e) {
      throw new IOException(model + " at " + server + ": " + e.getMessage(), e);
    } finally {
      Files.deleteIfExists(partial);
    }
    return file;
  }
}
