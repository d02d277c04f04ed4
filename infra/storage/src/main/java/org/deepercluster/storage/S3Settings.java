package org.deepercluster.storage;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.LegacyMd5Plugin;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/**
 * Which S3 a process speaks to, from its environment. Credentials are not part of it: the SDK looks
 * for them itself (environment, profile, web identity, container, instance).
 *
 * @param endpoint address of a store other than AWS's; null: AWS
 * @param region null: what the SDK finds
 * @param pathStyle whether the bucket is part of the path rather than of the host's name
 */
record S3Settings(URI endpoint, String region, boolean pathStyle) {
  private static final String ENDPOINT = "AWS_ENDPOINT_URL";
  private static final String S3_ENDPOINT = "AWS_ENDPOINT_URL_S3";
  private static final String PATH_STYLE = "AWS_S3_FORCE_PATH_STYLE";
  private static final int TRIES = 6;

  /**
   * Reads the environment.
   *
   * @throws StorageException naming the variable, its value and what would be right
   */
  static S3Settings of(Map<String, String> env) throws StorageException {
    String name = isSet(env, S3_ENDPOINT) ? S3_ENDPOINT : ENDPOINT;
    URI endpoint = isSet(env, name) ? address(name, env.get(name)) : null;
    String region =
        isSet(env, "AWS_REGION") ? env.get("AWS_REGION") : env.get("AWS_DEFAULT_REGION");
    if (region == null && endpoint != null) {
      region = Region.US_EAST_1.id();
    }
    String style = env.getOrDefault(PATH_STYLE, "").toLowerCase(Locale.ROOT);
    if (!style.matches("|true|false")) {
      throw new StorageException(
          PATH_STYLE + " must be true or false, got " + env.get(PATH_STYLE), null);
    }
    return new S3Settings(
        endpoint, region, style.isEmpty() ? endpoint != null : Boolean.parseBoolean(style));
  }

  private static boolean isSet(Map<String, String> env, String name) {
    return !env.getOrDefault(name, "").isBlank();
  }

  private static URI address(String name, String value) throws StorageException {
    try {
      URI uri = new URI(value);
      if (uri.getHost() != null
          && uri.getUserInfo() == null
          && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
        return uri;
      }
    } catch (URISyntaxException e) {
      throw new StorageException(badAddress(name), e);
    }
    throw new StorageException(badAddress(name), null);
  }

  /** Without the value: somebody may have put credentials into it. */
  private static String badAddress(String name) {
    return name + " must be an address such as http://127.0.0.1:7070, without user and password";
  }

  /** A client with these settings. */
  S3Client connect(Map<String, String> env) {
    S3ClientBuilder builder =
        S3Client.builder()
            .forcePathStyle(pathStyle)
            .serviceConfiguration(
                c ->
                    // Bodies are small enough to be hashed whole, which every store understands.
                    c.chunkedEncodingEnabled(false).expectContinueEnabled(false))
            .httpClientBuilder(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(Duration.ofSeconds(5))
                    .socketTimeout(Duration.ofSeconds(60)));
    if (!isSet(env, "AWS_MAX_ATTEMPTS")) {
      builder.overrideConfiguration(
          c ->
              c.retryStrategy(
                  AwsRetryStrategy.standardRetryStrategy().toBuilder().maxAttempts(TRIES).build()));
    }
    if (region != null) {
      builder.region(Region.of(region));
    }
    if (endpoint != null) {
      builder.endpointOverride(endpoint);
      // Not every store knows the newer checksums; where one must be sent, MD5 is.
      builder.addPlugin(LegacyMd5Plugin.create());
      if (!isSet(env, "AWS_REQUEST_CHECKSUM_CALCULATION")) {
        builder.requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED);
      }
      if (!isSet(env, "AWS_RESPONSE_CHECKSUM_VALIDATION")) {
        builder.responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
      }
    }
    return builder.build();
  }

  /** Where the store is, for people. */
  String place() {
    return endpoint != null ? endpoint.toString() : "AWS";
  }
}
