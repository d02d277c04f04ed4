package org.deepercluster.pipelines.run;

import java.util.concurrent.CancellationException;

/** Somebody asked for the run's end. */
public final class RunCancelledException extends CancellationException {
  private static final long serialVersionUID = 1;

  RunCancelledException() {
    super("Cancelled. The same command continues this run.");
  }
}
