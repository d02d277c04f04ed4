package org.deepercluster.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URL;
import java.net.URLClassLoader;
import java.util.concurrent.CompletableFuture;
import org.deeplearning4j.config.DL4JClassLoading;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.common.config.ND4JClassLoading;
import org.nd4j.linalg.factory.Nd4j;

class NativeRuntimeTest {
  @Test
  void convolutionsRunInOneDnn() {
    assertThat(NativeRuntime.oneDnnActive()).isTrue();
    assertThat(NativeRuntime.backend()).isEqualTo("CPU (OpenBLAS + oneDNN)");
    assertThat(NativeRuntime.isCuda()).isFalse();
  }

  @Test
  void loadersAreOurOwnWhateverTheCallersLoader() throws Exception {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader job = new URLClassLoader(new URL[0], before)) {
      thread.setContextClassLoader(job);
      NativeRuntime.initialize();
      assertThat(thread.getContextClassLoader()).isSameAs(job);
    } finally {
      thread.setContextClassLoader(before);
    }
    assertThat(ND4JClassLoading.getNd4jClassloader())
        .isSameAs(NativeRuntime.class.getClassLoader());
    assertThat(DL4JClassLoading.getDl4jClassloader())
        .isSameAs(NativeRuntime.class.getClassLoader());
    assertThat(NativeRuntime.oneDnnActive()).isTrue();
  }

  @Test
  void threadsArePinnedForTheCallingThread() {
    int before = NativeRuntime.threads();
    int other =
        CompletableFuture.supplyAsync(
                () -> {
                  NativeRuntime.setThreads(before + 1);
                  return NativeRuntime.threads();
                })
            .join();
    assertThat(other).isEqualTo(before + 1);
    assertThat(NativeRuntime.threads()).isEqualTo(before);
    NativeRuntime.setThreads(1);
    assertThat(NativeRuntime.threads()).isEqualTo(1);
    assertThat(Nd4j.factory().blas().getMaxThreads()).isEqualTo(1);
    NativeRuntime.setThreads(before);
    assertThatThrownBy(() -> NativeRuntime.setThreads(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("threads must be at least 1, got 0");
  }

  @Test
  void reportsOnCudaInOneLine() {
    assertThat(NativeRuntime.cudaReport()).hasLineCount(1).contains("-Pcuda");
  }

  @ParameterizedTest
  @CsvSource({"3,7", "5,0", "5,3", "6,1", "7,0", "7,5", "8,0", "8,6", "8,9"})
  void acceptsGpusThatNd4jHasMachineCodeFor(int major, int minor) {
    assertThatCode(() -> NativeRuntime.requireKernels(0, major, minor)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({"3,5", "4,0", "9,0", "10,0", "12,0"})
  void refusesOtherGpusInOneLine(int major, int minor) {
    assertThatThrownBy(() -> NativeRuntime.requireKernels(1, major, minor))
        .satisfies(
            e ->
                assertThat(NativeRuntime.explain(e))
                    .hasLineCount(1)
                    .startsWith(
                        "unsupported GPU: device 1 has compute capability " + major + "." + minor)
                    .contains("-Pcuda"));
  }

  @Test
  void explainsAFailedLoadByItsInnermostCause() {
    Throwable failure =
        new ExceptionInInitializerError(
            new RuntimeException("ND4J", new UnsatisfiedLinkError("no jnind4jcpu\nin path")));
    assertThat(NativeRuntime.explain(failure))
        .hasLineCount(1)
        .contains("UnsatisfiedLinkError: no jnind4jcpu")
        .contains("classifier");
  }
}
