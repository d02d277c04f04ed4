package org.deepercluster.stages.model;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.function.IntSupplier;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The layer on the CPU: two passes over the data in each direction, channels spread over the
 * threads.
 *
 * <p>Each plane is copied from native memory into a small array, which the compiler's vector
 * instructions then read. Sums run in one order whatever the number of threads: a channel belongs
 * to one thread; element i of its planes is summed over the images, in single precision around a
 * pivot close to the mean, and the partial sums are added in double precision.
 */
final class HostBatchNormRelu extends BatchNormRelu {
  /** Partial sums per channel; a multiple of every vector length. */
  private static final int LANES = 4096;

  /** Large enough to turn every positive normal float into at least 1. */
  private static final float HUGE = 1e38f;

  private final IntSupplier threads;
  private final double[] mean;
  private final double[] inverseDeviation;

  /** Per image and channel and pooled pixel: which of the four was largest (0..3). */
  private byte[] largest = new byte[0];

  HostBatchNormRelu(Parameters parameters, boolean pool, IntSupplier threads) {
    super(parameters, pool);
    this.threads = threads;
    this.mean = new double[channels];
    this.inverseDeviation = new double[channels];
  }

  @Override
  void forward(INDArray z, INDArray a) {
    FloatBuffer[] in = Arrays4.images(z);
    FloatBuffer[] out = Arrays4.images(a);
    int height = (int) z.size(2);
    int width = (int) z.size(3);
    int size = height * width;
    int pooledSize = (height / 2) * (width / 2);
    double count = (double) in.length * size;
    float[] scales = gamma.toFloatVector();
    float[] shifts = beta.toFloatVector();
    int needed = pool ? in.length * channels * pooledSize : 0;
    if (largest.length < needed) {
      largest = new byte[needed];
    }
    Arrays4.each(
        channels,
        threads.getAsInt(),
        (lane, c) -> {
          float[] plane = new float[size];
          if (frozen) {
            mean[c] = runningMean[c];
            inverseDeviation[c] = 1 / Math.sqrt(runningVariance[c] + EPSILON);
          } else {
            measure(in, c, plane, count);
          }
          float scale = (float) (scales[c] * inverseDeviation[c]);
          float shift = (float) (shifts[c] - mean[c] * scales[c] * inverseDeviation[c]);
          float[] pooled = new float[pool ? pooledSize : 0];
          for (int n = 0; n < in.length; n++) {
            in[n].get(c * size, plane);
            affineRelu(plane, scale, shift);
            if (pool) {
              maxPool(plane, height, width, pooled, largest, (n * channels + c) * pooledSize);
              out[n].put(c * pooledSize, pooled);
            } else {
              out[n].put(c * size, plane);
            }
          }
        });
  }

  /** The batch's statistics of channel {@code c}; moves the running ones. */
  private void measure(FloatBuffer[] in, int c, float[] plane, double count) {
    int size = plane.length;
    in[0].get(c * size, plane);
    double sum = 0;
    for (float v : plane) {
      sum += v;
    }
    float pivot = (float) (sum / size);
    int lanes = Math.min(size, LANES);
    float[] first = new float[lanes];
    float[] second = new float[lanes];
    for (int n = 0; n < in.length; n++) {
      if (n > 0) {
        in[n].get(c * size, plane);
      }
      for (int from = 0; from < size; from += lanes) {
        addMoments(plane, from, Math.min(lanes, size - from), pivot, first, second);
      }
    }
    double shiftedMean = sum(first) / count;
    double variance = Math.max(0, sum(second) / count - shiftedMean * shiftedMean);
    mean[c] = pivot + shiftedMean;
    inverseDeviation[c] = 1 / Math.sqrt(variance + EPSILON);
    moveRunning(c, mean[c], variance, count);
  }

