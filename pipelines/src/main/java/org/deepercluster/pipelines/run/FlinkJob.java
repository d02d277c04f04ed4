package org.deepercluster.pipelines.run;

/**
 * A job that Flink has accepted.
 *
 * @param id its id in Flink
 * @param name what it does
 * @param page its page in Flink's web interface; empty for the embedded Flink, which has none
 * @param master {@code host:port} of the cluster's REST address
 */
record FlinkJob(String id, String name, String page, String master) {}
