package org.deepercluster.stages.beam;

/** A stage cannot do its work, for a reason that the user can act on. */
public class StageException extends Exception {
  private static final long serialVersionUID = 1;

  /** With a message that says what is wrong and what would be right. */
  public StageException(String message) {
    super(message);
  }
}
