package org.deepercluster.stages.evaluate;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.config.Setting;
import org.deepercluster.stages.config.Settings;

/**
 * One way to measure networks on labelled images: a configuration record whose components declare
 * their settings with {@link org.deepercluster.stages.config.Key}. An instance with a name of its
 * own, such as {@code voc07-svm}, is one stage of the plan ({@link ProtocolStage}); {@link
 * #measure} runs its pipelines.
 *
 * <p>A new one: the record, a word in {@link #TYPES}, a file {@code
 * experiments/evaluation/NAME.yaml} with published settings, and a section of that name on its page
 * in {@code stages/docs/evaluation}.
 */
public sealed interface Protocol extends Serializable
    permits FrozenProtocol, FineTune, Clusters, Retrieval {
  /**
   * Settings that may name a file or folder beside the images, on which the results depend too. A
   * number in the place of a name stands for none.
   */
  List<String> FILES = List.of("labelled", "validation", "groundTruth");

  /** Configuration record by the word that the setting {@code type} names it with. */
  Map<String, Class<? extends Record>> TYPES = types();

  /**
   * Measures every network of the evaluation.
   *
   * @param evaluation the networks, the labelled images, and the way to run pipelines
   * @return what was measured, each under the name of the protocol's instance; repetitions of a
   *     measurement (a row each, under one name) become their mean and standard deviation
   * @throws org.deepercluster.stages.beam.StageException when the images or their labels do not fit
   *     the protocol; the message is for the user
   */
  List<Measurement> measure(Evaluation evaluation) throws Exception;

  /** Whether there has to be a training collection. */
  default boolean needsTrain() {
    return true;
  }

  /** Whether there has to be a test collection. */
  default boolean needsTest() {
    return true;
  }

  /** Whether its collections have to have labels. */
  default boolean needsLabels() {
    return true;
  }

  /** Files and folders that settings name, by the setting: {@link #FILES}. */
  default SortedMap<String, String> files() {
    SortedMap<String, String> files = Settings.of((Record) this);
    files.keySet().retainAll(FILES);
    files.values().removeIf(Setting::looksTyped);
    return files;
  }

  /**
   * How much there is to do for one network, for estimates; classifiers on vectors are left out.
   *
   * @param train images to train on
   * @param test images to test on
   * @param operations floating-point operations of a forward pass
   */
  default Work work(long train, long test, double operations) {
    return Work.inference(train + test, operations);
  }

  /** Word of a protocol's type. */
  static String type(Protocol protocol) {
    return TYPES.entrySet().stream()
        .filter(e -> e.getValue() == protocol.getClass())
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(protocol.getClass() + " is not in TYPES"))
        .getKey();
  }

  private static Map<String, Class<? extends Record>> types() {
    Map<String, Class<? extends Record>> types = new LinkedHashMap<>();
    types.put("linear", EvaluateConfig.Linear.class);
    types.put("lowshot", EvaluateConfig.LowShot.class);
    types.put("knn", EvaluateConfig.Knn.class);
    types.put("svm", Svm.class);
    types.put("fine-tune", FineTune.class);
    types.put("retrieval", Retrieval.class);
    types.put("clusters", Clusters.class);
    return java.util.Collections.unmodifiableMap(types);
  }
}
