package org.deepercluster.stages.evaluate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.features.FeaturePooling;
import org.deepercluster.stages.model.ConvLayer;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.model.Trunk;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Linear classifiers on the convolutions of a frozen network, trained on random views (Caron et
 * al., ICCV 2019): one pass of the network over a batch feeds the classifiers of all layers, and
 * each makes its own step with lr_t = lr / √(1 + lr·wd·t). They do not influence each other.
 */
final class LinearProbes implements ViewLearner {
  /** Images whose maps are in memory at the same time. */
  private static final int SLICE = 16;

  private final Trunk trunk;
  private final TransferLabels labels;
  private final List<Probe> probes = new ArrayList<>();
  private final List<String> names;

  private record Probe(
      String layer, FeaturePooling pooling, SgdLinear linear, double lr, LearningRates rates) {}

  /**
   * Probes at step 0, all zero.
   *
   * @param trunk f_θ, in inference mode, taken over: {@link #close} closes it
   * @param labels what the probes are taught
   * @param rates learning rate at the start, by layer; a layer without one has no probe
   * @param momentum μ
   * @param weightDecay wd
   * @throws IllegalArgumentException where {@code rates} names a layer that the network does not
   *     have
   */
  LinearProbes(
      Trunk trunk,
      TransferLabels labels,
      Map<String, Double> rates,
      double momentum,
      double weightDecay) {
    this.trunk = trunk;
    this.labels = labels;
    for (ConvLayer l : trunk.convLayers()) {
      Double lr = rates.get(l.name());
      if (lr != null) {
        FeaturePooling pooling = FeaturePooling.of(l.channels(), l.height(), l.width());
        probes.add(
            new Probe(
                l.name(),
                pooling,
                new SgdLinear(labels.classes(), pooling.dim(), momentum, weightDecay, false),
                lr,
                LearningRates.inverseRoot(lr, weightDecay)));
      }
    }
    names = probes.stream().map(Probe::layer).toList();
    if (names.size() != rates.size()) {
      throw new IllegalArgumentException(
          "learning rates for " + rates.keySet() + ", but the network has " + layers(trunk));
    }
  }

  private static List<String> layers(Trunk trunk) {
    return trunk.convLayers().stream().map(ConvLayer::name).toList();
  }

  /** The layers that have a probe, in the network's order. */
  List<String> layers() {
    return names;
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
    return names.stream().map(n -> "loss/" + n).toList();
  }

  @Override
  public double[] step(INDArray x, int[] images, long t) {
    List<INDArray> features = features(x);
    double[] losses = new double[probes.size()];
    for (int i = 0; i < losses.length; i++) {
      Probe p = probes.get(i);
      try (INDArray f = features.get(i)) {
        float[] logits = p.linear().logits(f);
        float[] dLogits = new float[logits.length];
        losses[i] =
            ViewLearner.finite(
                labels.loss(logits, images, dLogits), "loss of " + p.layer(), t, p.lr());
        p.linear().backward(f, dLogits);
        p.linear().step(p.rates().at(t));
      }
    }
    return losses;
  }

  /**
   * Logits of every probe.
   *
   * @param x [b, channels, size, size]
   * @return for each of {@link #layers()} b × classes, row-major
   */
  List<float[]> logits(INDArray x) {
    List<INDArray> features = features(x);
    List<float[]> logits = new ArrayList<>();
    for (int i = 0; i < probes.size(); i++) {
      try (INDArray f = features.get(i)) {
        logits.add(probes.get(i).linear().logits(f));
      }
    }
    return logits;
  }

  /** Pooled activations [b, dim] of each probe's layer. */
  private List<INDArray> features(INDArray x) {
    int b = (int) x.size(0);
    List<float[]> pooled = new ArrayList<>();
    for (Probe p : probes) {
      pooled.add(new float[Math.multiplyExact(b, p.pooling().dim())]);
    }
    for (int from = 0; from < b; from += SLICE) {
      int to = Math.min(b, from + SLICE);
      INDArray part =
          x.get(
              NDArrayIndex.interval(from, to),
              NDArrayIndex.all(),
              NDArrayIndex.all(),
              NDArrayIndex.all());
      Map<String, INDArray> maps = trunk.activations(part, names);
      for (int i = 0; i < probes.size(); i++) {
        FeaturePooling pooling = probes.get(i).pooling();
        try (INDArray map = maps.get(names.get(i))) {
          float[] values = pooling.pool(map);
          System.arraycopy(values, 0, pooled.get(i), from * pooling.dim(), values.length);
        }
      }
    }
    List<INDArray> features = new ArrayList<>();
    for (int i = 0; i < probes.size(); i++) {
      features.add(Matrices.of(pooled.get(i), b, probes.get(i).pooling().dim()));
    }
    return features;
  }

  @Override
  public LinkedHashMap<String, Tensor> state() {
    LinkedHashMap<String, Tensor> state = new LinkedHashMap<>();
    probes.forEach(p -> state.putAll(p.linear().state(p.layer() + ".")));
    return state;
  }

  @Override
  public void restore(Map<String, Tensor> state) {
    probes.forEach(p -> p.linear().restore(p.layer() + ".", state));
  }

  @Override
  public void close() {
    probes.forEach(p -> p.linear().close());
    trunk.close();
  }
}
