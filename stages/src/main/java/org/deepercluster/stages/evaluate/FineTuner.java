package org.deepercluster.stages.evaluate;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.model.Trunk;
import org.deepercluster.stages.train.Sgd;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A pre-trained network with an output layer of its own, trained on labels: logits = W·relu(f_θ(x))
 * + b. All of it is trained, or its linear layers alone.
 */
final class FineTuner implements ViewLearner {
  private static final double DEVIATION = 0.01;

  /** What PyTorch adds to the norm that it divides by. */
  private static final double CLIP_EPSILON = 1e-6;

  private static final String TRUNK = "trunk.";
  private static final String MOMENTUM = "momentum";
  private static final String OUTPUT = "output.";

  private final Trunk trunk;
  private final TransferLabels labels;
  private final Settings settings;
  private final long dropoutSeed;
  private final SgdLinear output;
  private final Sgd sgd;
  private final INDArray parameters;
  private final INDArray gradients;

  /**
   * How it is trained.
   *
   * @param linearOnly whether the convolutions and their batch norm stay as they are, in inference
   *     mode
   * @param runningStatistics whether batch norm normalises with its running statistics in training,
   *     too
   * @param freshLinear whether the trunk's linear layers start afresh
   * @param bias of fresh linear layers; their weights are N(0, 0.01²), and so is W
   * @param rates learning rate by step
   * @param momentum μ
   * @param nesterov whether it is Nesterov's
   * @param weightDecay wd, on all that is trained
   * @param clipNorm largest norm of the whole gradient, before weight decay; infinite for none
   */
  record Settings(
      boolean linearOnly,
      boolean runningStatistics,
      boolean freshLinear,
      double bias,
      LearningRates rates,
      double momentum,
      boolean nesterov,
      double weightDecay,
      double clipNorm)
      implements Serializable {}

  /**
   * A learner at step 0.
   *
   * @param trunk θ, taken over: {@link #close} closes it
   * @param labels what the output is taught
   * @param seed of fresh weights and of the dropout masks
   */
  FineTuner(Trunk trunk, TransferLabels labels, Settings settings, long seed) {
    this.trunk = trunk;
    this.labels = labels;
    this.settings = settings;
    dropoutSeed = Seeds.of(seed, "dropout");
    output =
        new SgdLinear(
            labels.classes(),
            trunk.featureDim(),
            settings.momentum(),
            settings.weightDecay(),
            settings.nesterov());
    output.initialise(Seeds.of(seed, "output"), DEVIATION, settings.bias());
    if (settings.freshLinear()) {
      trunk.initialiseLinear(Seeds.of(seed, "linear"), settings.bias());
    }
    trunk.freezeStatistics(settings.runningStatistics());
    long from = settings.linearOnly() ? trunk.convolutionParameters() : 0;
    parameters = tail(trunk.parameters(), from);
    gradients = tail(trunk.gradients(), from);
    sgd =
        new Sgd(
            parameters.length(), settings.momentum(), settings.weightDecay(), settings.nesterov());
  }

  private static INDArray tail(INDArray flat, long from) {
    return from == 0 ? flat : flat.get(NDArrayIndex.interval(from, flat.length()));
  }

  @Override
  public int channels() {
    return trunk.inputChannels();
  }

  @Override
  public int size() {
    return trunk.config().imageSize();
  }

  @Override
  public List<String> losses() {
    return List.of("loss");
  }

  @Override
  public double[] step(INDArray x, int[] images, long t) {
    long mask = Seeds.of(dropoutSeed, t);
    INDArray f =
        settings.linearOnly()
            ? trunk.forwardTrainLinear(trunk.convolved(x), mask)
            : trunk.forwardTrain(x, mask);
    INDArray a = relu(f);
    float[] logits = output.logits(a);
    float[] dLogits = new float[logits.length];
    double lr = settings.rates().at(t);
    double loss = ViewLearner.finite(labels.loss(logits, images, dLogits), "loss", t, lr);
    output.backward(a, dLogits);
    trunk.backward(masked(output.inputGradient(dLogits), a));
    clip(settings.clipNorm(), gradients, output.gradients());
    sgd.step(parameters, gradients, lr);
    output.step(lr);
    return new double[] {loss};
  }

  /**
   * Logits in inference mode.
   *
   * @param x [b, channels, size, size]
   * @return b × classes, row-major
   */
  float[] logits(INDArray x) {
    return output.logits(relu(trunk.features(x)));
  }

  /** Scales the gradients where their norm, over all of them together, is above {@code limit}. */
  static void clip(double limit, INDArray... gradients) {
    if (limit == Double.POSITIVE_INFINITY) {
      return;
    }
    double squares = 0;
    for (INDArray g : gradients) {
      double norm = Nd4j.getBlasWrapper().level1().nrm2(g);
      squares += norm * norm;
    }
    double factor = limit / (Math.sqrt(squares) + CLIP_EPSILON);
    if (factor < 1) {
      for (INDArray g : gradients) {
        g.muli(factor);
      }
    }
  }

  private static INDArray relu(INDArray f) {
    float[] a = f.data().asFloat();
    for (int i = 0; i < a.length; i++) {
      a[i] = Math.max(0f, a[i]);
    }
    return Matrices.of(a, (int) f.size(0), (int) f.size(1));
  }

  /** da where a is positive, else 0; in place. */
  private static INDArray masked(INDArray da, INDArray a) {
    float[] d = Matrices.values(da);
    float[] values = Matrices.values(a);
    for (int i = 0; i < d.length; i++) {
      if (!(values[i] > 0)) {
        d[i] = 0;
      }
    }
    return Matrices.of(d, (int) a.size(0), (int) a.size(1));
  }

  @Override
  public LinkedHashMap<String, Tensor> state() {
    LinkedHashMap<String, Tensor> state = new LinkedHashMap<>();
    trunk.tensors().forEach((name, tensor) -> state.put(TRUNK + name, tensor));
    state.put(MOMENTUM, Tensor.vector(sgd.velocity().toFloatVector()));
    state.putAll(output.state(OUTPUT));
    return state;
  }

  @Override
  public void restore(Map<String, Tensor> state) {
    Map<String, Tensor> own = new LinkedHashMap<>();
    state.forEach(
        (name, tensor) -> {
          if (name.startsWith(TRUNK)) {
            own.put(name.substring(TRUNK.length()), tensor);
          }
        });
    trunk.load(own);
    sgd.velocity()
        .assign(Matrices.of(state.get(MOMENTUM).data(), 1, (int) sgd.velocity().length()));
    output.restore(OUTPUT, state);
  }

  @Override
  public void close() {
    if (sgd.velocity().closeable()) {
      sgd.velocity().close();
    }
    output.close();
    trunk.close();
  }
}
