package org.deepercluster.pipelines.run;

import org.apache.flink.runtime.util.EnvironmentInformation;

/** Starts the embedded Flink once and asks it. */
public final class EmbeddedFlinkCheck {
  private EmbeddedFlinkCheck() {}

  /** What runs, in words. */
  public static String run() throws InfrastructureException {
    try (EmbeddedFlink flink = EmbeddedFlink.start(1, 0)) {
      return "embedded Flink "
          + EnvironmentInformation.getVersion()
          + " answered at "
          + flink.master()
          + ", Beam "
          + org.apache.beam.sdk.util.ReleaseInfo.getReleaseInfo().getVersion();
    }
  }
}
