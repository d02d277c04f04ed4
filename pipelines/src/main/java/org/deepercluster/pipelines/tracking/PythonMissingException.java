package org.deepercluster.pipelines.tracking;

/** There is no Python that MLflow's server could be installed with; the message names a remedy. */
public final class PythonMissingException extends TrackingException {
  public PythonMissingException(String message) {
    super(message);
  }
}
