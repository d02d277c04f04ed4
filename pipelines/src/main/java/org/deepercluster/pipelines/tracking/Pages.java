package org.deepercluster.pipelines.tracking;

import java.net.URI;

/**
 * Addresses of pages in MLflow. They ask for its view on model training: without that, MLflow 3
 * opens on its view on traces of language models, whatever the experiment's tags say.
 */
public final class Pages {
  private static final String VIEW = "?workflowType=machine_learning";

  private Pages() {}

  /** The list of experiments. */
  public static URI experiments(URI server) {
    return page(server, "");
  }

  /** The runs of an experiment. */
  public static URI experiment(URI server, String experimentId) {
    return page(server, "/" + experimentId);
  }

  /** One run. */
  public static URI run(URI server, String experimentId, String runId) {
    return page(server, "/" + experimentId + "/runs/" + runId);
  }

  private static URI page(URI server, String path) {
    return URI.create(server.toString().replaceAll("/$", "") + "/#/experiments" + path + VIEW);
  }
}
