package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClusterCheckTest {
  private FakeFlink flink;

  @BeforeEach
  void start() throws IOException {
    flink = new FakeFlink();
  }

  @AfterEach
  void stop() {
    flink.close();
  }

  @Test
  void aClusterThatFitsHasNothingButOks() throws Exception {
    assertThat(ClusterCheck.compatibility(flink.rest()))
        .extracting(Finding::state)
        .containsOnly("ok")
        .hasSize(3 + ClusterCheck.NEEDED.size());
    assertThat(ClusterCheck.settings(flink.rest())).extracting(Finding::state).containsOnly("ok");
    assertThatCode(() -> ClusterCheck.require(flink.rest())).doesNotThrowAnyException();
  }

  @Test
  void anotherFlinkIsNamedWithTheOneThatFits() {
    flink.version = "1.20.1";
    refused("it is Flink 1.20.1; this program is built for Flink 1.19");
  }

  @Test
  void anOlderJavaIsNamed() {
    flink.java = "OpenJDK 64-Bit Server VM - Debian - 11/11.0.27+6-post-Debian-1deb11u1";
    refused("Debian - 11/11.0.27+6-post-Debian-1deb11u1; Java 17 or newer is needed");
  }

  @Test
  void aMissingJarIsNamed() {
    flink.jars.remove("nd4j-api");
    refused(
        "nd4j-api-1.0.0-M2.1.jar is not in its lib folder; put the jars of pipelines/target/lib");
  }

  @Test
  void aJarOfAnotherVersionIsNamedWithBoth() {
    String right = flink.jars.put("beam-sdks-java-core", "2.60.0");
    refused(
        "its lib folder has beam-sdks-java-core 2.60.0; this program is built with " + right + ";");
  }

  @Test
  void twoVersionsOfAJarAreNamed() {
    flink.jars.put("other/javacpp", "1.4.4");
    refused("its lib folder has javacpp 1.4.4 and 1.5.7; this program is built with 1.5.7");
  }

  @Test
  void aMissingPatternIsNamedWithTheWholeSetting() {
    flink.config.put(
        "classloader.parent-first-patterns.additional", "org.nd4j.;org.bytedeco.;org.apache.beam.");
    refused(
        "classloader.parent-first-patterns.additional lacks org.deeplearning4j.; set it to"
            + " org.nd4j.;org.bytedeco.;org.deeplearning4j.;org.apache.beam.;org.deepercluster.natives.");
  }

  @Test
  void patternsMayBeAYamlList() {
    flink.config.put(
        "classloader.parent-first-patterns.additional",
        "[" + String.join(", ", ClusterCheck.PARENT_FIRST) + "]");
    assertThatCode(() -> ClusterCheck.require(flink.rest())).doesNotThrowAnyException();
  }

  @Test
  void nothingAtTheAddressIsSaidWithTheAddress() {
    FlinkRest rest = flink.rest();
    flink.close();
    assertThatThrownBy(() -> ClusterCheck.require(rest))
        .isInstanceOf(InfrastructureException.class)
        .hasMessageContaining("nothing answers at " + rest.master() + " (connection refused)")
        .hasMessageContaining("infra/flink/cluster start");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "restart-strategy.type | none | restarts | ends the stage | attempts: 10",
        "restart-strategy.fixed-delay.attempts | 2 | restarts | 2 attempts | attempts: 10",
        "heartbeat.timeout | 5 min | heartbeat | within 300 s | heartbeat.timeout: 10000",
        "heartbeat.timeout | 1000 | heartbeat | within 1 s | heartbeat.timeout: 10000",
        "taskmanager.network.sort-shuffle.min-buffers | 4096 | network | need about 4160 |"
            + " min-buffers: 16",
        "env.java.opts.all | -Dx=y | options | lacks 9 | -Dorg.eclipse.deeplearning4j.helpers.disable=false",
      })
  void aSettingThatIsNotRightIsNotedWithItsKey(
      String key, String value, String name, String found, String fix) throws Exception {
    flink.config.put(key, value);
    assertThat(only("note", name))
        .satisfies(f -> assertThat(f.found()).contains(found))
        .satisfies(f -> assertThat(f.fix()).contains(fix));
    assertThatCode(() -> ClusterCheck.require(flink.rest())).doesNotThrowAnyException();
  }

  @Test
  void helpersThatAreSwitchedOffAreAFault() throws Exception {
    flink.config.put(
        "env.java.opts.taskmanager", "-Dorg.eclipse.deeplearning4j.helpers.disable=true");
    assertThat(only("fault", "options").found()).contains("switches oneDNN's layers off");
  }

  @Test
  void littleMemoryIsNotedWithItsKey() throws Exception {
    flink.taskManagers.set(0, FakeFlink.taskManager(1, 2, 512, 0, 64));
    assertThat(only("note", "memory").fix())
        .isEqualTo("set at least taskmanager.memory.task.off-heap.size: 512m");
    flink.taskManagers.set(0, FakeFlink.taskManager(1, 2, 100, 100, 64));
    assertThat(only("note", "memory").fix())
        .contains("task.heap.size: 512m")
        .contains("task.off-heap.size: 512m");
  }

  @Test
  void slotsOfAMachineAreAddedUpAgainstItsCores() throws Exception {
    flink.taskManagers.add(FakeFlink.taskManager(2, 2, 512, 512, 64));
    assertThat(only("note", "slots").found()).isEqualTo("3 slots on the 2 cores of 10.0.0.1");
  }

  @Test
  void noTaskManagersIsNoted() throws Exception {
    flink.taskManagers.clear();
    assertThat(only("note", "slots").found()).contains("no TaskManager is registered");
  }

  private Finding only(String state, String name) throws Exception {
    List<Finding> found =
        ClusterCheck.settings(flink.rest()).stream().filter(f -> !f.state().equals("ok")).toList();
    assertThat(found).hasSize(1);
    assertThat(found.get(0)).extracting(Finding::state, Finding::name).containsExactly(state, name);
    return found.get(0);
  }

  private void refused(String message) {
    assertThatThrownBy(() -> ClusterCheck.require(flink.rest()))
        .isInstanceOf(InfrastructureException.class)
        .hasMessageContaining("does not fit this program")
        .hasMessageContaining(message)
        .hasMessageContaining("Nothing was submitted");
  }
}
