package org.deepercluster.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class S3SettingsTest {
  private static final String STORE = "http://store.example.org:9000";

  @Test
  void withoutAnythingItIsAws() throws Exception {
    assertThat(S3Settings.of(Map.of())).isEqualTo(new S3Settings(null, null, false));
    assertThat(S3Settings.of(Map.of("AWS_REGION", "eu-west-1", "AWS_ENDPOINT_URL", "")))
        .isEqualTo(new S3Settings(null, "eu-west-1", false));
    assertThat(S3Settings.of(Map.of("AWS_DEFAULT_REGION", "eu-west-1")).region())
        .isEqualTo("eu-west-1");
  }

  @Test
  void anEndpointBringsPathStyleAndARegion() throws Exception {
    assertThat(S3Settings.of(Map.of("AWS_ENDPOINT_URL", STORE)))
        .isEqualTo(new S3Settings(URI.create(STORE), "us-east-1", true));
    assertThat(
            S3Settings.of(
                Map.of(
                    "AWS_ENDPOINT_URL", "http://other.example.org",
                    "AWS_ENDPOINT_URL_S3", STORE,
                    "AWS_REGION", "x",
                    "AWS_S3_FORCE_PATH_STYLE", "false")))
        .as("the one for S3 counts")
        .isEqualTo(new S3Settings(URI.create(STORE), "x", false));
    assertThat(S3Settings.of(Map.of("AWS_S3_FORCE_PATH_STYLE", "True")).pathStyle()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "store.example.org:9000",
        "ftp://store",
        "http:///x",
        "http://a b",
        "https://u:pw@h"
      })
  void anEndpointMustBeAnAddressAndIsNotRepeated(String value) {
    assertThatThrownBy(() -> S3Settings.of(Map.of("AWS_ENDPOINT_URL_S3", value)))
        .isInstanceOf(StorageException.class)
        .hasMessageStartingWith("AWS_ENDPOINT_URL_S3 must be an address such as http://")
        .hasMessageNotContaining(value);
  }

  @Test
  void pathStyleIsTrueOrFalse() {
    assertThatThrownBy(() -> S3Settings.of(Map.of("AWS_S3_FORCE_PATH_STYLE", "yes")))
        .isInstanceOf(StorageException.class)
        .hasMessage("AWS_S3_FORCE_PATH_STYLE must be true or false, got yes");
  }
}
