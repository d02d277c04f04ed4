package org.deepercluster.stages.evaluate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.model.ModelFile;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Linear classifiers on random views of the training images, tested on the centre view: a unit per
 * network, which passes over each batch once for all its layers.
 */
final class AugmentedLinear {
  private AugmentedLinear() {}

  /**
   * Learning rates by layer of the setting {@code layerLr}; none for null.
   *
   * @throws org.deepercluster.stages.config.InvalidSettingsException when it has another form
   */
  static Map<String, Double> rates(String layerLr) {
    Map<String, Double> rates = new LinkedHashMap<>();
    for (String pair : layerLr == null ? new String[0] : layerLr.split(",", -1)) {
      String[] sides = pair.strip().split("\\s*=\\s*", -1);
      double rate =
          sides.length == 2 && Subset.isShare(sides[1]) ? Double.parseDouble(sides[1]) : Double.NaN;
      Schema.require(
          rate > 0 && rate <= 100 && rates.put(sides[0], rate) == null,
          "must be layers with a rate above 0 each, such as conv1=0.005, conv2=0.01; got "
              + layerLr,
          "layerLr");
    }
    return rates;
  }

  static List<Measurement> measure(Evaluation e, EvaluateConfig.Linear config) throws Exception {
    Map<String, Double> given = rates(config.layerLr());
    LinkedHashMap<String, Double> rates = new LinkedHashMap<>();
    for (String layer : Probe.layers(e.name(), config.layers(), Probe.layers(e))) {
      if (layer.equals(EvaluateTables.LAST_BLOCK)) {
        throw new StageException(
            e.name() + ": augmented features are those of convolutions, not of " + layer);
      }
      rates.put(layer, given.getOrDefault(layer, config.lr()));
    }
    List<Task> tasks = new ArrayList<>();
    ViewUnits.Setup setup = ViewUnits.Setup.of(e, e.networks().size());
    boolean several = setup.train().hasSeveral() || setup.test().hasSeveral();
    for (Evaluation.Network n : e.networks()) {
      tasks.add(new Task(config, n, rates, several));
    }
    return ViewUnits.run(e, "classifiers", setup, tasks);
  }

  /**
   * All classifiers of one network.
   *
   * @param rates learning rate by layer
   * @param several whether images may have several classes: a sigmoid per class then, and average
   *     precision
   */
  private record Task(
      EvaluateConfig.Linear config,
      Evaluation.Network network,
      LinkedHashMap<String, Double> rates,
      boolean several)
      implements ViewUnits.Task {

    @Override
    public String name() {
      return network.name() + "-linear";
    }

    @Override
    public List<Measurement> measure(ViewUnits.Setup setup, ViewUnits.Session session)
        throws Exception {
      try (LabelledImages train =
              setup.train().open(several, setup.classes(), null, setup.protocol());
          LabelledImages test =
              setup.test().open(several, setup.classes(), null, setup.protocol());
          LinearProbes probes =
              new LinearProbes(
                  ModelFile.trunk(setup.model(), network.checkpoint(), session.threads()),
                  train.labels(),
                  rates,
                  config.momentum(),
                  config.weightDecay())) {
        long steps =
            (long) ViewTraining.stepsPerEpoch(train.count(), config.batchSize()) * config.epochs();
        long whole = steps + test.count();
        var unused =
            new ViewTraining(
                    steps,
                    config.batchSize(),
                    config.augment(),
                    config.keepEvery(),
                    session.viewThreads(),
                    // The same orders and views for all networks: only the features differ.
                    Seeds.of(setup.seed(), "linear"))
                .run(probes, train, session.keep(), session.watcher(0, whole));
        List<TransferMetrics> metrics = new ArrayList<>();
        probes.layers().forEach(l -> metrics.add(new TransferMetrics(test.labels())));
        ViewScores.each(
            probes,
            x -> sideBySide(probes.logits(x), x),
            test,
            ViewScores.centre(),
            session.viewThreads(),
            session.watcher(steps, whole),
            (image, scores) -> {
              for (int l = 0; l < metrics.size(); l++) {
                metrics.get(l).add(image, scores, l * setup.classes());
              }
            });
        List<Measurement> rows = new ArrayList<>();
        for (int l = 0; l < metrics.size(); l++) {
          for (Result r : metrics.get(l).results(setup.protocol(), probes.layers().get(l))) {
            rows.add(new Measurement(network.name(), r));
          }
        }
        return rows;
      }
    }

    /** The logits of all layers, image by image. */
    private static float[] sideBySide(List<float[]> layers, INDArray x) {
      int b = (int) x.size(0);
      int k = layers.get(0).length / b;
      float[] all = new float[b * k * layers.size()];
      for (int l = 0; l < layers.size(); l++) {
        for (int i = 0; i < b; i++) {
          System.arraycopy(layers.get(l), i * k, all, (i * layers.size() + l) * k, k);
        }
      }
      return all;
    }
  }
}
