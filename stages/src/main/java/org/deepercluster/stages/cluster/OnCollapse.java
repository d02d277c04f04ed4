package org.deepercluster.stages.cluster;

/** What becomes of a run whose clusters have collapsed. */
public enum OnCollapse {
  /** It goes on, with a warning. */
  WARN,
  /** It ends. */
  FAIL
}
