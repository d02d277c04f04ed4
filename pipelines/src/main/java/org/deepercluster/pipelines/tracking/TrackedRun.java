package org.deepercluster.pipelines.tracking;

import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A run that is being tracked. No call waits for a server: what is logged goes into the journal and
 * is sent from there, in order. Instances may be used by several threads.
 *
 * <p>Names are made valid for MLflow (other characters than letters, digits and {@code _./ -}
 * become {@code _}); values beyond MLflow's limits (parameters 6000, tags 5000 characters) are cut,
 * with a remark at the end.
 */
public interface TrackedRun {
  /** The key that the run was started with. */
  String key();

  /**
   * Logs parameters. A parameter is set once: the same value again is left out, another value is
   * kept as the tag {@code param.changed/<name>} and said in a warning.
   */
  void params(Map<String, String> params);

  /**
   * Logs metrics. A key and step that this run has logged already, also before a crash and resume,
   * is left out.
   */
  void metrics(List<Metric> metrics);

  /** Sets tags; the last value of a tag stays. */
  void tags(Map<String, String> tags);

  /** Logs that the run reads this dataset. */
  void dataset(Dataset dataset);

  /**
   * Logs a file, or all files of a folder, as they are now.
   *
   * @param local a regular file or a folder
   * @param artifactPath path of the file (or folder) within the run's artifacts, such as {@code
   *     report/index.html}; relative, with {@code /}, without {@code ..}
   * @throws IllegalArgumentException when there is no such file, or the artifact path is not valid
   */
  void artifact(Path local, String artifactPath);

  /** Ends the run and forces what was logged to the disk. */
  void finish(RunStatus status, Instant endTime);

  /** The run's page in MLflow; empty as long as no server knows the run. */
  Optional<URI> url();
}
