package org.deepercluster.pipelines.experiment;

import java.util.List;
import java.util.stream.Collectors;

/** An experiment that cannot be run as written; the message has one line per fault. */
public final class InvalidExperimentException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<Fault> faults;

  /**
   * @param faults at least one, in order of place
   */
  InvalidExperimentException(List<Fault> faults) {
    super(faults.stream().map(Fault::toString).collect(Collectors.joining("\n")));
    this.faults = List.copyOf(faults);
  }

  /** Everything that is wrong, in order of place in the file, overrides last. */
  public List<Fault> faults() {
    return faults == null ? List.of() : faults;
  }

  /**
   * One fault.
   *
   * @param location {@code file:line:column}, {@code --set a.b=value} or the name of an environment
   *     variable
   * @param message what is wrong, what is allowed and what was given
   */
  public record Fault(String location, String message) {
    /** {@code location: message}. */
    @Override
    public String toString() {
      return location + ": " + message;
    }
  }
}
