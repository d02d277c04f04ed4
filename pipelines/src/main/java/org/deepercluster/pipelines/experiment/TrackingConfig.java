package org.deepercluster.pipelines.experiment;

import java.io.Serializable;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;

/** Where parameters, metrics and artifacts are logged. */
public record TrackingConfig(
    @Key(
            doc =
                "Address of an MLflow server, such as `http://host:5000`. Left out: the environment"
                    + " variable MLFLOW_TRACKING_URI, or else a local server that the program"
                    + " starts. Credentials belong into MLFLOW_TRACKING_USERNAME and"
                    + " MLFLOW_TRACKING_PASSWORD.",
            def = Key.NONE,
            affectsResult = false)
        String uri,
    @Key(
            doc =
                "`server` logs to MLflow; `journal` only writes the local journal, which"
                    + " `deepercluster sync` sends later.",
            def = "server",
            affectsResult = false)
        Mode mode)
    implements Serializable {
  /** Checks ranges, and that the address is one and holds no password. */
  public TrackingConfig {
    Schema.check(TrackingConfig.class, uri, mode);
    Schema.require(
        uri == null || !uri.matches("[a-zA-Z][a-zA-Z0-9+.-]*://[^/]*@.*"),
        "must not hold a user name or password, which every run would record; use"
            + " MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
        "uri");
    Schema.require(
        uri == null || uri.matches("https?://[^/\\s]+(/\\S*)?"),
        "must be an address such as http://host:5000, got " + uri,
        "uri");
  }

  /** Where a run is logged. */
  public enum Mode {
    /** To an MLflow server as the run goes on. */
    SERVER,
    /** To the local journal only. */
    JOURNAL
  }
}
