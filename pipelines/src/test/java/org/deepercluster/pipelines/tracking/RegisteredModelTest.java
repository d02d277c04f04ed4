package org.deepercluster.pipelines.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.deepercluster.stages.config.InvalidSettingsException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegisteredModelTest {
  @TempDir Path folder;
  private HttpServer server;
  private int downloads;
  private String authorization;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/api/2.0/mlflow/model-versions/get-download-uri", this::version);
    server.createContext("/api/2.0/mlflow-artifacts/artifacts/", this::artifact);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void fetchesAVersionOnce() throws IOException {
    Path file = fetch("models:/photo features/3");
    assertThat(Files.readString(file)).isEqualTo("/7/abc/artifacts/model/model.safetensors");
    assertThat(authorization).isEqualTo("Bearer secret");
    assertThat(fetch("models:/photo features/3")).isEqualTo(file);
    assertThat(downloads).isEqualTo(1);
    try (var left = Files.list(file.getParent())) {
      assertThat(left).containsExactly(file);
    }
  }

  @Test
  void saysWhatIsNotThere() {
    assertThatThrownBy(() -> fetch("models:/photo features/4"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("models:/photo features/4 at http://127.0.0.1:")
        .hasMessageContaining("no such version");
    assertThatThrownBy(() -> fetch("models:/photo features"))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessage("MODEL must have the form models:/NAME/VERSION, got models:/photo features");
  }

  private Path fetch(String model) throws IOException {
    return RegisteredModel.fetch(
        model,
        URI.create("http://127.0.0.1:" + server.getAddress().getPort()),
        Map.of("MLFLOW_TRACKING_TOKEN", "secret"),
        folder);
  }

  private void version(HttpExchange exchange) throws IOException {
    String query = exchange.getRequestURI().getQuery();
    if (query.equals("name=photo features&version=3")) {
      answer(exchange, 200, "{\"artifact_uri\": \"mlflow-artifacts:/7/abc/artifacts/model\"}");
    } else {
      answer(
          exchange,
          404,
          "{\"error_code\": \"RESOURCE_DOES_NOT_EXIST\", \"message\": \"no such version\"}");
    }
  }

  private void artifact(HttpExchange exchange) throws IOException {
    downloads++;
    authorization = exchange.getRequestHeaders().getFirst("Authorization");
    answer(
        exchange,
        200,
        exchange.getRequestURI().getPath().replaceFirst(".*mlflow-artifacts/artifacts", ""));
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }
}
