package org.deepercluster.pipelines.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.deepercluster.stages.table.Json;

/**
 * The answers of a Flink REST address as they are recorded from a real one, each of which a test
 * can change. It runs no jobs.
 */
final class FakeFlink implements AutoCloseable {
  final Map<String, String> jars = new LinkedHashMap<>();
  final Map<String, String> config = new LinkedHashMap<>();
  final List<Object> taskManagers = new ArrayList<>();
  String version = EnvironmentInformation.getVersion();
  String java = "OpenJDK 64-Bit Server VM - Debian - 17/17.0.15+6-Debian-1deb12u1";

  private final HttpServer server;

  /** One that fits. */
  FakeFlink() throws IOException {
    for (String name : ClusterCheck.NEEDED) {
      var own = ClusterCheck.own().get(name);
      jars.put(name, own == null ? "1.0" : own.first());
    }
    config.put(
        "classloader.parent-first-patterns.additional",
        String.join(";", ClusterCheck.PARENT_FIRST));
    StringBuilder options = new StringBuilder("-Dorg.eclipse.deeplearning4j.helpers.disable=false");
    for (String p : ClusterCheck.OPENED) {
      options.append(" --add-opens=java.base/").append(p).append("=ALL-UNNAMED");
    }
    config.put("env.java.opts.all", options.toString());
    config.put("restart-strategy.type", "fixed-delay");
    config.put("restart-strategy.fixed-delay.attempts", "10");
    config.put("heartbeat.timeout", "10000");
    config.put("taskmanager.network.sort-shuffle.min-buffers", "16");
    taskManagers.add(taskManager(1, 2, 512, 512, 64));
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] body = Json.text(answer(exchange.getRequestURI().getPath())).getBytes(UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
          }
        });
    server.start();
  }

  /** A TaskManager on a machine of its own; memory in MiB. */
  static Object taskManager(int slots, int cores, long heap, long offHeap, long network) {
    return Map.of(
        "id",
        "10.0.0.1:44647-0b853d",
        "path",
        "pekko.tcp://flink@10.0.0.1:44647/user/rpc/taskmanager_0",
        "slotsNumber",
        slots,
        "freeSlots",
        slots,
        "hardware",
        Map.of("cpuCores", cores),
        "memoryConfiguration",
        Map.of(
            "taskHeap", heap << 20, "taskOffHeap", offHeap << 20, "networkMemory", network << 20));
  }

  private Object answer(String path) {
    return switch (path) {
      case "/config" -> Map.of("flink-version", version);
      case "/jobmanager/environment" ->
          Map.of(
              "jvm",
              Map.of("version", java),
              "classpath",
              jars.entrySet().stream()
                  .map(e -> "/opt/flink/lib/" + e.getKey() + "-" + e.getValue() + ".jar")
                  .toList());
      case "/jobmanager/config" ->
          config.entrySet().stream()
              .map(e -> Map.of("key", e.getKey(), "value", e.getValue()))
              .toList();
      case "/taskmanagers" -> Map.of("taskmanagers", taskManagers);
      default -> throw new IllegalArgumentException(path);
    };
  }

  FlinkRest rest() {
    return new FlinkRest("127.0.0.1:" + server.getAddress().getPort());
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
