package org.deepercluster.pipelines.plan;

import java.io.IOException;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.stages.ingest.CollectionReader;
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
    Listing data = CollectionReader.of(e.data()).list();
    if (e.evaluation() == null) {
      return new Inputs(data, null, null);
    }
    Listing train = CollectionReader.of(e.evaluation().train()).list();
    Listing test = CollectionReader.of(e.evaluation().test(), train.classNames()).list();
    return new Inputs(data, train, test);
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
