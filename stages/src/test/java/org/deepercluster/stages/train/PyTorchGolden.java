package org.deepercluster.stages.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import org.deepercluster.stages.model.Tensor;

/** What {@code trainer_golden.py} and {@code transfer.py} have in common. */
public final class PyTorchGolden {
  private PyTorchGolden() {}

  /** The scripts' formula: uniform in [-1, 1). */
  public static float[] formula(long position, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      long z = (i + 1 + position * 1_000_003) * 0x9E3779B97F4A7C15L;
      z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      z = z ^ (z >>> 31);
      values[i] = (float) (z >>> 40) / (1 << 23) - 1;
    }
    return values;
  }

  /**
   * A tensor's values before training.
   *
   * @param golden its {@code position}, {@code offset} and {@code scale}
   * @param like a tensor of its shape
   */
  public static Tensor start(JsonNode golden, Tensor like) {
    float[] values = formula(golden.get("position").intValue(), like.data().length);
    for (int i = 0; i < values.length; i++) {
      values[i] = golden.get("offset").floatValue() + golden.get("scale").floatValue() * values[i];
    }
    return new Tensor(like.shape(), values);
  }

  /**
   * Compares a trained tensor with PyTorch's; float32 may drift by 1e-3 of the tensor's change.
   *
   * @param golden norm of its {@code change}, and every {@code stride}-th of its {@code values}
   */
  public static void assertTrained(JsonNode golden, String name, float[] before, float[] after) {
    double change = golden.get("change").doubleValue();
    double tolerance = 1e-3 * change + 1e-6;
    double squares = 0;
    for (int i = 0; i < before.length; i++) {
      squares += ((double) after[i] - before[i]) * ((double) after[i] - before[i]);
    }
    assertThat(Math.sqrt(squares)).as("change of %s", name).isCloseTo(change, within(tolerance));
    int stride = golden.get("stride").intValue();
    JsonNode values = golden.get("values");
    for (int i = 0; i < values.size(); i++) {
      assertThat((double) after[i * stride])
          .as("%s[%d]", name, i * stride)
          .isCloseTo(values.get(i).doubleValue(), within(tolerance));
    }
  }
}
