package org.deepercluster.stages.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.config.Seeds;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The convnet f_θ: {@code vgg16} or {@code vgg-small} on rgb, gray or Sobel input, with its
 * gradient.
 *
 * <p>Input x [b, c, h, w], float32, NCHW, normalised; c is {@link #inputChannels()}. Output f_θ(x)
 * [b, d], before the last ReLU. {@code vgg16} takes any h, w ≥ 32; {@code vgg-small} only the
 * configured size.
 *
 * <p>θ and its gradient are flat arrays of one layout: per convolution weight [out, in, 3, 3], bias
 * [out], batch norm γ, β [out]; then fc1 weight [256 or 64w, in], bias, fc2 weight [d, ·], bias;
 * all row-major. The running statistics of batch norm are state, not parameters, and only in {@link
 * #tensors()}. The Sobel filters are fixed and in neither.
 *
 * <p>The same network in Deeplearning4j's standard layers is {@link #network()}. This class steps
 * through them itself, with the convolutions in the same native operations and batch norm, ReLU and
 * pooling in one pass: about twice as fast on the CPU.
 *
 * <p>One instance is used by one thread at a time, and spreads its work over as many as {@link
 * NativeRuntime#threads()} says. Sums run in a fixed order, by slices of the batch, whatever that
 * number; nothing draws from a global random generator.
 */
public final class Trunk implements AutoCloseable {
  /** Images that one native call convolves on the CPU: small maps need more to be worth a call. */
  private static final int SLICE_OF_SMALL_IMAGES = 16;

  private static final int SLICE_OF_LARGE_IMAGES = 4;
  private static final int SMALL_IMAGE = 48;

  private static final double LINEAR_DEVIATION = 0.01;

  /** The image's zero padding before the Sobel filters, and conv1's after them. */
  private static final int FOLDED_PADDING = 3;

  private final ModelConfig config;
  private final boolean hostKernels;
  private final boolean folded;
  private final int slice;
  private final Architecture architecture;
  private final INDArray parameters;
  private final INDArray gradients;

  /** Views of {@link #parameters} by name, in the order of the layout. */
  private final LinkedHashMap<String, INDArray> views = new LinkedHashMap<>();

  private final List<Block> blocks = new ArrayList<>();
  private final Linear fc1;
  private final Linear fc2;
  private final Convolution sobel;

  private final Arrays4.Slot sobelMap = new Arrays4.Slot();
  private final Arrays4.Slot inputGradient = new Arrays4.Slot();
  private final Arrays4.Slot pooledMap = new Arrays4.Slot();
  private final Arrays4.Slot pooledGradient = new Arrays4.Slot();
  private final Arrays4.Slot inferenceFlat = new Arrays4.Slot();
  private final List<Lane> lanes = new ArrayList<>();
  private final Map<List<Integer>, INDArray> poolings = new LinkedHashMap<>();

  /**
   * What {@link #backward} needs of the last {@link #forwardTrain}; null before it. Without slices
   * and x where only the linear layers ran.
   */
  private Step step;

  private record Step(
      INDArray[] slices, INDArray x, INDArray flat, INDArray hidden, float[] mask) {}

  /** A convolution with its batch norm, and the maps that training keeps. */
  private record Block(
      Architecture.Conv conv,
      Convolution convolution,
      BatchNormRelu norm,
      Arrays4.Slot z,
      Arrays4.Slot a) {}

  /** The maps of one thread in inference. */
  private record Lane(Arrays4.Slot edges, Arrays4.Slot z, Arrays4.Slot a) {
    Lane() {
      this(new Arrays4.Slot(), new Arrays4.Slot(), new Arrays4.Slot());
    }
  }

  private Trunk(ModelConfig config, boolean hostKernels, boolean folded) {
    NativeRuntime.initialize();
    this.hostKernels = hostKernels;
    this.folded = folded;
    this.slice =
        !hostKernels
            ? Integer.MAX_VALUE / 2
            : config.imageSize() <= SMALL_IMAGE ? SLICE_OF_SMALL_IMAGES : SLICE_OF_LARGE_IMAGES;
    this.config = config;
    this.architecture = Architecture.of(config, folded);
    LinkedHashMap<String, long[]> shapes = shapes(architecture, folded);
    long count = 0;
    for (long[] shape : shapes.values()) {
      count += product(shape);
    }
    this.parameters = Nd4j.create(DataType.FLOAT, count);
    this.gradients = Nd4j.create(DataType.FLOAT, count);
    Map<String, INDArray> g = new LinkedHashMap<>();
    long at = 0;
    for (Map.Entry<String, long[]> e : shapes.entrySet()) {
      long end = at + product(e.getValue());
      views.put(e.getKey(), slice(parameters, at, end).reshape('c', e.getValue()));
      g.put(e.getKey(), slice(gradients, at, end).reshape('c', e.getValue()));
      at = end;
    }
    for (Architecture.Conv conv : architecture.convs()) {
      String w = conv.name() + ".weight";
      String b = conv.name() + ".bias";
      String gamma = norm(conv) + ".weight";
      String beta = norm(conv) + ".bias";
      var norm =
          new BatchNormRelu.Parameters(
              views.get(gamma), views.get(beta), g.get(gamma), g.get(beta));
      blocks.add(
          new Block(
              conv,
              new Convolution(
                  views.get(w),
                  views.get(b),
                  g.get(w),
                  g.get(b),
                  folded && blocks.isEmpty() ? FOLDED_PADDING : 1),
              hostKernels
                  ? new HostBatchNormRelu(norm, conv.pool(), NativeRuntime::threads)
                  : new DeviceBatchNormRelu(norm, conv.pool()),
              new Arrays4.Slot(),
              new Arrays4.Slot()));
    }
    this.fc1 = linear("fc1", g);
    this.fc2 = linear("fc2", g);
    this.sobel =
        config.input().equals("sobel") && !folded
            ? new Convolution(Sobel.weight(), null, null, null)
            : null;
  }

  /**
   * A new trunk: convolutions N(0, 2/(9·n_out)), linear layers N(0, 0.01²), zero biases, γ = 1, β =
   * 0; running statistics 0 and 1.
   *
   * @param config architecture, input and width
   * @param seed of the weights; each array draws from a stream of its own name
   * @throws IllegalArgumentException if the image is too small for the architecture
   */
  public static Trunk create(ModelConfig config, long seed) {
    NativeRuntime.initialize();
    return create(config, seed, !NativeRuntime.isCuda());
  }

  /** As {@link #create(ModelConfig, long)}, with the choice of the batch norm's implementation. */
  static Trunk create(ModelConfig config, long seed, boolean hostKernels) {
    Trunk trunk = new Trunk(config, hostKernels, false);
    trunk.views.forEach(
        (name, view) -> {
          if (name.startsWith("bn")) {
            view.assign(name.endsWith(".weight") ? 1 : 0);
          } else if (name.endsWith(".weight")) {
            double deviation =
                name.startsWith("conv") ? Math.sqrt(2.0 / (9 * view.size(0))) : LINEAR_DEVIATION;
            fillNormal(view, deviation, Seeds.of(seed, name));
          }
        });
    return trunk;
  }

  /**
   * A copy whose first convolution takes the image itself: the two Sobel filters and conv1, both
   * 3×3, become one 5×5 convolution of the three colours (Caron et al., ICCV 2019, published code).
   * Exact to rounding for an image with zero padding 2, Sobel filters without padding of their own
   * and conv1 with padding 1, so that the first map is 2 pixels larger than the image. From there
   * on conv1 is trained as any other layer.
   *
   * @throws IllegalStateException where the input is not {@code sobel}, or is folded in already
   * @throws IllegalArgumentException where the larger map gives {@code vgg-small}'s linear layers
   *     another size: for imageSize mod 8 of 6 or 7
   */
  public Trunk foldSobel() {
    if (sobel == null) {
      throw new IllegalStateException("only a trunk with Sobel input can have it folded in");
    }
    LinkedHashMap<String, Tensor> tensors = tensors();
    tensors.computeIfPresent("conv1.weight", (name, weight) -> Sobel.fold(weight));
    Trunk copy = new Trunk(config, hostKernels, true);
    try {
      copy.load(tensors);
      return copy;
    } catch (IllegalArgumentException e) {
      copy.close();
      throw e;
    }
  }

  /**
   * Starts the linear layers afresh: weights N(0, 0.01²), every bias {@code bias}.
   *
   * @param seed of the weights; each array draws from a stream of its own name
   */
  public void initialiseLinear(long seed, double bias) {
    for (String layer : List.of("fc1", "fc2")) {
      String weight = layer + ".weight";
      fillNormal(views.get(weight), LINEAR_DEVIATION, Seeds.of(seed, weight));
      views.get(layer + ".bias").assign(bias);
    }
  }

  /**
   * Whether {@link #forwardTrain} normalises with the running statistics, and leaves them as they
   * are, as inference does; initially it uses and follows the batch's.
   */
  public void freezeStatistics(boolean frozen) {
    blocks.forEach(b -> b.norm.frozen = frozen);
  }

  /**
   * Number of parameters of the convolutions and their batch norms: in {@link #parameters()} and
   * {@link #gradients()} the linear layers' follow them.
   */
  public long convolutionParameters() {
    long linear = 0;
    for (String name : List.of("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias")) {
      linear += views.get(name).length();
    }
    return parameters.length() - linear;
  }

  /** What the trunk was made from. */
  public ModelConfig config() {
    return config;
  }

  /** d, the length of a feature vector. */
  public int featureDim() {
    return architecture.features();
  }

  /** Channels of the input: 3 for rgb and sobel, 1 for gray. */
  public int inputChannels() {
    return Architecture.inputChannels(config);
  }

  /** The convolutions, from the input on, with their sizes at the configured image size. */
  public List<ConvLayer> convLayers() {
    return architecture.convs().stream()
        .map(c -> new ConvLayer(c.name(), c.out(), c.size(), c.size()))
        .toList();
  }

  /** θ: a flat live view [P] of all trainable parameters. */
  public INDArray parameters() {
    return parameters;
  }

  /** The gradient of the last {@link #backward}: [P], in the layout of {@link #parameters()}. */
  public INDArray gradients() {
    return gradients;
  }

  /**
   * f_θ(x) in training mode: batch statistics, which also move the running ones, and dropout.
   *
   * @param x [b, c, h, w], b ≥ 1; not written to, and kept until {@link #backward}
   * @param dropoutSeed of the dropout mask of this batch
   * @return a new [b, d], before the last ReLU
   */
  public INDArray forwardTrain(INDArray x, long dropoutSeed) {
    int threads = threads();
    INDArray input = checked(x);
    INDArray[] a = Arrays4.slices(input, slice);
    if (sobel != null) {
      sobelMap.get(mapShape(input, 2));
      sobel.forward(a, sobelMap.slices(slice), threads);
      a = sobelMap.slices(slice);
      input = sobelMap.view();
    }
    INDArray[] first = a;
    INDArray whole = input;
    for (Block block : blocks) {
      INDArray z = block.z.get(zShape(block, whole));
      block.convolution.forward(a, block.z.slices(slice), threads);
      whole = block.a.get(outShape(z, block.conv.pool()));
      block.norm.forward(z, whole);
      a = block.a.slices(slice);
    }
    return linear(first, input, flatten(whole), dropoutSeed);
  }

  /**
   * The linear layers alone, in training mode. {@link #backward} then fills their gradients, the
   * end of {@link #gradients()} from {@link #convolutionParameters()} on, and no others.
   *
   * @param flat what {@link #convolved} gave, [b, values]; kept until backward
   * @param dropoutSeed of the dropout mask of this batch
   * @return a new [b, d], before the last ReLU
   */
  public INDArray forwardTrainLinear(INDArray flat, long dropoutSeed) {
    if (flat.rank() != 2 || flat.size(0) < 1 || flat.size(1) != architecture.flattened()) {
      throw new IllegalArgumentException(
          "the linear layers take [b, "
              + architecture.flattened()
              + "], got "
              + Arrays.toString(flat.shape()));
    }
    return linear(null, null, Arrays4.contiguous(flat), dropoutSeed);
  }

  private INDArray linear(INDArray[] first, INDArray input, INDArray flat, long dropoutSeed) {
    int threads = threads();
    INDArray hidden = fc1.forward(flat, threads);
    float[] mask = dropoutMask((int) hidden.length(), config.dropout(), dropoutSeed);
    float[] h = hidden.data().asFloat();
    for (int i = 0; i < h.length; i++) {
      h[i] = Math.max(0f, h[i]) * mask[i];
      mask[i] = h[i] > 0 ? mask[i] : 0;
    }
    INDArray dropped = Nd4j.createFromArray(h).reshape('c', hidden.shape());
    step = new Step(first, input, flat, dropped, mask);
    return fc2.forward(dropped, threads);
  }

  /**
   * Back-propagates through the last {@link #forwardTrain} or {@link #forwardTrainLinear}, once;
   * fills {@link #gradients()}.
   *
   * @param dFeatures gradient of the loss with respect to what forwardTrain returned, [b, d]
   * @throws IllegalStateException without a forward pass before it
   */
  public void backward(INDArray dFeatures) {
    if (step == null) {
      throw new IllegalStateException("backward needs a forwardTrain before it, and only one");
    }
    long b = step.hidden().size(0);
    if (!Arrays.equals(dFeatures.shape(), new long[] {b, featureDim()})) {
      throw new IllegalArgumentException(
          "dFeatures must be ["
              + b
              + ", "
              + featureDim()
              + "], got "
              + Arrays.toString(dFeatures.shape()));
    }
    int threads = threads();
    INDArray dy = Arrays4.contiguous(dFeatures);
    INDArray dHidden = Nd4j.createUninitialized(DataType.FLOAT, step.hidden().shape());
    fc2.backward(step.hidden(), dy, dHidden, threads);
    dHidden.muli(Nd4j.createFromArray(step.mask()).reshape('c', dHidden.shape()));
    if (step.slices() == null) {
      fc1.backward(step.flat(), dHidden, null, threads);
      step = null;
      return;
    }
    Block last = blocks.get(blocks.size() - 1);
    INDArray a = last.a.view();
    INDArray matrix = pooling(a.shape());
    INDArray da;
    if (matrix == null) {
      INDArray flat = inputGradient.get(step.flat().shape());
      fc1.backward(step.flat(), dHidden, flat, threads);
      da = flat.reshape('c', a.shape());
    } else {
      INDArray flat = pooledGradient.get(step.flat().shape());
      fc1.backward(step.flat(), dHidden, flat, threads);
      da = inputGradient.get(a.shape());
      AdaptiveAveragePool.backward(flat, matrix, da);
    }
    for (int i = blocks.size() - 1; i >= 0; i--) {
      Block block = blocks.get(i);
      INDArray z = block.z.view();
      block.norm.backward(z, block.a.view(), da);
      Block below = i == 0 ? null : blocks.get(i - 1);
      da = inputGradient.get((below == null ? step.x() : below.a.view()).shape());
      block.convolution.backward(
          below == null ? step.slices() : below.a.slices(slice),
          block.z.slices(slice),
          inputGradient.slices(slice),
          threads);
    }
    step = null;
  }

  /**
   * f_θ(x) in inference mode: running statistics, no dropout.
   *
   * @param x [b, c, h, w]
   * @return a new [b, d], before the last ReLU
   */
  public INDArray features(INDArray x) {
    return linearInference(convolved(x));
  }

  /**
   * What the linear layers see, in inference mode: the last map after its pooling, flattened.
   *
   * @param x [b, c, h, w]
   * @return [b, values], void at the next call that infers
   */
  public INDArray convolved(INDArray x) {
    checked(x);
    INDArray flat = inferenceFlat.get(x.size(0), architecture.flattened());
    convolve(x, architecture.convs().size(), Map.of(), inferenceFlat.slices(slice));
    return flat;
  }

  private INDArray linearInference(INDArray flat) {
    int threads = threads();
    INDArray hidden = fc1.forward(flat, threads);
    float[] h = hidden.data().asFloat();
    for (int i = 0; i < h.length; i++) {
      h[i] = Math.max(0f, h[i]);
    }
    return fc2.forward(Nd4j.createFromArray(h).reshape('c', hidden.shape()), threads);
  }

  /**
   * The maps of several convolutions in one pass, in inference mode: after their ReLU, before any
   * pooling.
   *
   * @param x [b, c, h, w]
   * @param convs names of {@link #convLayers()}
   * @return per name a new [b, C, H, W], in the network's order; the caller may close them
   * @throws IllegalArgumentException for a name that the trunk does not have
   */
  public Map<String, INDArray> activations(INDArray x, Collection<String> convs) {
    Set<String> wanted = new HashSet<>(convs);
    int depth = 0;
    for (int i = 0; i < blocks.size(); i++) {
      if (wanted.remove(blocks.get(i).conv.name())) {
        depth = i + 1;
      }
    }
    if (!wanted.isEmpty()) {
      throw new IllegalArgumentException(
          "no layer "
              + wanted
              + " in "
              + config.trunk()
              + "; it has conv1 to conv"
              + blocks.size());
    }
    checked(x);
    Map<String, INDArray> maps = new LinkedHashMap<>();
    int growth = folded ? Architecture.FOLDED_GROWTH : 0;
    int height = (int) x.size(2) + growth;
    int width = (int) x.size(3) + growth;
    for (Block block : blocks.subList(0, depth)) {
      if (convs.contains(block.conv.name())) {
        maps.put(
            block.conv.name(),
            Nd4j.createUninitialized(DataType.FLOAT, x.size(0), block.conv.out(), height, width));
      }
      height >>= block.conv.pool() ? 1 : 0;
      width >>= block.conv.pool() ? 1 : 0;
    }
    convolve(x, depth, maps, null);
    return maps;
  }

  /**
   * Inference through the first {@code depth} convolutions: each thread takes its slices of the
   * batch through all of them, so that their maps stay in its cache.
   *
   * @param maps to fill, by the convolution's name
   * @param flat slices of what the linear layers see, to fill; null if not wanted
   */
  private void convolve(INDArray batch, int depth, Map<String, INDArray> maps, INDArray[] flat) {
    int threads = threads();
    INDArray[] slices = Arrays4.slices(checked(batch), slice);
    Map<String, INDArray[]> targets = new HashMap<>();
    maps.forEach((name, map) -> targets.put(name, Arrays4.slices(map, slice)));
    while (lanes.size() < threads) {
      lanes.add(new Lane());
    }
    if (sobel != null) {
      sobel.prepare(threads);
    }
    for (Block block : blocks) {
      block.convolution.prepare(threads);
    }
    INDArray matrix = flat == null ? null : pooling(lastMap(batch));
    Arrays4.each(
        slices.length,
        threads,
        (lane, s) -> {
          Lane own = lanes.get(lane);
          INDArray a = slices[s];
          if (sobel != null) {
            INDArray edges = own.edges.get(mapShape(a, 2));
            sobel.forward(lane, a, edges);
            a = edges;
          }
          for (Block block : blocks.subList(0, depth)) {
            INDArray z = own.z.get(zShape(block, a));
            block.convolution.forward(lane, a, z);
            INDArray[] target = targets.get(block.conv.name());
            INDArray full = target == null ? null : target[s];
            INDArray next = own.a.get(outShape(z, block.conv.pool()));
            block.norm.infer(z, block.conv.pool() ? full : next, block.conv.pool() ? next : null);
            if (!block.conv.pool() && full != null) {
              full.assign(next);
            }
            a = next;
          }
          if (flat != null) {
            if (matrix == null) {
              flat[s].assign(a.reshape('c', flat[s].shape()));
            } else {
              AdaptiveAveragePool.forward(a, matrix, flat[s]);
            }
          }
        });
  }

  /**
   * Copies of every parameter and running statistic, in PyTorch's names and layouts: {@code
   * conv1.weight} [out, in, 3, 3], {@code conv1.bias}, {@code bn1.weight}, {@code bn1.bias}, {@code
   * bn1.running_mean}, {@code bn1.running_var} [out], ..., {@code fc1.weight} [out, in], {@code
   * fc1.bias}, {@code fc2.weight}, {@code fc2.bias}.
   */
  public LinkedHashMap<String, Tensor> tensors() {
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, INDArray> e : views.entrySet()) {
      INDArray view = e.getValue();
      int[] shape = Arrays.stream(view.shape()).mapToInt(Math::toIntExact).toArray();
      tensors.put(e.getKey(), new Tensor(shape, values(view)));
      if (e.getKey().startsWith("bn") && e.getKey().endsWith(".bias")) {
        Block block = blocks.get(Integer.parseInt(e.getKey().substring(2).split("\\.")[0]) - 1);
        String norm = norm(block.conv);
        tensors.put(norm + ".running_mean", new Tensor(shape, block.norm.runningMean.clone()));
        tensors.put(norm + ".running_var", new Tensor(shape, block.norm.runningVariance.clone()));
      }
    }
    return tensors;
  }

  /**
   * Takes over parameters and running statistics, in the names and layouts of {@link #tensors()}.
   * Further names (heads) are ignored.
   *
   * @throws IllegalArgumentException if one is missing or has another shape; nothing is changed
   */
  public void load(Map<String, Tensor> tensors) {
    List<String> faults = new ArrayList<>();
    shapesWithState()
        .forEach(
            (name, shape) -> {
              Tensor t = tensors.get(name);
              if (t == null) {
                faults.add(name + " is missing");
              } else if (!Arrays.equals(t.shape(), shape)) {
                faults.add(
                    name
                        + " must have shape "
                        + Arrays.toString(shape)
                        + ", has "
                        + Arrays.toString(t.shape()));
              }
            });
    if (!faults.isEmpty()) {
      throw new IllegalArgumentException(
          "the weights do not fit " + config + ": " + String.join("; ", faults));
    }
    views.forEach(
        (name, view) ->
            view.assign(Nd4j.createFromArray(tensors.get(name).data()).reshape('c', view.shape())));
    for (Block block : blocks) {
      int c = block.conv.out();
      String norm = norm(block.conv);
      System.arraycopy(tensors.get(norm + ".running_mean").data(), 0, block.norm.runningMean, 0, c);
      System.arraycopy(
          tensors.get(norm + ".running_var").data(), 0, block.norm.runningVariance, 0, c);
    }
  }

  /**
   * This trunk, with its present weights, as a Deeplearning4j network of standard layers: for its
   * tools and archives. A copy.
   */
  public MultiLayerNetwork network() {
    if (folded) {
      throw new IllegalStateException(
          "a trunk with its Sobel filters folded in has no form in standard layers");
    }
    return StandardNetwork.of(config, tensors());
  }

  /**
   * Writes {@link #network()} as Deeplearning4j's model archive (zip); any program with
   * Deeplearning4j reads it with {@code ModelSerializer.restoreMultiLayerNetwork}.
   */
  public void writeDl4j(OutputStream out) throws IOException {
    ModelSerializer.writeModel(network(), out, false);
  }

  /**
   * The trunk that {@link #writeDl4j} wrote.
   *
   * @param in the archive; not closed
   * @param config the trunk's configuration
   * @throws IllegalArgumentException if the archive does not hold that architecture, or if the
   *     pooling before its linear layers was folded into them
   */
  public static Trunk readDl4j(InputStream in, ModelConfig config) throws IOException {
    NativeRuntime.initialize();
    MultiLayerNetwork network = ModelSerializer.restoreMultiLayerNetwork(in, false);
    Trunk trunk = new Trunk(config, !NativeRuntime.isCuda(), false);
    trunk.load(StandardNetwork.tensors(config, network));
    return trunk;
  }

  /** Frees the native memory; the trunk and its views are void afterwards. */
  @Override
  public void close() {
    step = null;
    for (Block block : blocks) {
      block.z.close();
      block.a.close();
      block.convolution.close();
    }
    for (Lane lane : lanes) {
      lane.edges.close();
      lane.z.close();
      lane.a.close();
    }
    for (Arrays4.Slot slot :
        List.of(sobelMap, inputGradient, pooledMap, pooledGradient, inferenceFlat)) {
      slot.close();
    }
    for (INDArray flat : List.of(parameters, gradients)) {
      if (flat.closeable()) {
        flat.close();
      }
    }
  }

  private Linear linear(String name, Map<String, INDArray> g) {
    String w = name + ".weight";
    String b = name + ".bias";
    return new Linear(views.get(w), views.get(b), g.get(w), g.get(b), hostKernels);
  }

  private INDArray checked(INDArray x) {
    int smallest = 1 << architecture.pools();
    boolean fits =
        x.rank() == 4
            && x.size(0) > 0
            && x.size(1) == inputChannels()
            && (architecture.adaptive()
                ? x.size(2) >= smallest && x.size(3) >= smallest
                : x.size(2) == config.imageSize() && x.size(3) == config.imageSize());
    if (!fits || x.dataType() != DataType.FLOAT) {
      String size =
          architecture.adaptive()
              ? ", at least " + smallest + ", at least " + smallest
              : ", " + config.imageSize() + ", " + config.imageSize();
      throw new IllegalArgumentException(
          "input must be FLOAT [batch, "
              + inputChannels()
              + size
              + "], got "
              + x.dataType()
              + " "
              + Arrays.toString(x.shape()));
    }
    return Arrays4.contiguous(x);
  }

  private INDArray flatten(INDArray a) {
    INDArray matrix = pooling(a.shape());
    if (matrix == null) {
      return a.reshape('c', a.size(0), architecture.flattened());
    }
    INDArray flat = pooledMap.get(a.size(0), architecture.flattened());
    AdaptiveAveragePool.forward(a, matrix, flat);
    return flat;
  }

  /** The adaptive pooling of maps of that shape; null where it is the identity. */
  private INDArray pooling(long[] map) {
    int height = (int) map[2];
    int width = (int) map[3];
    int size = architecture.pooled();
    if (!architecture.adaptive() || (height == size && width == size)) {
      return null;
    }
    return poolings.computeIfAbsent(
        List.of(height, width), k -> AdaptiveAveragePool.matrix(height, width, size));
  }

  /** Shape of the last map, after its pooling, for the input {@code x}. */
  private long[] lastMap(INDArray x) {
    int shift = architecture.pools();
    int channels = architecture.convs().get(architecture.convs().size() - 1).out();
    int growth = folded ? Architecture.FOLDED_GROWTH : 0;
    return new long[] {
      x.size(0), channels, (x.size(2) + growth) >> shift, (x.size(3) + growth) >> shift
    };
  }

  private int threads() {
    return hostKernels ? NativeRuntime.threads() : 1;
  }

  private Map<String, int[]> shapesWithState() {
    Map<String, int[]> all = new LinkedHashMap<>();
    views.forEach(
        (name, view) ->
            all.put(name, Arrays.stream(view.shape()).mapToInt(Math::toIntExact).toArray()));
    for (Block block : blocks) {
      int[] shape = {block.conv.out()};
      all.put(norm(block.conv) + ".running_mean", shape);
      all.put(norm(block.conv) + ".running_var", shape);
    }
    return all;
  }

  private static LinkedHashMap<String, long[]> shapes(Architecture architecture, boolean folded) {
    LinkedHashMap<String, long[]> shapes = new LinkedHashMap<>();
    for (Architecture.Conv conv : architecture.convs()) {
      long[] channels = {conv.out()};
      int kernel = folded && shapes.isEmpty() ? 5 : 3;
      shapes.put(conv.name() + ".weight", new long[] {conv.out(), conv.in(), kernel, kernel});
      shapes.put(conv.name() + ".bias", channels);
      shapes.put(norm(conv) + ".weight", channels);
      shapes.put(norm(conv) + ".bias", channels);
    }
    shapes.put("fc1.weight", new long[] {architecture.hidden(), architecture.flattened()});
    shapes.put("fc1.bias", new long[] {architecture.hidden()});
    shapes.put("fc2.weight", new long[] {architecture.features(), architecture.hidden()});
    shapes.put("fc2.bias", new long[] {architecture.features()});
    return shapes;
  }

  private static String norm(Architecture.Conv conv) {
    return "bn" + conv.name().substring("conv".length());
  }

  private static long[] mapShape(INDArray a, int channels) {
    return new long[] {a.size(0), channels, a.size(2), a.size(3)};
  }

  private long[] zShape(Block block, INDArray a) {
    long[] shape = mapShape(a, block.conv.out());
    if (folded && block.conv.name().equals(blocks.get(0).conv.name())) {
      shape[2] += Architecture.FOLDED_GROWTH;
      shape[3] += Architecture.FOLDED_GROWTH;
    }
    return shape;
  }

  private static long[] outShape(INDArray z, boolean pool) {
    int shift = pool ? 1 : 0;
    return new long[] {z.size(0), z.size(1), z.size(2) >> shift, z.size(3) >> shift};
  }

  private static INDArray slice(INDArray flat, long from, long to) {
    return flat.get(NDArrayIndex.interval(from, to));
  }

  private static long product(long[] shape) {
    return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
  }

  /** Per element 0 with probability {@code rate}, else 1/(1 − rate). */
  static float[] dropoutMask(int length, double rate, long seed) {
    float[] mask = new float[length];
    float kept = (float) (1 / (1 - rate));
    SplittableRandom random = Seeds.random(seed);
    for (int i = 0; i < length; i++) {
      mask[i] = random.nextDouble() < rate ? 0 : kept;
    }
    return mask;
  }

  private static float[] values(INDArray view) {
    return view.reshape(view.length()).toFloatVector();
  }

  private static void fillNormal(INDArray view, double deviation, long seed) {
    float[] values = new float[Math.toIntExact(view.length())];
    Normal.fill(values, deviation, Seeds.random(seed));
    view.assign(Nd4j.createFromArray(values).reshape('c', view.shape()));
  }
}
