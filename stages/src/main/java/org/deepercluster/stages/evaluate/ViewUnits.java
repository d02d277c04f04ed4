package org.deepercluster.stages.evaluate;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * Trainings on random views and their tests, a unit each. An unfinished training leaves its state
 * in the stage's folder for unfinished work.
 */
final class ViewUnits extends StageTransform<ViewUnits.Task> {
  private static final long serialVersionUID = 1;

  /** Threads that make views where the GPU does all the rest. */
  private static final int GPU_VIEW_THREADS = 8;

  private final Setup setup;

  private ViewUnits(Setup setup, List<? extends Task> tasks, String directory) {
    super(new ArrayList<>(tasks), directory);
    this.setup = setup;
  }

  /** A training with its test. */
  interface Task extends Serializable {
    /** Name of the training within the stage: the same for every attempt. */
    String name();

    /** Trains, or goes on training, and tests. */
    List<Measurement> measure(Setup setup, Session session) throws Exception;
  }

  /**
   * What all units know.
   *
   * @param protocol name of the protocol's instance
   * @param model architecture
   * @param train training images
   * @param test test images
   * @param classes number of classes
   * @param seed of the evaluation
   * @param unfinished URI of the folder for unfinished work
   * @param threads of each unit, unless the worker has fewer processors
   */
  record Setup(
      String protocol,
      ModelConfig model,
      Labelled train,
      Labelled test,
      int classes,
      long seed,
      String unfinished,
      int threads)
      implements Serializable {

    static Setup of(Evaluation e, int units) throws IOException, StageException {
      return new Setup(
          e.name(),
          e.model(),
          new Labelled(
              new ArrayList<>(e.train().table("images")),
              new ArrayList<>(e.train().table("labels"))),
          new Labelled(
              new ArrayList<>(e.test().table("images")), new ArrayList<>(e.test().table("labels"))),
          e.classes(),
          e.seed(),
          e.context().unfinished(),
          Math.max(1, e.context().parallelism() / units));
    }
  }

  /**
   * Files of a collection.
   *
   * @param images of the images table
   * @param labels of the labels table
   */
  record Labelled(ArrayList<Part> images, ArrayList<Part> labels) implements Serializable {
    /**
     * Opens it.
     *
     * @param several whether an image may have several classes
     * @param chosen ids of the images to take, or null for all
     */
    LabelledImages open(boolean several, int classes, Set<String> chosen, String purpose)
        throws IOException, StageException {
      return several
          ? LabelledImages.multi(images, labels, classes, chosen)
          : LabelledImages.single(images, labels, classes, chosen, purpose);
    }

    /** Whether some image has several classes or a difficult one. */
    boolean hasSeveral() throws IOException {
      Columns c = TableReader.read(labels, IngestTables.LABELS, "image_id", "difficult");
      Map<String, Integer> rows = new HashMap<>();
      for (int i = 0; i < c.rows(); i++) {
        if (c.ints("difficult")[i] != 0
            || rows.merge(c.strings("image_id")[i], 1, Integer::sum) > 1) {
          return true;
        }
      }
      return false;
    }
  }

  /**
   * A unit at work.
   *
   * @param keep where the state of its training goes
   * @param threads of its native calls
   * @param viewThreads that make views ahead
   * @param output told of progress
   */
  record Session(ViewTraining.Keep keep, int threads, int viewThreads, Output output) {
    /**
     * Tells the progress of a part of the unit.
     *
     * @param from what is done before it
     * @param whole of the unit
     */
    ViewTraining.Watcher watcher(long from, long whole) {
      return (done, total, losses) -> output.progress(from + done, whole, losses);
    }
  }

  /** Runs a pipeline of the tasks and gives the rows of each, in order. */
  static List<Measurement> run(Evaluation e, String job, Setup setup, List<? extends Task> tasks)
      throws Exception {
    return Measurement.read(e.context().run(job, out -> new ViewUnits(setup, tasks, out)));
  }

  @Override
  protected UnitWork<Task> work() {
    return new Work(setup);
  }

  private record Work(Setup setup) implements UnitWork<Task> {
    @Override
    public List<Part> process(Unit<Task> unit, Output output) throws Exception {
      int processors = Runtime.getRuntime().availableProcessors();
      int threads = Math.min(setup.threads(), processors);
      NativeRuntime.setThreads(threads);
      int viewThreads = NativeRuntime.isCuda() ? Math.min(GPU_VIEW_THREADS, processors) : threads;
      Task task = unit.value();
      return List.of(
          output.write(
              unit.index(),
              Measurement.columns(
                  task.measure(
                      setup,
                      new Session(
                          new ViewTraining.Keep(setup.unfinished(), task.name()),
                          threads,
                          viewThreads,
                          output)))));
    }
  }
}
