package org.deepercluster.pipelines.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.deepercluster.stages.cluster.ClusterConfig;
import org.deepercluster.stages.config.Setting;
import org.deepercluster.stages.config.SettingFault;
import org.deepercluster.stages.evaluate.EvaluateConfig;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.train.TrainConfig;

/**
 * The rules between sections. A part is {@code null} when it is left out or is itself at fault;
 * rules that need it are then skipped, so that all other faults are still found.
 *
 * @param dataGiven whether the section is there, valid or not
 * @param clusteringGiven whether the section is there, valid or not
 * @param trainGiven whether the section is there, valid or not
 */
record Contradictions(
    String name,
    Method method,
    DataConfig data,
    boolean dataGiven,
    String weights,
    ModelConfig model,
    ClusterConfig clustering,
    boolean clusteringGiven,
    TrainConfig train,
    boolean trainGiven,
    EvaluateConfig evaluation) {

  List<SettingFault> find() {
    List<SettingFault> faults = new ArrayList<>();
    if (name != null && !name.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")) {
      faults.add(
          SettingFault.of(
              "name",
              "must be 1 to 100 letters, digits, -, _ or ., a letter or digit first, got " + name));
    }
    if (method != null) {
      ofMethod(faults);
    }
    if (model != null) {
      ofModel(faults);
    }
    return faults;
  }

  private void ofMethod(List<SettingFault> faults) {
    if (method.trains() && !dataGiven) {
      faults.add(
          new SettingFault(
              List.of("data", "method"),
              "is missing: method "
                  + method
                  + " learns from it; a section with at least format and"
                  + " path"));
    }
    if (!method.trains() && !dataGiven && evaluation == null) {
      faults.add(
          new SettingFault(
              List.of("data", "method"),
              "is missing, and so is evaluation: method "
                  + method
                  + " needs images of one or the other"));
    }
    if ((method == Method.PRETRAINED) != (weights != null)) {
      faults.add(
          new SettingFault(
              List.of("weights", "method"),
              weights == null
                  ? "is missing: method pretrained evaluates it"
                  : "must be left out: only method pretrained has it, got method " + method));
    }
    if (method.clusters() && !clusteringGiven) {
      faults.add(
          new SettingFault(
              List.of("clustering", "method"),
              "is missing: method " + method + " needs it, with at least m and k"));
    }
    if (!method.clusters() && clusteringGiven) {
      faults.add(
          new SettingFault(
              List.of("clustering", "method"),
              "must be left out: method " + method + " does not cluster"));
    }
    if (!method.trains() && trainGiven) {
      faults.add(
          new SettingFault(
              List.of("train", "method"),
              "must be left out: method " + method + " does not train"));
    }
    if (method.singleLevel() && clustering != null && clustering.m() != 1) {
      faults.add(
          new SettingFault(
              List.of("clustering.m", "method"),
              "must be 1 for method " + method + ", got " + clustering.m()));
    }
    if (method.clusters() && clustering != null && clustering.algorithm() != method.algorithm()) {
      faults.add(
          new SettingFault(
              List.of("clustering.algorithm", "method"),
              "must be "
                  + Setting.text(method.algorithm())
                  + " for method "
                  + method
                  + ", got "
                  + Setting.text(clustering.algorithm())));
    }
    if ((method == Method.DEEPCLUSTER || method == Method.SELA)
        && clustering != null
        && clustering.k() < 2) {
      faults.add(
          new SettingFault(
              List.of("clustering.k", "method"),
              "must be at least 2 for method " + method + ", got " + clustering.k()));
    }
    if (method == Method.SELA
        && clustering != null
        && clustering.sinkhorn() != null
        && train != null) {
      int last = clustering.sinkhorn().updateEpochs(train.epochs()).last();
      if (last >= train.epochs()) {
        faults.add(
            new SettingFault(
                List.of("clustering.sinkhorn.updates", "train.epochs"),
                "must name epochs from 0 to "
                    + (train.epochs() - 1)
                    + ", as train.epochs = "
                    + train.epochs()
                    + ", got "
                    + last));
      }
    }
    if (method == Method.SUPERVISED && data != null && !data.labelled()) {
      faults.add(
          SettingFault.of(
              "data.labels",
              "is missing: method " + method + " learns from it; " + data.howToLabel()));
    }
  }

  private void ofModel(List<SettingFault> faults) {
    int size = model.imageSize();
    if (model.trunk().equals("vgg-small") && (size < 28 || size > 64)) {
      faults.add(
          new SettingFault(
              List.of("model.imageSize", "model.trunk"),
              "must be from 28 to 64 for trunk vgg-small, got " + size));
    }
    if (model.trunk().equals("vgg16") && size < 32) {
      faults.add(
          new SettingFault(
              List.of("model.imageSize", "model.trunk"),
              "must be at least 32 for trunk vgg16, which halves it 5 times, got " + size));
    }
    if (clustering != null
        && clustering.pcaDim() != null
        && clustering.pcaDim() > model.featureDim()) {
      faults.add(
          new SettingFault(
              List.of("clustering.pcaDim", "model.trunk"),
              "must be at most d = "
                  + model.featureDim()
                  + ", the output of trunk "
                  + model.trunk()
                  + ", got "
                  + clustering.pcaDim()));
    }
  }

  /** The rules that need the number of images. */
  static List<SettingFault> withCounts(
      ClusterConfig clustering,
      TrainConfig train,
      EvaluateConfig evaluation,
      OptionalLong images,
      OptionalLong evaluationTrainImages) {
    List<SettingFault> faults = new ArrayList<>();
    if (images.isPresent()) {
      long n = images.getAsLong();
      String most = "must be at most the number of images, " + n + ", got ";
      if (clustering != null && clustering.k() > n) {
        faults.add(SettingFault.of("clustering.k", most + clustering.k()));
      }
      if (train != null && train.workers() > n) {
        faults.add(SettingFault.of("train.workers", most + train.workers()));
      }
    }
    if (evaluation != null && evaluationTrainImages.isPresent()) {
      long n = evaluationTrainImages.getAsLong();
      String most = "must be at most the number of labelled images, " + n + ", got ";
      if (evaluation.knn() != null && evaluation.knn().neighbours() > n) {
        faults.add(
            SettingFault.of("evaluation.knn.neighbours", most + evaluation.knn().neighbours()));
      }
      if (evaluation.lowShot() != null && evaluation.lowShot().perClass() > n) {
        faults.add(
            SettingFault.of("evaluation.lowShot.perClass", most + evaluation.lowShot().perClass()));
      }
    }
    return faults;
  }
}
