package org.deepercluster.stages.config;

import java.util.List;
import java.util.stream.Collectors;

/** Settings out of range or at odds with each other; the message has one line per fault. */
public final class InvalidSettingsException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final transient List<SettingFault> faults;

  /**
   * @param faults at least one
   */
  public InvalidSettingsException(List<SettingFault> faults) {
    super(faults.stream().map(SettingFault::message).collect(Collectors.joining("\n")));
    this.faults = List.copyOf(faults);
  }

  /** What is wrong, in order of declaration. */
  public List<SettingFault> faults() {
    return faults == null ? List.of() : faults;
  }
}
