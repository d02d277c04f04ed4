package org.deepercluster.storage;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectorsTest {
  @BeforeAll
  static void register() {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"runs", "/a/b", "file:///a", "s3://bucket", "s3://b/a:b", "hdfs:///a", "a:b"})
  void whatIsKnown(String path) {
    assertThatCode(() -> Connectors.require(path)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({
    "gs://b/x, put beam-sdks-java-extensions-google-cloud-platform-core",
    "azfs://b/x, put beam-sdks-java-io-azure",
    "s3a://b/x, write s3:// instead of s3a://",
    "ftp://b/x, 'there is no connector for ftp://; a path on disk, s3:// and hdfs:// are known'"
  })
  void whatIsNotKnownIsSaidWithTheRemedy(String path, String remedy) {
    assertThatThrownBy(() -> Connectors.require(path))
        .isInstanceOf(StorageException.class)
        .hasMessageStartingWith(path + ": ")
        .hasMessageContaining(remedy);
  }
}
