package org.deepercluster.stages.evaluate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.deepercluster.stages.augment.AugmentConfig;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * Trains a network, or its linear layers, on labels: PASCAL VOC classification, ImageNet from
 * pre-trained weights, ImageNet with a part of its labels.
 */
public record FineTune(
    @Key(
            doc =
                "What is trained: `all` of the network, or its `linear` layers on frozen"
                    + " convolutions in inference mode.",
            def = "all",
            oneOf = {"all", "linear"})
        String layers,
    @Key(
            doc =
                "`softmax`: one class per image; top-1, top-5. `sigmoid`: any number of classes per"
                    + " image, difficult ones ignored; mean average precision.",
            def = "softmax",
            oneOf = {"softmax", "sigmoid"})
        String loss,
    @Key(
            doc =
                "Start the network's own linear layers afresh, N(0, 0.01²), as the output layer"
                    + " always does; else they keep their pre-trained weights.",
            def = "true")
        boolean freshLinear,
    @Key(doc = "Bias that fresh linear layers start with.", def = "0.1", min = -10, max = 10)
        double bias,
    @Key(
            doc =
                "What batch norm normalises with in training: the statistics of the `batch`, or the"
                    + " `running` ones, which then stay as pre-training left them.",
            def = "batch",
            oneOf = {"batch", "running"})
        String batchNorm,
    @Key(
            doc =
                "Fold the Sobel filters of a network with Sobel input into its first convolution,"
                    + " which then sees colours; of no effect on other networks.",
            def = "false")
        boolean foldSobel,
    @Key(
            doc = "Passes over the training images. Either this or `iterations`.",
            def = Key.NONE,
            min = 1,
            max = 100_000)
        Integer epochs,
    @Key(
            doc = "Optimiser steps. Either this or `epochs`.",
            def = Key.NONE,
            min = 1,
            max = 1_000_000_000)
        Integer iterations,
    @Key(doc = "Images per step.", def = "256", min = 1, max = 1_000_000) int batchSize,
    @Key(doc = "Learning rate at the start.", def = "0.1", min = 0, aboveMin = true, max = 100)
        double lr,
    @Key(
            doc =
                "Course of the learning rate: `steps` multiplies it by `lrFactor` every `lrEvery`;"
                    + " `cosine` takes it to 0 along half a cosine.",
            def = "steps",
            oneOf = {"steps", "cosine"})
        String schedule,
    @Key(
            doc = "Factor of the learning rate at each change, for `steps`.",
            def = "0.1",
            min = 0,
            aboveMin = true,
            max = 1)
        double lrFactor,
    @Key(
            doc =
                "Time between two changes of the learning rate: epochs where `epochs` is given,"
                    + " else iterations; for `steps`.",
            def = "30",
            min = 1,
            max = 1_000_000_000)
        int lrEvery,
    @Key(doc = "Momentum.", symbol = "μ", def = "0.9", min = 0, max = 0.9999) double momentum,
    @Key(doc = "Nesterov's momentum instead of plain momentum.", def = "false") boolean nesterov,
    @Key(
            doc = "Weight decay, on all that is trained.",
            symbol = "wd",
            def = "0.0001",
            min = 0,
            max = 1)
        double weightDecay,
    @Key(
            doc = "Largest norm of the whole gradient, which is scaled down to it; none: no limit.",
            def = Key.NONE,
            min = 0,
            aboveMin = true)
        Double clipNorm,
    @Key(doc = "Random resized crops and flips of training, and of random test views.", def = "{}")
        AugmentConfig augment,
    @Key(
            doc =
                "Views of a test image, whose logits are summed: the `centre` one, `random` ones as"
                    + " in training, or the classical `ten` (corners and centre, and mirrored).",
            def = "centre",
            oneOf = {"centre", "random", "ten"})
        String testViews,
    @Key(doc = "Number of `random` test views.", def = "10", min = 1, max = 1000) int randomViews,
    @Key(
            doc =
                "Use the labels of a part of the training images alone: a share above 0 and below"
                    + " 1, drawn from every class alike and anew for each repetition, or the path"
                    + " or URI of a file that lists the images' file names, one a line.",
            def = Key.NONE)
        String labelled,
    @Key(
            doc = "Repetitions with other seeds; mean and sd over them.",
            def = "1",
            min = 1,
            max = 1000)
        int repetitions,
    @Key(
            doc =
                "Choose `lr` from these, with commas between, by a training of each network for"
                    + " each combination on the training images without `validation`, tested on"
                    + " those.",
            def = Key.NONE)
        String lrCandidates,
    @Key(doc = "Choose `weightDecay` from these, likewise.", def = Key.NONE)
        String weightDecayCandidates,
    @Key(doc = "Choose `lrEvery` from these, likewise.", def = Key.NONE) String lrEveryCandidates,
    @Key(
            doc =
                "Images to choose by: a share of the training images as in `labelled`, or a file"
                    + " that lists them, such as VOC's `val.txt`.",
            def = "0.5")
        String validation,
    @Key(
            doc = "Steps between two states that are kept for a restart.",
            def = "1000",
            min = 1,
            max = 1_000_000_000,
            affectsResult = false)
        int keepEvery)
    implements Protocol {

  /** Checks ranges and what belongs together. */
  public FineTune {
    Schema.check(
        FineTune.class,
        layers,
        loss,
        freshLinear,
        bias,
        batchNorm,
        foldSobel,
        epochs,
        iterations,
        batchSize,
        lr,
        schedule,
        lrFactor,
        lrEvery,
        momentum,
        nesterov,
        weightDecay,
        clipNorm,
        augment,
        testViews,
        randomViews,
        labelled,
        repetitions,
        lrCandidates,
        weightDecayCandidates,
        lrEveryCandidates,
        validation,
        keepEvery);
    Schema.require(
        (epochs == null) != (iterations == null),
        "must be given where iterations is not, and only there; got epochs "
            + epochs
            + " and iterations "
            + iterations,
        "epochs",
        "iterations");
    Schema.require(
        !layers.equals("linear") || !foldSobel,
        "must be false where only the linear layers are trained",
        "foldSobel",
        "layers");
    Schema.require(
        lrEveryCandidates == null || schedule.equals("steps"),
        "must be left out with schedule cosine, got " + lrEveryCandidates,
        "lrEveryCandidates",
        "schedule");
    share(labelled, "labelled");
    share(validation, "validation");
    check(lrCandidates, "lrCandidates");
    check(weightDecayCandidates, "weightDecayCandidates");
    check(lrEveryCandidates, "lrEveryCandidates");
    Schema.require(
        lrEveryCandidates == null
            || Arrays.stream(Svm.numbers(lrEveryCandidates))
                .allMatch(n -> n == Math.rint(n) && n <= Integer.MAX_VALUE),
        "must be whole numbers, got " + lrEveryCandidates,
        "lrEveryCandidates");
  }

  private static void check(String candidates, String key) {
    if (candidates != null) {
      Svm.checkNumbers(candidates, key);
    }
  }

  private static void share(String setting, String key) {
    if (setting != null && Subset.isShare(setting)) {
      double share = Double.parseDouble(setting);
      Schema.require(
          share > 0 && share < 1,
          "must be a share above 0 and below 1 or a file, got " + setting,
          key);
    }
  }

  /**
   * A choice of what may be chosen.
   *
   * @param every the schedule's {@code lrEvery}
   */
  record Choice(double lr, double weightDecay, int every) implements java.io.Serializable {}

  private List<Choice> choices() {
    List<Choice> choices = new ArrayList<>();
    for (double rate : candidates(lrCandidates, lr)) {
      for (double decay : candidates(weightDecayCandidates, weightDecay)) {
        for (double every : candidates(lrEveryCandidates, lrEvery)) {
          choices.add(new Choice(rate, decay, (int) every));
        }
      }
    }
    return choices;
  }

  /** The numbers of a list, or the one that counts without a list. */
  private static double[] candidates(String list, double single) {
    return list == null ? new double[] {single} : Svm.numbers(list);
  }

  /**
   * One training per repetition, each by one worker; a forward pass alone where the linear layers
   * alone are trained. The choice of hyper-parameters is left out.
   */
  @Override
  public Work work(long train, long test, double operations) {
    double share =
        labelled == null ? 1 : labelled.matches("[0-9.]+") ? Double.parseDouble(labelled) : 0.1;
    double seen =
        repetitions * (epochs == null ? (double) iterations * batchSize : epochs * share * train);
    double views = (double) repetitions * test * (testViews.equals("centre") ? 1 : randomViews);
    double passes = layers.equals("linear") ? 1 : 3;
    return new Work(
        seen + views, views * operations, passes * seen * operations, 0, 0, repetitions, 0);
  }

  @Override
  public List<Measurement> measure(Evaluation e) throws Exception {
    List<Choice> choices = choices();
    List<Measurement> rows = new ArrayList<>();
    List<Choice> best = new ArrayList<>();
    if (choices.size() == 1) {
      e.networks().forEach(n -> best.add(choices.get(0)));
    } else {
      List<Task> tasks = new ArrayList<>();
      for (Evaluation.Network n : e.networks()) {
        for (int c = 0; c < choices.size(); c++) {
          tasks.add(new Task(this, n, choices.get(c), 0, n.name() + "-choice" + c, true));
        }
      }
      List<Measurement> scores =
          ViewUnits.run(e, "choose", ViewUnits.Setup.of(e, tasks.size()), tasks);
      for (int n = 0; n < e.networks().size(); n++) {
        int from = n * choices.size();
        int top = 0;
        for (int c = 1; c < choices.size(); c++) {
          if (scores.get(from + c).result().value() > scores.get(from + top).result().value()) {
            top = c;
          }
        }
        Choice chosen = choices.get(top);
        best.add(chosen);
        String network = e.networks().get(n).name();
        rows.add(new Measurement(network, Result.of(e.name(), MetricNames.LR, chosen.lr())));
        rows.add(
            new Measurement(
                network, Result.of(e.name(), MetricNames.WEIGHT_DECAY, chosen.weightDecay())));
        rows.add(new Measurement(network, Result.of(e.name(), "lr_every", chosen.every())));
      }
    }
    List<Task> tasks = new ArrayList<>();
    for (int r = 0; r < repetitions; r++) {
      for (int n = 0; n < best.size(); n++) {
        Evaluation.Network network = e.networks().get(n);
        tasks.add(new Task(this, network, best.get(n), r, network.name() + "-" + r, false));
      }
    }
    rows.addAll(0, ViewUnits.run(e, "fine-tune", ViewUnits.Setup.of(e, tasks.size()), tasks));
    return rows;
  }

  /**
   * A training of a network and its test.
   *
   * @param repetition from 0
   * @param choosing whether it is tested on a part of the training images, which it is not trained
   *     on, and gives the one row that a choice goes by
   */
  private record Task(
      FineTune config,
      Evaluation.Network network,
      Choice choice,
      int repetition,
      String name,
      boolean choosing)
      implements ViewUnits.Task {

    @Override
    public ViewUnits.Outcome measure(ViewUnits.Setup setup, ViewUnits.Session session)
        throws Exception {
      long seed = Seeds.of(Seeds.of(setup.seed(), "fine-tune"), repetition);
      boolean several = config.loss().equals("sigmoid");
      Set<String> trained = trained(setup, seed);
      Set<String> tested = null;
      if (choosing) {
        tested = validation(setup);
        trained = trained == null ? ids(setup.train().images()) : trained;
        trained.removeAll(tested);
      }
      try (LabelledImages train = setup.openTrain(several, trained);
          LabelledImages test =
              choosing ? setup.openTrain(several, tested) : setup.openTest(several)) {
        if (train.count() == 0) {
          throw new StageException(setup.protocol() + ": no labelled image is left to train on");
        }
        int perEpoch = ViewTraining.stepsPerEpoch(train.count(), config.batchSize());
        boolean inEpochs = config.epochs() != null;
        long steps = inEpochs ? (long) perEpoch * config.epochs() : config.iterations();
        long every = inEpochs ? (long) perEpoch * choice.every() : choice.every();
        FineTuner.Settings settings =
            new FineTuner.Settings(
                config.layers().equals("linear"),
                config.batchNorm().equals("running"),
                config.freshLinear(),
                config.bias(),
                config.schedule().equals("cosine")
                    ? LearningRates.cosine(choice.lr(), steps)
                    : LearningRates.steps(choice.lr(), config.lrFactor(), every),
                config.momentum(),
                config.nesterov(),
                choice.weightDecay(),
                config.clipNorm() == null ? Double.POSITIVE_INFINITY : config.clipNorm());
        try (FineTuner tuner =
            new FineTuner(trunk(setup, session.threads()), train.labels(), settings, seed)) {
          long whole = steps + test.count();
          List<ViewTraining.Point> course =
              new ViewTraining(
                      steps,
                      config.batchSize(),
                      config.augment(),
                      config.keepEvery(),
                      session.viewThreads(),
                      Seeds.of(seed, "views"))
                  .run(tuner, train, session.keep(), session.watcher(0, whole));
          TransferMetrics metrics = new TransferMetrics(test.labels());
          ViewScores.each(
              tuner,
              tuner::logits,
              test,
              views(seed),
              session.viewThreads(),
              session.watcher(steps, whole),
              (image, scores) -> metrics.add(image, scores, 0));
          List<Result> results = metrics.results(setup.protocol(), "");
          List<Measurement> rows =
              (choosing ? results.subList(0, 1) : results)
                  .stream().map(r -> new Measurement(network.name(), r)).toList();
          return new ViewUnits.Outcome(rows, tuner.losses(), course);
        }
      }
    }

    private Trunk trunk(ViewUnits.Setup setup, int threads) throws IOException {
      Trunk trunk = ModelFile.trunk(setup.model(), network.checkpoint(), threads);
      if (!config.foldSobel() || !setup.model().input().equals("sobel")) {
        return trunk;
      }
      try (trunk) {
        return trunk.foldSobel();
      }
    }

    /** Ids of the images whose labels may be used; null for all. */
    private Set<String> trained(ViewUnits.Setup setup, long seed)
        throws IOException, StageException {
      return config.labelled() == null
          ? null
          : new HashSet<>(
              Subset.of(
                  config.labelled(),
                  setup.protocol() + ".labelled",
                  setup.train().images(),
                  setup.train().labels(),
                  Seeds.of(seed, "labelled")));
    }

    /** The same for all candidates. */
    private Set<String> validation(ViewUnits.Setup setup) throws IOException, StageException {
      return Subset.of(
          config.validation(),
          setup.protocol() + ".validation",
          setup.train().images(),
          setup.train().labels(),
          Seeds.of(setup.seed(), "validation"));
    }

    private static Set<String> ids(List<Part> images) throws IOException {
      return new HashSet<>(
          Arrays.asList(
              TableReader.read(images, IngestTables.IMAGES, "image_id").strings("image_id")));
    }

    private ViewScores.Views views(long seed) {
      return switch (config.testViews()) {
        case "random" ->
            ViewScores.random(config.randomViews(), config.augment(), Seeds.of(seed, "test views"));
        case "ten" -> ViewScores.ten();
        default -> ViewScores.centre();
      };
    }
  }
}