  @Override
  void backward(INDArray z, INDArray a, INDArray da) {
    FloatBuffer[] in = Arrays4.images(z);
    FloatBuffer[] out = Arrays4.images(a);
    FloatBuffer[] dOut = Arrays4.images(da);
    int height = (int) z.size(2);
    int width = (int) z.size(3);
    int size = height * width;
    double count = (double) in.length * size;
    float[] scales = gamma.toFloatVector();
    float[] shifts = beta.toFloatVector();
    float[] dScales = new float[channels];
    float[] dShifts = new float[channels];
    Arrays4.each(
        channels,
        threads.getAsInt(),
        (lane, c) -> {
          if (pool) {
            backwardPooled(c, in, out, dOut, height, width, scales[c], dScales, dShifts);
            return;
          }
          float scale = (float) (scales[c] * inverseDeviation[c]);
          float shift = (float) (shifts[c] - mean[c] * scales[c] * inverseDeviation[c]);
          float[] x = new float[size];
          float[] d = new float[size];
          int lanes = Math.min(size, LANES);
          float[] sums = new float[lanes];
          float[] products = new float[lanes];
          float centre = (float) mean[c];
          for (int n = 0; n < in.length; n++) {
            in[n].get(c * size, x);
            dOut[n].get(c * size, d);
            for (int from = 0; from < size; from += lanes) {
              int length = Math.min(lanes, size - from);
              addGradients(x, d, from, length, scale, shift, centre, sums, products);
            }
          }
          double dShift = sum(sums);
          double dScale = sum(products) * inverseDeviation[c];
          dShifts[c] = (float) dShift;
          dScales[c] = (float) dScale;
          Affine dz = inputGradient(c, scale, dScale / count, dShift / count);
          for (int n = 0; n < in.length; n++) {
            in[n].get(c * size, x);
            dOut[n].get(c * size, d);
            inputGradient(x, d, scale, shift, dz);
            in[n].put(c * size, x);
          }
        });
    gammaGradient.assign(Nd4j.createFromArray(dScales));
    betaGradient.assign(Nd4j.createFromArray(dShifts));
  }

  private void backwardPooled(
      int c,
      FloatBuffer[] in,
      FloatBuffer[] out,
      FloatBuffer[] dOut,
      int height,
      int width,
      float gammaOfC,
      float[] dScales,
      float[] dShifts) {
    int size = height * width;
    int rows = height / 2;
    int columns = width / 2;
    int pooledSize = rows * columns;
    float[] x = new float[size];
    float[] a = new float[pooledSize];
    float[] d = new float[pooledSize];
    float[] sums = new float[pooledSize];
    float[] products = new float[pooledSize];
    float centre = (float) mean[c];
    int[] corner = {0, 1, width, width + 1};
    for (int n = 0; n < in.length; n++) {
      in[n].get(c * size, x);
      out[n].get(c * pooledSize, a);
      dOut[n].get(c * pooledSize, d);
      maskPositive(a, d);
      int at = (n * channels + c) * pooledSize;
      for (int i = 0, p = 0; i < rows; i++) {
        int base = 2 * i * width;
        for (int j = 0; j < columns; j++, p++, base += 2) {
          sums[p] += d[p];
          products[p] += d[p] * (x[base + corner[largest[at + p]]] - centre);
        }
      }
    }
    double dShift = sum(sums);
    double dScale = sum(products) * inverseDeviation[c];
    dShifts[c] = (float) dShift;
    dScales[c] = (float) dScale;
    double count = (double) in.length * size;
    float scale = (float) (gammaOfC * inverseDeviation[c]);
    Affine dz = inputGradient(c, scale, dScale / count, dShift / count);
    for (int n = 0; n < in.length; n++) {
      in[n].get(c * size, x);
      out[n].get(c * pooledSize, a);
      dOut[n].get(c * pooledSize, d);
      maskPositive(a, d);
      for (int i = 0; i < size; i++) {
        x[i] = x[i] * dz.ofInput() + dz.constant();
      }
      int at = (n * channels + c) * pooledSize;
      for (int i = 0, p = 0; i < rows; i++) {
        int base = 2 * i * width;
        for (int j = 0; j < columns; j++, p++, base += 2) {
          x[base + corner[largest[at + p]]] += dz.ofGradient() * d[p];
        }
      }
      in[n].put(c * size, x);
    }
  }

