package org.deepercluster.stages.evaluate;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.ingest.IngestTables;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;

/**
 * What a protocol measures and what it measures with.
 *
 * @param context runs pipelines; its inputs {@code train} and {@code test} are ingested images
 * @param name of the protocol's instance: the results' protocol
 * @param model architecture of all networks
 * @param networks at least one
 * @param seed of the evaluation; the same for all networks, so that only the networks differ
 */
public record Evaluation(
    StageContext context, String name, ModelConfig model, List<Network> networks, long seed) {

  public Evaluation {
    networks = List.copyOf(networks);
  }

  /**
   * A network.
   *
   * @param name {@link EvaluateStage#TRAINED} or {@link EvaluateStage#UNTRAINED}
   * @param checkpoint URI of a training state that holds its weights; see {@link ModelFile#trunk}
   */
  public record Network(String name, String checkpoint) implements Serializable {}

  /** Those of a stage's inputs {@code untrained} and {@code trained} that the plan gives it. */
  static List<Network> networks(StageContext context) throws IOException {
    List<Network> networks = new ArrayList<>();
    if (context.hasInput("untrained")) {
      networks.add(
          new Network(EvaluateStage.UNTRAINED, ModelFile.path(context.input("untrained"))));
    }
    if (context.hasInput("trained")) {
      networks.add(new Network(EvaluateStage.TRAINED, ModelFile.path(context.input("trained"))));
    }
    return networks;
  }

  /** Images to train classifiers on, with tables {@code images} and {@code labels}. */
  public Manifest train() {
    return context.input("train");
  }

  /** Images to test them on. */
  public Manifest test() {
    return context.input("test");
  }

  /**
   * Number of classes of both sets: one more than the largest label.
   *
   * @throws StageException when one of them has no labels
   */
  public int classes() throws IOException, StageException {
    int classes = 0;
    for (Manifest m : List.of(train(), test())) {
      List<Part> labels = m.table("labels");
      if (labels.isEmpty()) {
        throw new StageException(m.instance() + " has no labels; the evaluation needs them");
      }
      for (int l : TableReader.read(labels, IngestTables.LABELS, "label").ints("label")) {
        classes = Math.max(classes, l + 1);
      }
    }
    return classes;
  }
}
