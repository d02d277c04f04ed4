package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.deepercluster.stages.image.RejectedImageException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WebReaderTest {
  @TempDir Path folder;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicInteger asked = new AtomicInteger();
  private HttpServer server;
  private String address;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
    address = "http://127.0.0.1:" + server.getAddress().getPort();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    int n = asked.incrementAndGet();
    int status = path.matches("/\\d+") ? Integer.parseInt(path.substring(1)) : 200;
    byte[] body = path.getBytes(UTF_8);
    if (path.equals("/third") && n < 3) {
      status = 503;
    } else if (path.equals("/moved")) {
      status = 302;
      exchange.getResponseHeaders().add("Location", "/here");
    } else if (path.equals("/image.jpg")) {
      body = Files.readAllBytes(Formats.ROOT.resolve("csv/pics/1.jpg"));
    }
    exchange.sendResponseHeaders(status, path.equals("/stalls") ? 1000 : body.length);
    exchange.getResponseBody().write(body);
    if (path.equals("/stalls")) {
      exchange.getResponseBody().flush(); // and nothing more, until the server stops
    } else {
      exchange.close();
    }
  }

  @Test
  void getsRetriesAndFollows() throws IOException {
    assertThat(get("/a")).isEqualTo("/a");
    assertThat(get("/moved")).isEqualTo("/here");
    asked.set(0);
    assertThat(get("/third")).isEqualTo("/third");
    assertThat(asked.get()).isEqualTo(3);
  }

  @Test
  void rejectsWhatCannotBeHad() {
    rejected("/404", "the server answers 404");
    assertThat(asked.get()).as("asked once").isEqualTo(1);
    rejected("/500", "the server answers 500");
    assertThat(asked.get()).as("asked three times").isEqualTo(4);
    rejected("/stalls", "no answer");
    String gone = address;
    stop();
    assertThatThrownBy(() -> reader().get(gone + "/a"))
        .isInstanceOf(RejectedImageException.class)
        .hasMessageContaining("no answer");
    assertThatThrownBy(() -> reader().get("http://a b/"))
        .isInstanceOf(RejectedImageException.class)
        .hasMessageContaining("is no address");
  }

  @Test
  void imagesOfATable() throws IOException {
    Files.writeString(
        folder.resolve("t.csv"),
        "url,label\n" + address + "/image.jpg,1\n" + address + "/404,0\n" + address + "/page,0\n");
    DataConfig config = Formats.table("csv", folder + "/t.csv", null, null, null);
    List<SourceImage> read = IdxReaderTest.readAll(Formats.list(config));
    assertThat(read.get(0).image().width()).isEqualTo(20);
    assertThat(read.get(0).id()).isEqualTo(InputDigest.imageId(address + "/image.jpg"));
    assertThat(read.get(0).labels()).containsExactly(new Label(1, "1"));
    assertThat(read.get(1).rejection().cause()).isEqualTo("unreadable");
    assertThat(read.get(2).rejection().cause()).isEqualTo("not-an-image");
  }

  private String get(String path) throws IOException {
    try (InputStream in = reader().get(address + path)) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  private void rejected(String path, String detail) {
    assertThatThrownBy(() -> reader().get(address + path))
        .isInstanceOf(RejectedImageException.class)
        .hasMessageContaining(detail);
  }

  private static WebReader reader() {
    return new WebReader(Duration.ofMillis(400), Duration.ofMillis(1));
  }
}
