package org.deepercluster.pipelines.experiment;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalLong;
import org.deepercluster.stages.augment.AugmentConfig;
import org.deepercluster.stages.cluster.ClusterConfig;
import org.deepercluster.stages.config.InvalidSettingsException;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.Setting;
import org.deepercluster.stages.config.SettingFault;
import org.deepercluster.stages.evaluate.EvaluateConfig;
import org.deepercluster.stages.evaluate.Protocols;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.train.TrainConfig;

/**
 * A whole experiment, as its YAML file says it, with every default filled in.
 *
 * <p>{@code clustering} is {@code null} for methods that do not cluster, {@code train} for {@code
 * random}, {@code evaluation} where none is asked for. {@code execution.threads} is filled in by
 * {@link ExperimentReader}.
 */
public record Experiment(
    @Key(
            doc =
                "Name of the experiment: folder of its runs and name in MLflow. Letters, digits,"
                    + " `-`, `_` and `.`, a letter or digit first.")
        String name,
    @Key(
            doc =
                "How to pre-train: `deepercluster` (rotations and clusters in two levels),"
                    + " `deepcluster` (clusters alone), `rotnet` (rotations alone), `cartesian` (one"
                    + " softmax over rotation × cluster), `sela` (labels that the network gives"
                    + " itself, balanced), `supervised` (labels), `random` (not at all), `pretrained`"
                    + " (not again: `weights` are evaluated).")
        Method method,
    @Key(doc = "Seed of every random draw.", def = "0") long seed,
    @Key(
            doc = "The images to pre-train on. May be left out where nothing is trained.",
            def = Key.NONE)
        DataConfig data,
    @Key(
            doc =
                "Weights to evaluate: a `model.safetensors` of this program with the architecture of"
                    + " `model`. Needed for `pretrained`; not allowed for the others.",
            def = Key.NONE)
        String weights,
    @Key(doc = "The network.", def = "{}") ModelConfig model,
    @Key(doc = "Random views of the images.", def = "{}") AugmentConfig augment,
    @Key(
            doc =
                "The clusters. Needed for `deepercluster`, `deepcluster`, `cartesian` and `sela`;"
                    + " not allowed for the others.",
            def = Key.NONE)
        ClusterConfig clustering,
    @Key(
            doc = "The optimisation. Left out: all defaults. Not allowed for `random`.",
            def = Key.NONE)
        TrainConfig train,
    @Key(doc = "Evaluation on labelled images. Left out: none.", def = Key.NONE)
        EvaluateConfig evaluation,
    @Key(doc = "How the stages are carried out.", def = "{}") ExecutionConfig execution,
    @Key(
            doc =
                "Folder of all runs, which go to `OUTPUT/NAME/RUN`; a path relative to the current"
                    + " folder, or an address such as `s3://bucket/runs`.",
            def = "runs",
            affectsResult = false)
        String output,
    @Key(doc = "MLflow.", def = "{}") TrackingConfig tracking)
    implements Serializable {

  /**
   * Fills in {@code train} where the method trains, and the clustering's algorithm, then checks.
   *
   * @throws InvalidSettingsException with all contradictions
   */
  public Experiment {
    if (train == null && method != null && method.trains()) {
      train = (TrainConfig) Schema.of(TrainConfig.class).defaults();
    }
    clustering = clusteringFor(method, clustering);
    Schema.check(
        Experiment.class,
        name,
        method,
        seed,
        data,
        weights,
        model,
        augment,
        clustering,
        train,
        evaluation,
        execution,
        output,
        tracking);
    List<SettingFault> faults =
        new Contradictions(
                name,
                method,
                data,
                data != null,
                weights,
                model,
                clustering,
                clustering != null,
                train,
                train != null,
                evaluation)
            .find();
    if (!faults.isEmpty()) {
      throw new InvalidSettingsException(faults);
    }
  }

  /**
   * The clustering with the method's algorithm, where it names none.
   *
   * @throws InvalidSettingsException if it has settings that the algorithm has no use for
   */
  static ClusterConfig clusteringFor(Method method, ClusterConfig clustering) {
    if (clustering == null || method == null || !method.clusters()) {
      return clustering;
    }
    try {
      return clustering.orFor(method.algorithm());
    } catch (InvalidSettingsException e) {
      throw new InvalidSettingsException(
          e.faults().stream().map(fault -> fault.under("clustering")).toList());
    }
  }

  /** The same experiment with another seed. */
  public Experiment withSeed(long value) {
    return new Experiment(
        name,
        method,
        value,
        data,
        weights,
        model,
        augment,
        clustering,
        train,
        evaluation,
        execution,
        output,
        tracking);
  }

  /**
   * Checks what can only be known once the images are counted.
   *
   * @param images images to pre-train on, after rejects and {@code data.limit}
   * @param evaluationTrainImages labelled images for the classifiers, or empty when not known
   * @throws InvalidSettingsException with all faults, such as more clusters than images
   */
  public void checkAgainst(long images, OptionalLong evaluationTrainImages) {
    List<SettingFault> faults =
        Contradictions.withCounts(
            clustering, train, evaluation, OptionalLong.of(images), evaluationTrainImages);
    if (!faults.isEmpty()) {
      throw new InvalidSettingsException(faults);
    }
  }

  /**
   * The collections of images by the section that describes them, in the order in which they are
   * ingested.
   */
  public LinkedHashMap<String, DataConfig> collections() {
    LinkedHashMap<String, DataConfig> all = new LinkedHashMap<>();
    all.put("data", data);
    if (evaluation != null) {
      all.put("evaluation.train", evaluation.train());
      all.put("evaluation.test", evaluation.test());
      if (evaluation.protocols() != null) {
        for (Protocols.Named p : evaluation.protocols().all()) {
          all.put("evaluation.protocols." + p.name() + ".train", p.data().train());
          all.put("evaluation.protocols." + p.name() + ".test", p.data().test());
        }
      }
    }
    all.values().removeIf(java.util.Objects::isNull);
    return all;
  }

  /**
   * Every setting by its dotted key, as text, in order of declaration: the MLflow parameters. What
   * is left out without a default is not there.
   */
  public LinkedHashMap<String, String> flatten() {
    LinkedHashMap<String, String> parameters = new LinkedHashMap<>();
    Schema.values(this)
        .forEach((setting, value) -> parameters.put(setting.path(), Setting.text(value)));
    return parameters;
  }

  /** The resolved experiment in canonical form; reading it gives an equal experiment. */
  public String toYaml() {
    return YamlWriter.write(Schema.values(this));
  }

  /**
   * SHA-256, in hexadecimal, of the canonical form of the settings that determine the result. Two
   * experiments of the same digest on the same data are the same computation; where it writes, what
   * it logs to and how many units run side by side do not count.
   */
  public String digest() {
    LinkedHashMap<Setting, Object> values = Schema.values(this);
    values.keySet().removeIf(setting -> !setting.key().affectsResult());
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return HexFormat.of()
          .formatHex(sha.digest(YamlWriter.write(values).getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
