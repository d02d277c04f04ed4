package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.HeartbeatManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;

/**
 * A Flink cluster inside this process, started once and used for every job through its REST
 * address, as a cluster of its own would be.
 */
final class EmbeddedFlink implements AutoCloseable {
  private final MiniCluster cluster;
  private final URI rest;

  private EmbeddedFlink(MiniCluster cluster, URI rest) {
    this.cluster = cluster;
    this.rest = rest;
  }

  /**
   * Starts the cluster on a free loopback port.
   *
   * @param slots task slots: units that run at the same time
   * @param retries how often failed units of a job are tried again before the job fails for good
   * @throws InfrastructureException when it does not start
   */
  static EmbeddedFlink start(int slots, int retries) throws InfrastructureException {
    Configuration conf = new Configuration();
    conf.set(RestOptions.BIND_PORT, "0");
    conf.set(RestOptions.ADDRESS, "localhost");
    conf.set(RestOptions.BIND_ADDRESS, "localhost");
    conf.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(64L * slots));
    conf.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(64));
    conf.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(64));
    conf.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    conf.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, retries);
    conf.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofSeconds(1));
    // One process: a long pause of the garbage collector is no lost worker.
    conf.set(HeartbeatManagerOptions.HEARTBEAT_TIMEOUT, 300_000L);
    MiniCluster cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(conf)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(slots)
                .build());
    try {
      cluster.start();
      return new EmbeddedFlink(cluster, cluster.getRestAddress().get());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InfrastructureException("interrupted while the embedded Flink started", e);
    } catch (Exception e) {
      throw new InfrastructureException(
          "the embedded Flink did not start: "
              + e.getMessage()
              + "; the loopback interface must be usable, see `./deepercluster doctor`",
          e);
    }
  }

  /** {@code host:port} of its REST address. */
  String master() {
    return rest.getHost() + ":" + rest.getPort();
  }

  @Override
  public void close() {
    try {
      cluster.close();
    } catch (Exception e) {
      org.slf4j.LoggerFactory.getLogger(EmbeddedFlink.class).warn("closing the embedded Flink", e);
    }
  }

  /** An empty jar to stage: without one Beam would pack the whole class path for every job. */
  static Path emptyJar(Path directory) throws IOException {
    Path jar = directory.resolve("empty-" + UUID.randomUUID() + ".jar");
    try (java.util.jar.JarOutputStream out =
        new java.util.jar.JarOutputStream(
            java.nio.file.Files.newOutputStream(jar), new java.util.jar.Manifest())) {
      out.finish();
    }
    return jar;
  }
}
