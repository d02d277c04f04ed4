package org.deepercluster.storage;

import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * Says what an answer of S3, or none, means.
 *
 * @param place where the store is, for people
 */
record S3Faults(String place) {

  /**
   * The exception to throw.
   *
   * @param uri what it happened to
   */
  IOException of(String uri, SdkException e) {
    return e instanceof S3Exception answer ? of(uri, answer) : of(uri, e.getMessage(), e);
  }

  private IOException of(String uri, S3Exception e) {
    String code = e.awsErrorDetails() == null ? "" : e.awsErrorDetails().errorCode();
    String text = e.awsErrorDetails() == null ? null : e.awsErrorDetails().errorMessage();
    String said = (code == null ? "" : code) + (text == null || text.isBlank() ? "" : ": " + text);
    if (said.isBlank()) {
      said = "status " + e.statusCode();
    }
    if ("NoSuchBucket".equals(code)) {
      return new StorageException(
          uri + ": there is no such bucket at " + place + "; create it, or correct the name", e);
    }
    if ("NoSuchKey".equals(code)) {
      return StoreFileSystem.missing(new StoredFile(uri), e);
    }
    return switch (e.statusCode()) {
      case 401, 403 ->
          new StorageException(
              uri
                  + ": refused by "
                  + place
                  + " ("
                  + said
                  + "); the credentials that this process finds (AWS_ACCESS_KEY_ID, AWS_PROFILE, a"
                  + " role) must be right and be allowed to list, read, write and delete there",
              e);
      case 301, 307, 400 ->
          new StorageException(
              uri
                  + ": "
                  + place
                  + " says "
                  + said
                  + "; AWS_REGION must be the bucket's region, and AWS_ENDPOINT_URL the store's"
                  + " address",
              e);
      default -> new IOException(uri + ": " + place + " says " + said, e);
    };
  }

  private IOException of(String uri, String text, SdkException e) {
    for (Throwable t = e; t != null && t != t.getCause(); t = t.getCause()) {
      if (t instanceof ConnectException
          || t instanceof UnknownHostException
          || t instanceof NoRouteToHostException
          || t instanceof SocketTimeoutException) {
        return new StorageException(
            uri
                + ": "
                + place
                + " does not answer ("
                + t.getClass().getSimpleName()
                + ": "
                + t.getMessage()
                + "); is it up, and is AWS_ENDPOINT_URL its address?",
            e);
      }
    }
    if (e instanceof SdkClientException && text != null) {
      if (text.contains("Unable to load credentials")) {
        return new StorageException(
            uri
                + ": this process has no credentials for "
                + place
                + "; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the"
                + " machine a role",
            e);
      }
      if (text.contains("Unable to load region")) {
        return new StorageException(
            uri
                + ": the region is not known; set AWS_REGION, or AWS_ENDPOINT_URL for another store"
                + " than AWS",
            e);
      }
    }
    return new IOException(uri + ": " + place + ": " + text, e);
  }
}
