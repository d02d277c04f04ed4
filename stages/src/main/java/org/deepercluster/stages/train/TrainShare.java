package org.deepercluster.stages.train;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.augment.AugmentTables;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.image.CropBox;
import org.deepercluster.stages.image.Pixels;
import org.deepercluster.stages.ingest.ImageStore;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;
import org.deepercluster.stages.targets.Targets;

/**
 * Some steps of each training worker on its share of the epoch, a unit per worker. All set out from
 * the average of the given states, and each leaves its own.
 */
final class TrainShare extends StageTransform<TrainShare.Share> {
  private static final long serialVersionUID = 1;

  private final Settings settings;

  TrainShare(Settings settings, List<Share> shares, String directory) {
    super(shares, directory);
    this.settings = settings;
  }

  /**
   * What all workers know.
   *
   * @param model architecture
   * @param train optimisation
   * @param targets numbering of the classes
   * @param threads of each worker's native calls
   * @param totalSteps steps of the whole training, for the learning rate's course
   * @param seed the stage's seed
   * @param images files of the images table
   */
  record Settings(
      ModelConfig model,
      TrainConfig train,
      Targets targets,
      int threads,
      long totalSteps,
      long seed,
      ArrayList<Part> images)
      implements Serializable {}

  /**
   * What one worker does.
   *
   * @param worker its number
   * @param draws its file of the draw table
   * @param states URIs of the states to set out from, in the order of the workers; averaged
   * @param first first batch of the share
   * @param end one past the last
   * @param freshHeads seed of new heads, or null to keep them
   */
  record Share(
      int worker, Part draws, ArrayList<String> states, int first, int end, Long freshHeads)
      implements Serializable {}

  @Override
  protected UnitWork<Share> work() {
    return new Work(settings);
  }

  /** The average of the workers' states; one is taken as it is. */
  static Checkpoint average(List<String> states) throws IOException {
    if (states.size() == 1) {
      return Checkpoint.load(states.get(0));
    }
    Averaging averaging = new Averaging();
    for (int w = 0; w < states.size(); w++) {
      averaging.add(w, Checkpoint.load(states.get(w)));
    }
    return averaging.result();
  }

  private record Work(Settings settings) implements UnitWork<Share> {
    private static final int MAKERS = 1;

    @Override
    public List<Part> process(Unit<Share> unit, Output output) throws Exception {
      Share share = unit.value();
      ModelConfig model = settings.model();
      TrainConfig train = settings.train();
      NativeRuntime.setThreads(settings.threads());
      Columns draws =
          TableReader.read(share.draws().path(), AugmentTables.draws(settings.targets().heads()));
      List<StepResult> steps = new ArrayList<>();
      List<Double> rates = new ArrayList<>();
      try (Trainer trainer =
              new Trainer(
                  Trunk.create(model, 0),
                  settings.targets(),
                  train.momentum(),
                  train.weightDecay(),
                  0);
          ImageStore images =
              new ImageStore(settings.images(), Runtime.getRuntime().maxMemory() / 4);
          EpochBatches batches =
              EpochBatches.open(
                  draws.ints("super_class"),
                  subClasses(draws, settings.targets().heads()),
                  train.batchSize() / train.workers(),
                  trainer.trunk().inputChannels() * model.imageSize() * model.imageSize(),
                  (begin, end, x) -> fill(images, draws, trainer.trunk(), begin, end, x),
                  share.first(),
                  share.end(),
                  MAKERS)) {
        average(share.states()).restore(trainer);
        if (share.freshHeads() != null) {
          trainer.resetHeads(share.freshHeads());
        }
        LearningRate schedule = LearningRate.of(train.schedule());
        while (batches.hasNext()) {
          double lr = schedule.at(train.lr(), trainer.step(), settings.totalSteps());
          long dropout = Seeds.of(Seeds.of(settings.seed(), trainer.step()), (long) share.worker());
          StepResult step = trainer.step(batches.next(), lr, dropout);
          steps.add(step);
          rates.add(lr);
          output.progress(
              steps.size(),
              share.end() - share.first(),
              Map.of("loss", step.superLoss() + step.subLoss()));
        }
        Checkpoint state = Checkpoint.of(trainer);
        return List.of(
            output.writeFile(ModelFile.CHECKPOINT, share.worker(), "safetensors", state::write),
            output.write(share.worker(), table(share.worker(), steps, rates)));
      }
    }

    /** Targets of each draw, [draws, H] row-major. */
    private static int[] subClasses(Columns draws, int heads) {
      int[] all = new int[Math.multiplyExact(draws.rows(), heads)];
      for (int h = 0; h < heads; h++) {
        int[] ofHead = draws.ints(TableSchema.repeated("sub_class", h));
        for (int i = 0; i < ofHead.length; i++) {
          all[i * heads + h] = ofHead[i];
        }
      }
      return all;
    }

    private static void fill(
        ImageStore images, Columns draws, Trunk trunk, int begin, int end, float[] x)
        throws IOException {
      int size = trunk.config().imageSize();
      int channels = trunk.inputChannels();
      int[] block = draws.ints("block");
      int[] row = draws.ints("row");
      int[] cropX = draws.ints("crop_x");
      int[] cropY = draws.ints("crop_y");
      int[] width = draws.ints("crop_width");
      int[] height = draws.ints("crop_height");
      boolean[] flip = draws.booleans("flip");
      int[] rotation = draws.ints("rotation");
      for (int i = begin; i < end; i++) {
        Pixels.randomView(
            images.get(block[i], row[i]),
            new CropBox(cropX[i], cropY[i], width[i], height[i]),
            flip[i],
            rotation[i],
            size,
            channels,
            x,
            (i - begin) * channels * size * size);
      }
    }

    private static Columns table(int worker, List<StepResult> steps, List<Double> rates) {
      int n = steps.size();
      int[] workers = new int[n];
      java.util.Arrays.fill(workers, worker);
      return Columns.of(TrainTables.STEPS, n)
          .set("worker", workers)
          .set("step", steps.stream().mapToLong(StepResult::step).toArray())
          .set("images", steps.stream().mapToInt(StepResult::images).toArray())
          .set("lr", rates.stream().mapToDouble(Double::doubleValue).toArray())
          .set("super_loss", steps.stream().mapToDouble(StepResult::superLoss).toArray())
          .set("sub_loss", steps.stream().mapToDouble(StepResult::subLoss).toArray())
          .set("super_correct", steps.stream().mapToInt(StepResult::superCorrect).toArray())
          .set("sub_correct", steps.stream().mapToInt(StepResult::subCorrect).toArray())
          .build();
    }
  }
}
