package org.deepercluster.stages.evaluate;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.deepercluster.stages.augment.AugmentConfig;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.config.InvalidSettingsException;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.config.SettingFault;
import org.deepercluster.stages.ingest.DataConfig;

/**
 * Transfer evaluation: labelled collections and how the networks are measured on them.
 *
 * <p>Without {@code protocols}, {@code linear}, {@code lowShot} and {@code knn} are measured, each
 * with its defaults where its section is left out; with them, these three are {@code null}.
 */
public record EvaluateConfig(
    @Key(
            doc =
                "Labelled images that the classifiers are trained on. Needed unless every protocol"
                    + " has its own.",
            def = Key.NONE)
        DataConfig train,
    @Key(
            doc =
                "Labelled images that they are tested on. Needed unless every protocol has its own.",
            def = Key.NONE)
        DataConfig test,
    @Key(
            doc =
                "Linear classifiers on every convolution. Left out: all defaults; not allowed with"
                    + " `protocols`, nor are the next two.",
            def = Key.NONE)
        Linear linear,
    @Key(doc = "Low-shot classifiers. Left out: all defaults.", def = Key.NONE) LowShot lowShot,
    @Key(doc = "Weighted k-nearest-neighbour classifier. Left out: all defaults.", def = Key.NONE)
        Knn knn,
    @Key(
            doc =
                "What to measure instead of the three above: names of protocols (`evaluate --list`),"
                    + " or sections with the key `protocol` and changed settings.",
            def = Key.NONE)
        Protocols protocols)
    implements Serializable {

  /** Fills in what is left out and checks that all collections have labels. */
  public EvaluateConfig {
    if (protocols == null) {
      linear = linear == null ? (Linear) Schema.of(Linear.class).defaults() : linear;
      lowShot = lowShot == null ? (LowShot) Schema.of(LowShot.class).defaults() : lowShot;
      knn = knn == null ? (Knn) Schema.of(Knn.class).defaults() : knn;
    }
    Schema.check(EvaluateConfig.class, train, test, linear, lowShot, knn, protocols);
    List<SettingFault> faults = new ArrayList<>();
    if (protocols != null) {
      String problem = "must be left out where evaluation.protocols says what to measure";
      for (String key :
          Stream.of(
                  linear == null ? null : "linear",
                  lowShot == null ? null : "lowShot",
                  knn == null ? null : "knn")
              .filter(Objects::nonNull)
              .toList()) {
        faults.add(new SettingFault(List.of(key, "protocols"), problem));
      }
      for (Protocols.Named p : protocols.all()) {
        String prefix = "protocols." + p.name() + ".";
        boolean labels = p.settings().needsLabels();
        if (p.settings().needsTrain()) {
          check(p.data().train(), train, labels, prefix + "train", "train", faults);
        }
        if (p.settings().needsTest()) {
          check(p.data().test(), test, labels, prefix + "test", "test", faults);
        }
      }
    } else {
      check(train, null, true, "train", "train", faults);
      check(test, null, true, "test", "test", faults);
    }
    if (!faults.isEmpty()) {
      throw new InvalidSettingsException(faults.stream().distinct().toList());
    }
  }

  private static void check(
      DataConfig own,
      DataConfig common,
      boolean labels,
      String key,
      String commonKey,
      List<SettingFault> faults) {
    DataConfig data = own == null ? common : own;
    if (data == null) {
      faults.add(
          key.equals(commonKey)
              ? SettingFault.of(key, "is missing: the evaluation needs labelled images")
              : new SettingFault(
                  List.of(key, commonKey),
                  "is missing, and so is evaluation."
                      + commonKey
                      + ": the protocol needs labelled images"));
    } else if (labels && !data.labelled()) {
      faults.add(
          SettingFault.of(
              (own == null ? commonKey : key) + ".labels",
              "is missing: the classifiers need labelled images; " + data.howToLabel()));
    }
  }

  /** The collection that a protocol is trained on. */
  public DataConfig trainOf(Protocols.Named protocol) {
    return protocol.data().train() == null ? train : protocol.data().train();
  }

  /** The collection that a protocol is tested on. */
  public DataConfig testOf(Protocols.Named protocol) {
    return protocol.data().test() == null ? test : protocol.data().test();
  }

  /** Multinomial logistic regression by SGD, lr_t = lr / sqrt(1 + lr·wd·t). */
  public record Linear(
      @Key(
              doc = "Passes over the labelled images (the paper's: 100).",
              def = "30",
              min = 1,
              max = 100_000)
          int epochs,
      @Key(doc = "Images per step.", def = "256", min = 1, max = 1_000_000) int batchSize,
      @Key(doc = "Learning rate at the start.", def = "0.003", min = 0, aboveMin = true, max = 100)
          double lr,
      @Key(doc = "Momentum.", def = "0.9", min = 0, max = 0.9999) double momentum,
      @Key(doc = "Weight decay.", def = "0.00001", min = 0, max = 1) double weightDecay,
      @Key(
              doc =
                  "Shift and scale every feature to mean 0 and standard deviation 1 over the"
                      + " training images first, so that one learning rate fits every layer and"
                      + " network; false is the paper's.",
              def = "true")
          boolean standardise,
      @Key(
              doc =
                  "Layers to measure: `all` convolutions, the `last` one, `last-block` (its output"
                      + " after max pooling), or names with commas between.",
              def = "all")
          String layers,
      @Key(
              doc =
                  "What the classifiers are trained on: `cached` features, of each image once as it"
                      + " is seen in inference, or `augmented` ones, of a new random crop and flip"
                      + " in each epoch, as published; not with `standardise` or `last-block`.",
              def = "cached",
              oneOf = {"cached", "augmented"})
          String features,
      @Key(
              doc =
                  "Learning rates of single layers instead of `lr`, such as"
                      + " `conv1=0.005,conv2=0.01`.",
              def = Key.NONE)
          String layerLr,
      @Key(
              doc =
                  "Folds of a cross-validation that chooses learning rate and weight decay of each"
                      + " layer by top-1 accuracy; 0: they are what the settings say.",
              def = "0",
              min = 0,
              max = 100)
          int folds,
      @Key(
              doc =
                  "Learning rates for the cross-validation to choose from, with commas between;"
                      + " needed with `folds` only.",
              def = Key.NONE)
          String foldLrs,
      @Key(
              doc =
                  "Weight decays for the cross-validation to choose from; left out: `weightDecay`"
                      + " alone.",
              def = Key.NONE)
          String foldWeightDecays,
      @Key(doc = "Crops and flips of `augmented` features.", def = "{}") AugmentConfig augment,
      @Key(
              doc = "Steps on `augmented` features between two states that are kept for a restart.",
              def = "1000",
              min = 1,
              max = 1_000_000_000,
              affectsResult = false)
          int keepEvery)
      implements FrozenProtocol {
    /** Checks ranges. */
    public Linear {
      Schema.check(
          Linear.class,
          epochs,
          batchSize,
          lr,
          momentum,
          weightDecay,
          standardise,
          layers,
          features,
          layerLr,
          folds,
          foldLrs,
          foldWeightDecays,
          augment,
          keepEvery);
      Schema.require(
          layerLr == null || layerLr.matches(LAYER_LR + "(\\s*,\\s*" + LAYER_LR + ")*"),
          "must be names of layers with a number each, such as conv1=0.005,conv2=0.01; got "
              + layerLr,
          "layerLr");
      Schema.require(folds != 1, "must be 0 or at least 2, got 1", "folds");
      Schema.require(
          (folds > 0) == (foldLrs != null),
          folds > 0
              ? "is missing: folds = " + folds + " needs learning rates to choose from"
              : "must be left out without folds, got " + foldLrs,
          "foldLrs",
          "folds");
      Schema.require(
          folds > 0 || foldWeightDecays == null,
          "must be left out without folds, got " + foldWeightDecays,
          "foldWeightDecays",
          "folds");
      if (foldLrs != null) {
        Svm.checkNumbers(foldLrs, "foldLrs");
        atMost(foldLrs, 100, "foldLrs");
      }
      if (foldWeightDecays != null) {
        Svm.checkNumbers(foldWeightDecays, "foldWeightDecays");
        atMost(foldWeightDecays, 1, "foldWeightDecays");
      }
      boolean augmented = features.equals("augmented");
      Schema.require(
          !augmented || !standardise,
          "must be false with augmented features, which have no statistics before training",
          "standardise",
          "features");
      Schema.require(
          !augmented || folds == 0,
          "must be 0 with augmented features, whose classifiers are trained together",
          "folds",
          "features");
    }

    private static void atMost(String numbers, int most, String key) {
      double[] all = Svm.numbers(numbers);
      Schema.require(
          all[all.length - 1] <= most, "must be at most " + most + ", got " + numbers, key);
    }

    private static final String LAYER_LR = "[a-z0-9-]+\\s*=\\s*[0-9.]+(e-?[0-9]+)?";

    /** The same on a layer with this learning rate and weight decay. */
    Linear with(double rate, double decay) {
      return new Linear(
          epochs,
          batchSize,
          rate,
          momentum,
          decay,
          standardise,
          layers,
          features,
          null,
          0,
          null,
          null,
          augment,
          keepEvery);
    }

    /** The settings for a layer: its own learning rate, where it has one. */
    Linear of(String layer) {
      double rate = lr;
      for (String one : layerLr == null ? new String[0] : layerLr.split(",", -1)) {
        String[] parts = one.strip().split("\\s*=\\s*", 2);
        rate = parts[0].equals(layer) ? Double.parseDouble(parts[1]) : rate;
      }
      return with(rate, weightDecay);
    }

    @Override
    public List<Measurement> measure(Evaluation evaluation) throws Exception {
      return features.equals("augmented")
          ? AugmentedLinear.measure(evaluation, this)
          : FrozenProtocol.super.measure(evaluation);
    }

    /** With augmented features one worker passes all images forward in each epoch. */
    @Override
    public Work work(long train, long test, double operations) {
      if (features.equals("cached")) {
        return FrozenProtocol.super.work(train, test, operations);
      }
      Work seen = Work.inference(epochs * train + test, operations);
      return new Work(seen.decoded(), seen.inference(), 0, 0, 0, 1, 0);
    }

    @Override
    public List<Result> probe(String name, Features features, int unit, long seed) {
      String layer = features.layer();
      // The same orders and folds for all networks: only the features differ.
      long own = Seeds.of(seed, "linear/" + layer);
      if (folds == 0) {
        LinearClassifier linear = LinearProbe.train(features.train(), of(layer), own);
        return List.of(Result.of(name, MetricNames.TOP1, layer, linear.top1(features.test())));
      }
      Linear chosen = CrossValidation.choose(features.train(), this, Seeds.of(own, "folds"));
      LinearClassifier linear = LinearProbe.train(features.train(), chosen, own);
      return List.of(
          Result.of(name, MetricNames.TOP1, layer, linear.top1(features.test())),
          Result.of(name, MetricNames.LR, layer, chosen.lr()),
          Result.of(name, MetricNames.WEIGHT_DECAY, layer, chosen.weightDecay()));
    }
  }

  /** L2-regularised logistic regression on a few labels per class. */
  public record LowShot(
      @Key(doc = "Labelled images per class.", def = "10", min = 1, max = 100_000) int perClass,
      @Key(
              doc = "Random draws of the labelled images; mean and sd over them.",
              def = "5",
              min = 1,
              max = 1000)
          int draws,
      @Key(
              doc = "Inverse strength of the L2 penalty, as scikit-learn's C.",
              def = "1.0",
              min = 0,
              aboveMin = true)
          double c,
      @Key(
              doc =
                  "Shift and scale every feature to mean 0 and standard deviation 1 over the few"
                      + " labelled images first, so that the penalty means the same for every layer"
                      + " and network.",
              def = "true")
          boolean standardise,
      @Key(
              doc =
                  "Layers to measure: `all` convolutions, the `last` one, `last-block` (its output"
                      + " after max pooling), or names with commas between.",
              def = "all")
          String layers)
      implements FrozenProtocol {
    /** Checks ranges. */
    public LowShot {
      Schema.check(LowShot.class, perClass, draws, c, standardise, layers);
    }

    @Override
    public int units(int classes) {
      return draws;
    }

    @Override
    public List<Result> probe(String name, Features features, int unit, long seed) {
      String layer = features.layer();
      double top1 =
          org.deepercluster.stages.evaluate.LowShot.top1(
              features.train(), features.test(), this, Seeds.of(seed, "lowshot"), unit);
      return List.of(Result.of(name + perClass, MetricNames.TOP1, layer, top1));
    }
  }

  /** Wu et al., CVPR 2018: cosine similarity s, votes weighted by exp(s/τ). */
  public record Knn(
      @Key(doc = "Neighbours that vote.", symbol = "k", def = "20", min = 1, max = 100_000)
          int neighbours,
      @Key(doc = "Temperature of the votes.", symbol = "τ", def = "0.07", min = 0, aboveMin = true)
          double temperature,
      @Key(
              doc =
                  "Layers to measure: `all` convolutions, the `last` one, `last-block` (its output"
                      + " after max pooling), or names with commas between.",
              def = "last-block")
          String layers)
      implements FrozenProtocol {
    /** Checks ranges. */
    public Knn {
      Schema.check(Knn.class, neighbours, temperature, layers);
    }

    @Override
    public List<Result> probe(String name, Features features, int unit, long seed) {
      String layer = features.layer();
      double top1 =
          org.deepercluster.stages.evaluate.Knn.top1(features.train(), features.test(), this);
      return List.of(
          Result.of(
              name, MetricNames.TOP1, layer.equals(EvaluateTables.LAST_BLOCK) ? "" : layer, top1));
    }
  }
}
