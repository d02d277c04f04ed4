package org.deepercluster.stages.evaluate;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.deepercluster.stages.config.InvalidSettingsException;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.SettingFault;
import org.deepercluster.stages.ingest.DataConfig;

/** Transfer evaluation: labelled collections and the classifiers put on the frozen features. */
public record EvaluateConfig(
    @Key(doc = "Labelled images that the classifiers are trained on.") DataConfig train,
    @Key(doc = "Labelled images that they are tested on.") DataConfig test,
    @Key(doc = "Linear classifiers on every convolution.", def = "{}") Linear linear,
    @Key(doc = "Low-shot classifiers.", def = "{}") LowShot lowShot,
    @Key(doc = "Weighted k-nearest-neighbour classifier.", def = "{}") Knn knn)
    implements Serializable {

  /** Checks that both collections have labels. */
  public EvaluateConfig {
    Schema.check(EvaluateConfig.class, train, test, linear, lowShot, knn);
    List<SettingFault> unlabelled = new ArrayList<>();
    String problem = "is missing: the classifiers need labelled images";
    if (train.labels() == null) {
      unlabelled.add(SettingFault.of("train.labels", problem));
    }
    if (test.labels() == null) {
      unlabelled.add(SettingFault.of("test.labels", problem));
    }
    if (!unlabelled.isEmpty()) {
      throw new InvalidSettingsException(unlabelled);
    }
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
          boolean standardise)
      implements Serializable {
    /** Checks ranges. */
    public Linear {
      Schema.check(Linear.class, epochs, batchSize, lr, momentum, weightDecay, standardise);
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
          boolean standardise)
      implements Serializable {
    /** Checks ranges. */
    public LowShot {
      Schema.check(LowShot.class, perClass, draws, c, standardise);
    }
  }

  /** Wu et al., CVPR 2018: cosine similarity s, votes weighted by exp(s/τ). */
  public record Knn(
      @Key(doc = "Neighbours that vote.", symbol = "k", def = "20", min = 1, max = 100_000)
          int neighbours,
      @Key(doc = "Temperature of the votes.", symbol = "τ", def = "0.07", min = 0, aboveMin = true)
          double temperature)
      implements Serializable {
    /** Checks ranges. */
    public Knn {
      Schema.check(Knn.class, neighbours, temperature);
    }
  }
}
