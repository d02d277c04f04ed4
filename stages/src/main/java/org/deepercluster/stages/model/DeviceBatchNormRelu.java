package org.deepercluster.stages.model;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** The layer in ND4J operations alone, for backends whose memory the host does not share. */
final class DeviceBatchNormRelu extends BatchNormRelu {
  // kernel, stride, padding, dilation, explicit padding, (unused), NCHW
  private static final int[] POOL = {2, 2, 2, 2, 0, 0, 1, 1, 0, 0, 0};

  private INDArray normalised;
  private INDArray activated;
  private INDArray inverseDeviation;

  DeviceBatchNormRelu(Parameters parameters, boolean pool) {
    super(parameters, pool);
  }

  @Override
  void forward(INDArray z, INDArray a) {
    INDArray mean = frozen ? Nd4j.createFromArray(runningMean) : z.mean(0, 2, 3);
    INDArray centred = z.sub(column(mean));
    INDArray variance =
        frozen ? Nd4j.createFromArray(runningVariance) : centred.mul(centred).mean(0, 2, 3);
    if (!frozen) {
      double count = (double) z.length() / channels;
      float[] means = mean.toFloatVector();
      float[] variances = variance.toFloatVector();
      for (int c = 0; c < channels; c++) {
        moveRunning(c, means[c], variances[c], count);
      }
    }
    inverseDeviation = Transforms.pow(variance.add(EPSILON), -0.5, false);
    normalised = centred.muli(column(inverseDeviation));
    activated = Transforms.relu(normalised.mul(column(gamma)).addi(column(beta)), false);
    if (pool) {
      maxPool(activated, a);
    } else {
      a.assign(activated);
    }
  }

  @Override
  void backward(INDArray z, INDArray a, INDArray da) {
    INDArray dy = da;
    if (pool) {
      dy = Nd4j.createUninitialized(DataType.FLOAT, z.shape(), 'c');
      Nd4j.exec(op("maxpool2d_bp", dy, activated, da));
    }
    dy = dy.mul(activated.gt(0).castTo(DataType.FLOAT));
    INDArray dShift = dy.sum(0, 2, 3);
    INDArray dScale = dy.mul(normalised).sum(0, 2, 3);
    gammaGradient.assign(dScale);
    betaGradient.assign(dShift);
    if (!frozen) {
      double count = (double) z.length() / channels;
      dy.subi(column(dShift.div(count)));
      dy.subi(normalised.muli(column(dScale.div(count))));
    }
    z.assign(dy.muli(column(gamma.mul(inverseDeviation))));
    normalised = null;
    activated = null;
  }

  @Override
  void infer(INDArray z, INDArray full, INDArray a) {
    INDArray deviation = Transforms.sqrt(Nd4j.createFromArray(runningVariance).add(EPSILON), false);
    INDArray scale = gamma.div(deviation);
    INDArray shift = beta.sub(Nd4j.createFromArray(runningMean).mul(scale));
    INDArray map = Transforms.relu(z.mul(column(scale)).addi(column(shift)), false);
    if (full != null) {
      full.assign(map);
    }
    if (a != null) {
      maxPool(map, a);
    }
  }

  private static void maxPool(INDArray x, INDArray out) {
    Nd4j.exec(op("maxpool2d", out, x));
  }

  private static CustomOp op(String name, INDArray out, INDArray... in) {
    return DynamicCustomOp.builder(name)
        .addInputs(in)
        .addOutputs(out)
        .addIntegerArguments(POOL)
        .build();
  }

  private INDArray column(INDArray v) {
    return v.reshape(1, channels, 1, 1);
  }
}
