package org.deepercluster.pipelines.plan;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.stages.ingest.CollectionReader;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.ingest.InputDigest;
import org.deepercluster.stages.ingest.Listing;

/**
 * What an experiment's collections hold, listed when the run begins.
 *
 * @param data the images to pre-train on
 * @param evaluationTrain labelled images for the classifiers, or null
 * @param evaluationTest labelled images to test them on, or null
 */
public record Inputs(Listing data, Listing evaluationTrain, Listing evaluationTest) {

  /**
   * Lists the collections.
   *
   * @throws IOException naming the place, what was found there and what would be right
   */
  public static Inputs list(Experiment e) throws IOException {
    return list(e, Map.of());
  }

  /**
   * Lists the collections, but for those whose size is given.
   *
   * @param assumed images by the dotted key of a collection's section, such as {@code data}
   */
  public static Inputs list(Experiment e, Map<String, Long> assumed) throws IOException {
    Listing data = list("data", e.data(), List.of(), assumed);
    if (e.evaluation() == null) {
      return new Inputs(data, null, null);
    }
    Listing train = list("evaluation.train", e.evaluation().train(), List.of(), assumed);
    Listing test = list("evaluation.test", e.evaluation().test(), train.classNames(), assumed);
    return new Inputs(data, train, test);
  }

  private static Listing list(
      String section, DataConfig config, List<String> classNames, Map<String, Long> assumed)
      throws IOException {
    Long images = assumed.get(section);
    return images == null
        ? CollectionReader.of(config, classNames).list()
        : new Listing(List.of(), classNames, images, 0, new InputDigest("", "assumed", images, 0));
  }

  /** Digests by the name of the collection's section in the YAML. */
  public SortedMap<String, String> digests() {
    TreeMap<String, String> d = new TreeMap<>();
    d.put("data", data.digest().sha256());
    if (evaluationTrain != null) {
      d.put("evaluation.train", evaluationTrain.digest().sha256());
      d.put("evaluation.test", evaluationTest.digest().sha256());
    }
    return d;
  }
}
