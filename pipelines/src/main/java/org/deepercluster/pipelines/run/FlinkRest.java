package org.deepercluster.pipelines.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;

/** The REST address of a Flink cluster. */
final class FlinkRest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String master;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();

  /**
   * An address.
   *
   * @param master {@code host:port}
   */
  FlinkRest(String master) {
    this.master = master;
  }

  /** {@code host:port}. */
  String master() {
    return master;
  }

  /** The page of a job that a person opens. */
  String page(String job) {
    return "http://" + master + "/#/job/running/" + job + "/overview";
  }

  /**
   * Asks.
   *
   * @param path such as {@code /overview}
   * @return the answer; a missing node when Flink does not know what is asked for
   * @throws IOException when there is no answer, or none that can be used; the message names the
   *     address and the cause
   */
  JsonNode get(String path) throws IOException, InterruptedException {
    HttpResponse<String> response = send("GET", path);
    if (response.statusCode() == 404) {
      return MissingNode.getInstance();
    }
    if (response.statusCode() != 200) {
      throw new IOException(
          "Flink at " + master + path + " answered with status " + response.statusCode());
    }
    return JSON.readTree(response.body());
  }

  /** Ends a job; one that has ended already is no fault. */
  void cancel(String job) throws IOException, InterruptedException {
    HttpResponse<String> response = send("PATCH", "/jobs/" + job + "?mode=cancel");
    if (response.statusCode() >= 300
        && response.statusCode() != 404
        && response.statusCode() != 409) {
      throw new IOException(
          "Flink at "
              + master
              + " did not cancel job "
              + job
              + ": status "
              + response.statusCode());
    }
  }

  private HttpResponse<String> send(String method, String path)
      throws IOException, InterruptedException {
    try {
      return http.send(
          HttpRequest.newBuilder(URI.create("http://" + master + path))
              .timeout(Duration.ofSeconds(30))
              .method(method, HttpRequest.BodyPublishers.noBody())
              .build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (ConnectException e) {
      boolean unknown = false;
      for (Throwable t = e; t != null && !unknown; t = t.getCause()) {
        unknown = t instanceof UnresolvedAddressException;
      }
      throw new IOException(
          "nothing answers at "
              + master
              + (unknown ? " (the host name is unknown)" : " (connection refused)"),
          e);
    } catch (IOException e) {
      throw new IOException("no answer from " + master + ": " + e, e);
    }
  }
}
