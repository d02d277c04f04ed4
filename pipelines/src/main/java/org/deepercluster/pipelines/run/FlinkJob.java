package org.deepercluster.pipelines.run;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * A job that Flink has accepted.
 *
 * @param id its id in Flink
 * @param name what it does
 * @param page its page in Flink's web interface; empty for the embedded Flink, which has none
 * @param master {@code host:port} of the cluster's REST address
 */
record FlinkJob(
    @JsonProperty("id") String id,
    @JsonProperty("name") String name,
    @JsonProperty("page") String page,
    @JsonProperty("master") String master) {}