  @Override
  void infer(INDArray z, INDArray full, INDArray a) {
    FloatBuffer[] in = Arrays4.images(z);
    FloatBuffer[] map = full == null ? null : Arrays4.images(full);
    FloatBuffer[] out = a == null ? null : Arrays4.images(a);
    int height = (int) z.size(2);
    int width = (int) z.size(3);
    int size = height * width;
    int pooledSize = (height / 2) * (width / 2);
    float[] scales = gamma.toFloatVector();
    float[] shifts = beta.toFloatVector();
    for (int c = 0; c < channels; c++) {
      double factor = scales[c] / Math.sqrt(runningVariance[c] + EPSILON);
      scales[c] = (float) factor;
      shifts[c] = (float) (shifts[c] - runningMean[c] * factor);
    }
    float[] plane = new float[size];
    float[] pooled = new float[out == null ? 0 : pooledSize];
    for (int n = 0; n < in.length; n++) {
      for (int c = 0; c < channels; c++) {
        in[n].get(c * size, plane);
        affineRelu(plane, scales[c], shifts[c]);
        if (map != null) {
          map[n].put(c * size, plane);
        }
        if (out != null) {
          maxPool(plane, height, width, pooled, null, 0);
          out[n].put(c * pooledSize, pooled);
        }
      }
    }
  }

  /** dz = constant + ofInput·z + ofGradient·(masked da): the input's gradient of batch norm. */
  private record Affine(float constant, float ofInput, float ofGradient) {
    static Affine of(
        float scale, double mean, double inverseDeviation, double dScale, double dShift) {
      double ofInput = -scale * inverseDeviation * dScale;
      return new Affine((float) (-scale * dShift - ofInput * mean), (float) ofInput, scale);
    }
  }

  /** dz of channel {@code c}; constants do not pass gradients on, so that frozen it is scale·da. */
  private Affine inputGradient(int c, float scale, double dScale, double dShift) {
    return frozen
        ? new Affine(0, 0, scale)
        : Affine.of(scale, mean[c], inverseDeviation[c], dScale, dShift);
  }

  private static void addMoments(
      float[] x, int from, int length, float pivot, float[] first, float[] second) {
    for (int i = 0; i < length; i++) {
      float v = x[from + i] - pivot;
      first[i] += v;
      second[i] += v * v;
    }
  }

  private static void addGradients(
      float[] x,
      float[] d,
      int from,
      int length,
      float scale,
      float shift,
      float centre,
      float[] sums,
      float[] products) {
    for (int i = 0; i < length; i++) {
      float v = x[from + i];
      float g = d[from + i] * Math.min(1f, Math.max(0f, v * scale + shift) * HUGE);
      sums[i] += g;
      products[i] += g * (v - centre);
    }
  }

  private static void inputGradient(float[] x, float[] d, float scale, float shift, Affine dz) {
    float constant = dz.constant();
    float ofInput = dz.ofInput();
    float ofGradient = dz.ofGradient();
    for (int i = 0; i < x.length; i++) {
      float v = x[i];
      float g = d[i] * Math.min(1f, Math.max(0f, v * scale + shift) * HUGE);
      x[i] = ofGradient * g + (ofInput * v + constant);
    }
  }

  private static void affineRelu(float[] x, float scale, float shift) {
    for (int i = 0; i < x.length; i++) {
      x[i] = Math.max(0f, x[i] * scale + shift);
    }
  }

  /** d ← d where a is positive, else 0. */
  private static void maskPositive(float[] a, float[] d) {
    for (int i = 0; i < d.length; i++) {
      d[i] *= Math.min(1f, a[i] * HUGE);
    }
  }

  /** 2×2 maxima, and which of the four it was: the first in row-major order, as PyTorch's. */
  private static void maxPool(float[] x, int height, int width, float[] out, byte[] which, int at) {
    int rows = height / 2;
    int columns = width / 2;
    for (int i = 0, p = 0; i < rows; i++) {
      int base = 2 * i * width;
      for (int j = 0; j < columns; j++, p++, base += 2) {
        float a = x[base];
        float b = x[base + 1];
        float c = x[base + width];
        float d = x[base + width + 1];
        float top = Math.max(a, b);
        float bottom = Math.max(c, d);
        if (which != null) {
          int ofTop = b > a ? 1 : 0;
          int ofBottom = d > c ? 3 : 2;
          which[at + p] = (byte) (bottom > top ? ofBottom : ofTop);
        }
        out[p] = Math.max(top, bottom);
      }
    }
  }

  private static double sum(float[] x) {
    double sum = 0;
    for (float v : x) {
      sum += v;
    }
    return sum;
  }

  @Override
  public String toString() {
    return "HostBatchNormRelu" + Arrays.asList(channels, pool);
  }
}
