/**
 * An experiment: one YAML file, read strictly into one record. {@link
 * org.deepercluster.pipelines.experiment.ExperimentReader} reads it and reports every fault at
 * once; {@link org.deepercluster.pipelines.experiment.Experiment} is what the rest of the program
 * works from.
 */
package org.deepercluster.pipelines.experiment;
