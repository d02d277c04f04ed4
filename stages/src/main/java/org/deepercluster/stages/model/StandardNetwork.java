package org.deepercluster.stages.model;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * A trunk in Deeplearning4j's own layers, named as in {@link Trunk#tensors()}: {@code sobel},
 * {@code conv1}, {@code bn1}, {@code relu1}, {@code pool2}, ..., {@code fc1}, {@code fc2}.
 *
 * <p>Adaptive pooling is a plain average pooling where the last map is a multiple of 7 wide; at
 * other sizes, being linear, it is folded into {@code fc1}.
 */
final class StandardNetwork {
  private StandardNetwork() {}

  static MultiLayerNetwork of(ModelConfig config, Map<String, Tensor> tensors) {
    Architecture architecture = Architecture.of(config);
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder()
            .updater(new NoOp())
            .trainingWorkspaceMode(WorkspaceMode.NONE)
            .inferenceWorkspaceMode(WorkspaceMode.NONE)
            .convolutionMode(ConvolutionMode.Truncate)
            .activation(Activation.IDENTITY)
            .list();
    if (config.input().equals("sobel")) {
      list.layer(convolution("sobel", 2, false));
    }
    for (Architecture.Conv conv : architecture.convs()) {
      String number = conv.name().substring("conv".length());
      list.layer(convolution(conv.name(), conv.out(), true));
      list.layer(
          new BatchNormalization.Builder()
              .name("bn" + number)
              .eps(BatchNormRelu.EPSILON)
              .decay(1 - BatchNormRelu.MOMENTUM)
              .useLogStd(false)
              .build());
      list.layer(
          new ActivationLayer.Builder().name("relu" + number).activation(Activation.RELU).build());
      if (conv.pool()) {
        list.layer(pooling("pool" + number, SubsamplingLayer.PoolingType.MAX, 2));
      }
    }
    int last = lastMap(config, architecture);
    boolean folded = folded(config, architecture);
    if (!folded && last != architecture.pooled()) {
      list.layer(
          pooling("average", SubsamplingLayer.PoolingType.AVG, last / architecture.pooled()));
    }
    list.layer(
        new DenseLayer.Builder()
            .name("fc1")
            .nOut(architecture.hidden())
            .activation(Activation.RELU)
            .build());
    // Deeplearning4j counts what is kept
    list.layer(new DropoutLayer.Builder(1 - config.dropout()).name("dropout").build());
    list.layer(new DenseLayer.Builder().name("fc2").nOut(architecture.features()).build());
    list.setInputType(
        InputType.convolutional(
            config.imageSize(), config.imageSize(), Architecture.inputChannels(config)));
    MultiLayerNetwork network = new MultiLayerNetwork(list.build());
    network.init();
    fill(network, config, architecture, tensors);
    return network;
  }

  /** The inverse of {@link #of}: a network's parameters under a trunk's names. */
  static Map<String, Tensor> tensors(ModelConfig config, MultiLayerNetwork network) {
    Architecture architecture = Architecture.of(config);
    if (folded(config, architecture)) {
      throw new IllegalArgumentException(
          "at imageSize "
              + config.imageSize()
              + " the archive holds the adaptive pooling folded into fc1, and cannot be taken"
              + " apart; load the .safetensors file instead");
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (org.deeplearning4j.nn.api.Layer layer : network.getLayers()) {
      String name = layer.conf().getLayer().getLayerName();
      if (name.startsWith("conv") || name.startsWith("fc")) {
        INDArray w = layer.getParam("W");
        tensors.put(name + ".weight", tensor(name.startsWith("fc") ? w.transpose() : w));
        tensors.put(name + ".bias", vector(layer.getParam("b")));
      } else if (name.startsWith("bn")) {
        tensors.put(name + ".weight", vector(layer.getParam("gamma")));
        tensors.put(name + ".bias", vector(layer.getParam("beta")));
        tensors.put(name + ".running_mean", vector(layer.getParam("mean")));
        tensors.put(name + ".running_var", vector(layer.getParam("var")));
      }
    }
    return tensors;
  }

  private static void fill(
      MultiLayerNetwork network,
      ModelConfig config,
      Architecture architecture,
      Map<String, Tensor> tensors) {
    for (org.deeplearning4j.nn.api.Layer layer : network.getLayers()) {
      String name = layer.conf().getLayer().getLayerName();
      if (name.equals("sobel")) {
        layer.getParam("W").assign(Sobel.weight());
      } else if (name.startsWith("conv")) {
        layer.getParam("W").assign(array(tensors.get(name + ".weight")));
        assign(layer.getParam("b"), tensors.get(name + ".bias"));
      } else if (name.startsWith("bn")) {
        assign(layer.getParam("gamma"), tensors.get(name + ".weight"));
        assign(layer.getParam("beta"), tensors.get(name + ".bias"));
        assign(layer.getParam("mean"), tensors.get(name + ".running_mean"));
        assign(layer.getParam("var"), tensors.get(name + ".running_var"));
      } else if (name.startsWith("fc")) {
        INDArray weight = array(tensors.get(name + ".weight"));
        if (name.equals("fc1") && folded(config, architecture)) {
          weight = fold(weight, lastMap(config, architecture), architecture);
        }
        layer.getParam("W").assign(weight.transpose());
        assign(layer.getParam("b"), tensors.get(name + ".bias"));
      }
    }
  }

  /** W over pooled maps → the same function's W over unpooled ones. */
  private static INDArray fold(INDArray weight, int map, Architecture architecture) {
    int size = architecture.pooled();
    long area = (long) size * size;
    INDArray rows = weight.reshape('c', weight.length() / area, area);
    INDArray matrix = AdaptiveAveragePool.matrix(map, map, size);
    return rows.mmul(matrix.transpose())
        .dup('c')
        .reshape('c', weight.size(0), weight.size(1) / area * map * map);
  }

  private static int lastMap(ModelConfig config, Architecture architecture) {
    return config.imageSize() >> architecture.pools();
  }

  private static boolean folded(ModelConfig config, Architecture architecture) {
    return architecture.adaptive() && lastMap(config, architecture) % architecture.pooled() != 0;
  }

  private static ConvolutionLayer convolution(String name, int out, boolean bias) {
    return new ConvolutionLayer.Builder(3, 3)
        .name(name)
        .padding(1, 1)
        .nOut(out)
        .hasBias(bias)
        .build();
  }

  private static SubsamplingLayer pooling(
      String name, SubsamplingLayer.PoolingType type, int side) {
    return new SubsamplingLayer.Builder(type)
        .name(name)
        .kernelSize(side, side)
        .stride(side, side)
        .build();
  }

  private static void assign(INDArray to, Tensor from) {
    to.assign(Nd4j.createFromArray(from.data()).reshape('c', to.shape()));
  }

  private static INDArray array(Tensor tensor) {
    return Nd4j.createFromArray(tensor.data()).reshape('c', tensor.shape());
  }

  private static Tensor vector(INDArray a) {
    return Tensor.vector(a.reshape(a.length()).toFloatVector());
  }

  private static Tensor tensor(INDArray a) {
    int[] shape = java.util.Arrays.stream(a.shape()).mapToInt(Math::toIntExact).toArray();
    INDArray copy = a.dup('c');
    return new Tensor(shape, copy.reshape(copy.length()).toFloatVector());
  }
}
