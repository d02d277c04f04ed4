package org.deepercluster.pipelines.run;

/** Something that the run needs around it does not work: Flink, the native libraries, a lock. */
public class InfrastructureException extends Exception {
  private static final long serialVersionUID = 1;

  /** With a message that says what does not work and what to do. */
  public InfrastructureException(String message, Throwable cause) {
    super(message, cause);
  }
}
