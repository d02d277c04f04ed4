package org.deepercluster.stages.config;

import java.util.List;
import java.util.Map;

/**
 * The value of a setting that holds any number of sections under names that the file chooses, which
 * need not have the same keys.
 */
public interface NamedSections {

  /**
   * The sections by name, in order; the keys of a section are those of its configuration records
   * one after the other.
   */
  Map<String, List<Record>> sections();
}
