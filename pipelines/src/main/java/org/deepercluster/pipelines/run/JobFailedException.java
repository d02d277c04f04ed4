package org.deepercluster.pipelines.run;

/** A Beam pipeline failed on Flink for good. */
final class JobFailedException extends Exception {
  private static final long serialVersionUID = 1;

  JobFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
