package org.deepercluster.pipelines.tracking;

/** Tracking cannot do what it was asked for; the message says what to do about it. */
public class TrackingException extends RuntimeException {
  public TrackingException(String message) {
    super(message);
  }

  public TrackingException(String message, Throwable cause) {
    super(message, cause);
  }
}
